"""portconformd as its first user meets it: what it says when it cannot start, and what `reload` has left when it returns."""
import json
import os
import signal
import subprocess

from harness import BUILD, COMMAND, Case, main, run

DAEMON = BUILD / "portconformd"


class Start(Case):
    def assert_refused(self, arguments, status, *words):
        result = run(DAEMON, *arguments)
        self.assertEqual((result.status, result.out), (status, ""), result)
        for word in words:
            self.assertEqual(result.err.count(word), 1, result)

    def test_wrong_words_are_told_with_the_way_on(self):
        self.assert_refused(["--frobnicate"], 64, 'unknown option "--frobnicate"', "--help")
        self.assert_refused(["--stat", "x", "extra"], 64, '"extra" is no option', "--help")
        self.assert_refused(["-C"], 64, "--config needs an argument: PATH", "--help")

    def test_a_site_that_is_not_there(self):
        self.assert_refused(["-C", self.folder / "nowhere"], 78, "nowhere: cannot be read: No such file or directory")


class Running(Case):
    """A daemon on loopback, with SNMP as the class says."""
    agentx = "none"

    def setUp(self):
        super().setUp()
        self.loopback("tcp 9")
        self.socket = self.folder / "control"
        command = [DAEMON, "-C", self.folder, "--agentx", self.agentx, "--state", "none", "--control", self.socket]
        environment = dict(os.environ, LC_ALL="C.UTF-8")
        self.daemon = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                       env=environment)
        self.addCleanup(self.end)
        for line in self.daemon.stderr:  # "looks at" is said when the control socket answers
            if "looks at lab" in line:
                return
        self.fail(f"it ended with {self.daemon.wait()}")

    def status(self, *words):
        self.assert_run(run(COMMAND, "status", "--control", self.socket), 0, *words)

    def end(self):
        self.daemon.send_signal(signal.SIGTERM)
        self.daemon.stderr.read()
        self.assertEqual(self.daemon.wait(), 0)
        self.daemon.stderr.close()


class WithoutMaster(Running):
    agentx = "unix:/nonexistent/master"

    def test_says_where_no_master_answers_and_what_to_do(self):
        line = next((line for line in self.daemon.stderr if "SNMP" in line), "")
        self.assertIn("no master agent answers at unix:/nonexistent/master: is snmpd running", line)
        self.assertIn("--agentx none does without", line)
        self.status("snmp       unix:/nonexistent/master  ")


class Reload(Running):
    def config(self):
        result = run(COMMAND, "status", "--control", self.socket, "--format", "json")
        self.assertEqual(result.status, 0, result)
        return json.loads(result.out)["config"]

    def test_a_site_without_vantages_is_seen_from_this_machine(self):
        self.status("lab, seen from this machine (no vantage is named)\n")

    def test_status_right_after_a_reload_knows_of_it(self):
        for generation in range(2, 5):
            self.assert_run(run(COMMAND, "reload", "--control", self.socket), 0, "in force")
            self.assertEqual(self.config()["generation"], generation)
        self.site('site: { name = "lab" \n')
        result = run(COMMAND, "reload", "--control", self.socket)
        self.assertEqual((result.status, result.out), (1, ""), result)
        self.assertIn("site.conf:1:7: this '{' is never closed\nthe new configuration is rejected", result.err)
        config = self.config()
        self.assertTrue(config["rejected"] and config["error"], config)
        self.assertEqual(config["generation"], 4)
        self.site()
        self.assert_run(run(COMMAND, "reload", "--control", self.socket), 0, "in force")
        self.assertEqual((self.config()["rejected"], self.config()["generation"]), (False, 5))

    def test_a_broken_certificate_is_a_mistake_of_the_configuration(self):
        """Told with its file and its reason by lint, at a reload, which it refuses, and at a start."""
        pem = self.folder / "siem-ca.pem"
        pem.write_text("-----BEGIN CERTIFICATE-----\nMIIBbroken\n-----END CERTIFICATE-----\n")
        self.site('site: {\n name = "lab"; syslog = ( { name = "siem"; target = "tls:127.0.0.1:6514"; tls = { ca = "'
                  f'{pem}"; }}; }} );\n}};\n')
        words = ("site.conf:2:", "the syslog target 'siem' cannot be used:", f"{pem}: no certificates to trust")
        linted = run(COMMAND, "lint", "-C", self.folder)
        reloaded = run(COMMAND, "reload", "--control", self.socket)
        started = run(DAEMON, "-C", self.folder, "--agentx", "none", "--state", "none", "--control", "none")
        self.assertEqual((linted.status, reloaded.status, started.status), (1, 1, 78), (linted, reloaded, started))
        for word in words:
            for said in (linted.out, reloaded.err, started.err):
                self.assertIn(word, said)
        self.assertEqual((self.config()["rejected"], self.config()["generation"]), (True, 1))


if __name__ == "__main__":
    main()
