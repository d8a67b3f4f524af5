"""Listener evidence of this machine and of recordings, through the programs."""
import os

from harness import COMMAND, PLUGIN, Case, main, run

SEEN = 'listeners = "auto";'


class Kernel(Case):
    def test_listener_and_probe_agree(self):
        port = self.listener()
        self.loopback(f"tcp {port}", more=SEEN)
        result = run(COMMAND, "check", "-C", self.folder, "--format", "tsv")
        self.assert_run(result, 0, f"127.0.0.1:{port}", "conforming")

    def test_nobody_listens(self):
        self.loopback(f"tcp {self.free_port()}", more=SEEN)
        self.assert_plugin(self.check(), "CRITICAL", "1 missing of 1")

    def test_port_for_the_host_alone_on_every_address_is_exposed(self):
        port = self.listener(address="0.0.0.0")
        self.loopback(f'{{ ports = "tcp {port}"; scope = "host"; }}', more=SEEN)
        self.assert_plugin(self.check(), "CRITICAL", "1 exposed")

    def test_port_for_the_host_alone_on_loopback_conforms(self):
        port = self.listener()
        self.loopback(f'{{ ports = "tcp {port}"; scope = "host"; }}', more=SEEN)
        self.assert_plugin(self.check(), "OK")

    def test_full_accept_queue_is_saturated(self):
        port = self.stalled()
        self.loopback(f"tcp {port}", more=SEEN)
        self.assert_plugin(self.check("-t", "20"), "CRITICAL", "1 saturated")

    def test_listener_on_another_address(self):
        port = self.listener(address="127.0.0.2")
        self.loopback(f"tcp {port}", more=SEEN)
        self.assert_plugin(self.check(), "CRITICAL", "1 misbound")

    def test_without_probes_the_listener_alone_is_unproven(self):
        port = self.listener()
        self.loopback(f"tcp {port}", more=SEEN)
        result = self.check("--no-probes")
        self.assertEqual(result.perfdata["unproven"][0], "1")
        self.loopback(f"tcp {self.free_port()}", more=SEEN)
        self.assert_plugin(self.check("--no-probes"), "CRITICAL", "1 missing")

    def test_owner_of_our_own_program_is_named(self):
        port = self.listener()
        self.loopback(f"tcp {port}", more=SEEN)
        result = run(COMMAND, "check", "-C", self.folder, "--format", "tsv")
        self.assertIn("python3", result.out)
        self.loopback(f'{{ ports = "tcp {port}"; owner = ["exe:no-such-program"]; }}', more=SEEN)
        self.assert_plugin(self.check(), "CRITICAL", "1 impostor")


class Recorded(Case):
    def recording(self, *lines):
        (self.folder / "listeners.txt").write_text("".join(f"{line}\n" for line in lines))

    def test_exclusive_host_with_forty_listeners(self):
        first = self.listener()
        self.recording(f"tcp 127.0.0.1:{first}", *(f"tcp 0.0.0.0:{2000 + i} exe=/opt/odd{i}" for i in range(40)))
        self.loopback(f"tcp {first}", more='listeners = "file"; file = "listeners.txt";\n'
                                           "  exclusive = true;")
        result = self.check("-v")
        self.assert_plugin(result, "WARNING", "40 unexpected", "tcp/2039 unexpected")
        self.assertEqual(result.perfdata["unexpected"][0], "40")
        self.assertEqual(result.perfdata["nonconforming"][0], "40")
        self.assert_plugin(self.check("-w", "40", "-c", "40"), "OK")
        self.assert_plugin(self.check("-c", "39"), "CRITICAL")
        self.assertEqual(self.check().out.count("\n"), 1)

    def test_unreadable_recording_is_our_own_trouble(self):
        self.loopback(f"tcp {self.listener()}", more='listeners = "file"; file = "absent.txt";')
        self.assert_plugin(self.check(), "UNKNOWN")


class Privilege(Case):
    def test_unprivileged_user_gets_the_same_verdicts(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        port = self.listener()
        self.loopback(f"tcp {port}", f"tcp {self.free_port()}", more=SEEN)
        plugin = self.open_to_others(PLUGIN)
        result = run(plugin, "-C", self.folder, user=65534, group=65534, extra_groups=[])
        self.assert_plugin(result, "CRITICAL", "1 missing of 2")
        self.assertEqual(result.perfdata["conforming"][0], "1")


if __name__ == "__main__":
    main()
