"""What `cmake --install` brings: every file that the manuals speak of."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else None
SOURCE = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = "share/doc/portconform"


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.prefix = pathlib.Path(tempfile.mkdtemp(prefix="pc-install-"))
        subprocess.run(["cmake", "--install", BUILD, "--prefix", cls.prefix], check=True, stdout=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.prefix)

    def assert_copied(self, source, target):
        """Each file below the folder of the source tree, with the same content."""
        files = [path for path in (SOURCE / source).rglob("*") if path.is_file()]
        self.assertTrue(files, source)
        for path in files:
            copy = self.prefix / target / path.relative_to(SOURCE / source)
            self.assertTrue(copy.is_file(), copy)
            self.assertEqual(copy.read_bytes(), path.read_bytes())

    def test_programs_run(self):
        for program in ("bin/portconform", "sbin/portconformd", "lib/nagios/plugins/check_portconform"):
            run = subprocess.run([self.prefix / program, "--version"], capture_output=True, text=True)
            self.assertIn("portconform", run.stdout, program)

    def test_guides_and_mib(self):
        self.assert_copied("conf/guides", "share/portconform/guides")
        self.assert_copied("mibs", "share/snmp/mibs")

    def test_files_to_copy_and_adapt(self):
        for name in ("examples", "systemd", "snmpd", "rsyslog", "nagios", "icinga2"):
            self.assert_copied(f"conf/{name}", f"{DOCUMENTS}/{name}")

    def test_schema_and_words_about_it(self):
        for name in ("check.schema.json", "README.md", "LICENSE"):
            self.assertTrue((self.prefix / DOCUMENTS / name).is_file(), name)


if __name__ == "__main__":
    unittest.main()
