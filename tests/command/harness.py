"""What the black-box tests of the programs share: sites in a temporary folder, listeners on loopback, and runs.

Everything happens on loopback addresses, on ports that the kernel chose free. A test file is run by ctest with the
folder of the built programs as its first argument.
"""
import os
import pathlib
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from needs import installed  # noqa: E402

__all__ = ["BUILD", "COMMAND", "LABELS", "PLUGIN", "SOURCE", "Case", "Run", "installed", "main", "run"]

BUILD = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else pathlib.Path.cwd()
SOURCE = pathlib.Path(__file__).resolve().parents[2]
PLUGIN = BUILD / "check_portconform"
COMMAND = BUILD / "portconform"

LABELS = ["conforming", "nonconforming", "unproven", "unseen", "unknown", "unexpected", "waived", "time"]


class Run:
    def __init__(self, result, seconds):
        self.status, self.out, self.err, self.seconds = result.returncode, result.stdout, result.stderr, seconds

    @property
    def first(self):
        return self.out.split("\n", 1)[0]

    @property
    def perfdata(self):
        words = self.first.split(" | ", 1)[1].split()
        return {word.split("=")[0]: word.split("=")[1].split(";") for word in words}

    def __repr__(self):
        return f"exit {self.status} after {self.seconds:.2f} s\nstdout: {self.out}\nstderr: {self.err}"


def run(program, *arguments, environment=None, timeout=60, **streams):
    """Runs it; `environment` adds to a plain one."""
    plain = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LOCPATH"):
        if name in os.environ:
            plain[name] = os.environ[name]
    streams.setdefault("stdout", subprocess.PIPE)
    streams.setdefault("stderr", subprocess.PIPE)
    began = time.monotonic()
    result = subprocess.run([str(program), *map(str, arguments)], text=True, timeout=timeout, stdin=subprocess.DEVNULL,
                            env=plain | (environment or {}), **streams)
    return Run(result, time.monotonic() - began)


class Case(unittest.TestCase):
    """A test with a folder for a site and sockets that are closed behind it."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="portconform-command-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        (self.folder / "hosts.d").mkdir()
        self.site()

    def site(self, body='site: { name = "lab"; };\n'):
        (self.folder / "site.conf").write_text(body)

    def host(self, name, body):
        (self.folder / "hosts.d" / f"{name}.conf").write_text(f'host: {{\n  name = "{name}";\n  {body}\n}};\n')

    def loopback(self, *expectations, name="lo01", more=""):
        """A host at 127.0.0.1 whose listeners nobody looks at, unless `more` says so."""
        entries = ", ".join(entry if entry.startswith("{") else f'{{ ports = "{entry}"; }}' for entry in expectations)
        more = more or 'listeners = "none";'
        self.host(name, f'addresses = ["127.0.0.1"];\n  expect = ( {entries} );\n  {more}')

    def listener(self, address="127.0.0.1", backlog=16, kind=socket.SOCK_STREAM):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listening = socket.socket(family, kind)
        self.addCleanup(listening.close)
        if kind == socket.SOCK_STREAM:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, 0))
        if kind == socket.SOCK_STREAM:
            listening.listen(backlog)
        return listening.getsockname()[1]

    def free_port(self, kind=socket.SOCK_STREAM):
        """A port on which nobody listens now; bound and given back, so that it is not handed out at once again."""
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def need_descriptors(self, count):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < count:
            self.skipTest(f"{count} open files are needed, and the hard limit (ulimit -Hn) is {hard}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))

    def stalled_ports(self, count):
        self.need_descriptors(5 * count + 100)
        return [self.stalled() for _ in range(count)]

    def stalled(self):
        """A port whose program never accepts and whose queue is full: further SYNs get no answer at all."""
        port = self.listener(backlog=0)
        for _ in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
            self.addCleanup(waiting.close)
        return port

    def open_to_others(self, program):
        """Opens the site's folder to other users, with a copy of the program: the build tree may be closed to them."""
        self.folder.chmod(0o755)
        return shutil.copy2(program, self.folder / program.name)

    def check(self, *arguments, **options):
        return run(PLUGIN, "-C", self.folder, *arguments, **options)

    def assert_run(self, result, status, *words):
        self.assertEqual(result.status, status, result)
        for word in words:
            self.assertIn(word, result.out, result)

    def assert_plugin(self, result, state, *words):
        """The plugin contract: one first line with the state, nothing on stderr, no stray separator."""
        status = {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}[state]
        self.assert_run(result, status, *words)
        self.assertTrue(result.first.startswith(f"PORTCONFORM {state} - "), result)
        self.assertEqual(result.err, "", result)
        self.assertLessEqual(result.first.count("|"), 1, result)
        for line in result.out.split("\n")[1:]:
            self.assertNotIn("|", line, result)


def main():
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]], verbosity=2)
