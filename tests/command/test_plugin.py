"""check_portconform as a monitoring core sees it: exit status, first line, perfdata, streams."""
import locale
import os
import resource
import shutil
import socket
import ssl
import subprocess
import threading

from harness import BUILD, COMMAND, LABELS, PLUGIN, Case, installed, main, run


class Arguments(Case):
    def test_version_and_help_are_unknown_by_the_guidelines(self):
        for option in ("-V", "--version"):
            result = run(PLUGIN, option)
            self.assert_run(result, 3)
            self.assertRegex(result.out, r"^check_portconform \d+\.\d+\.\d+\n$")
        for option in ("-h", "--help"):
            result = run(PLUGIN, option)
            self.assert_run(result, 3, "Usage: check_portconform")
            lines = result.out.splitlines()
            self.assertLessEqual(len(lines), 23)
            self.assertLessEqual(max(map(len, lines)), 80)
            self.assertEqual(result.err, "")

    def test_bad_arguments_are_one_line_on_stdout(self):
        for arguments, words in (
            (["--hosst", "x"], 'unknown option "--hosst"'),
            (["-H"], "needs an argument"),
            (["-w", "abc"], "is not a range"),
            (["-t", "0"], "1 to 3600"),
            (["-t", "5:bad"], 'unknown state "bad"'),
            (["--verdict", "mising"], 'did you mean "missing"?'),
            (["mgr01"], "stands alone"),
            (["-H", "a|b"], "has no host"),
        ):
            with self.subTest(arguments=arguments):
                self.loopback("tcp 1")
                result = self.check(*arguments)
                self.assert_plugin(result, "UNKNOWN", words)
                self.assertEqual(result.out.count("\n"), 1)

    def test_site_that_is_not_there(self):
        result = run(PLUGIN, "-C", self.folder / "nowhere")
        self.assert_plugin(result, "UNKNOWN", "nowhere", "No such file")

    def test_unknown_host_names_the_nearest(self):
        self.loopback("tcp 1", name="mgr01")
        result = self.check("-H", "mgr02")
        self.assert_plugin(result, "UNKNOWN", 'no host "mgr02"')

    def test_unknown_guide_and_component_in_a_filter_are_not_ok(self):
        self.loopback(f"tcp {self.listener()}")
        self.assert_plugin(self.check("--guide", "jp1-itdn"), "UNKNOWN", "unknown guide")
        self.assert_plugin(self.check("--component", "manager"), "UNKNOWN", "unknown component")
        self.assert_plugin(self.check("--rule", "site/tcp-1"), "UNKNOWN")

    def test_options_of_an_ini_file(self):
        self.loopback(f"tcp {self.listener()}")
        ini = self.folder / "plugins.ini"
        ini.write_text(f"[check_portconform]\nconfig = {self.folder}\n")
        result = run(PLUGIN, f"--extra-opts=@{ini}")
        self.assert_plugin(result, "OK")
        self.assert_plugin(run(PLUGIN, "--extra-opts=@/dev/zero"), "UNKNOWN", "/dev/zero: not a regular file")
        result = run(PLUGIN, "--extra-opts", environment={"MP_CONFIG_FILE": str(ini)})
        self.assert_plugin(result, "OK")
        result = run(PLUGIN, "--extra-opts", environment={"NAGIOS_CONFIG_PATH": f"/nonexistent:{self.folder}"})
        self.assert_plugin(result, "OK")


class Verdicts(Case):
    def test_all_conforming(self):
        self.loopback(f"tcp {self.listener()}", f"tcp {self.listener()}")
        result = self.check("-H", "lo01")
        self.assert_plugin(result, "OK")
        self.assertEqual(list(result.perfdata), LABELS)
        self.assertEqual(result.perfdata["conforming"][0], "2")
        self.assertEqual(result.perfdata["nonconforming"], ["0", "", "", "0"])

    def test_refused_port_is_critical_and_named_at_v(self):
        port = self.free_port()
        self.loopback(f"tcp {port}", f"tcp {self.listener()}")
        result = self.check("-v")
        self.assert_plugin(result, "CRITICAL", "1 closed of 2", f"tcp/{port}")
        self.assertEqual(result.perfdata["nonconforming"][0], "1")

    def test_host_by_alias_and_by_address(self):
        self.loopback(f"tcp {self.listener()}", more='listeners = "none"; alias = ["loop"];')
        for name in ("lo01", "loop", "127.0.0.1"):
            self.assert_plugin(self.check("-H", name), "OK")

    def test_thresholds_count_findings(self):
        self.loopback(f"tcp {self.free_port()}", f"tcp {self.free_port()}")
        for arguments, state in (
            (["-w", "2", "-c", "2"], "OK"),
            (["-w", "1", "-c", "2"], "WARNING"),
            (["-w", "0", "-c", "1"], "CRITICAL"),
            (["-c", "@2:2"], "CRITICAL"),
            (["-c", "3:"], "CRITICAL"),
            (["-w", "~:2"], "OK"),
        ):
            with self.subTest(arguments=arguments):
                self.assert_plugin(self.check(*arguments), state)
        result = self.check("-w", "1", "-c", "5")
        self.assertEqual(result.perfdata["nonconforming"], ["2", "1", "5", "0"])

    def test_filters_choose_what_counts(self):
        self.loopback(f"tcp {self.free_port()}", f"tcp {self.listener()}")
        self.assert_plugin(self.check("--verdict", "filtered,missing"), "OK")
        self.assert_plugin(self.check("--verdict", "closed"), "CRITICAL")
        self.assert_plugin(self.check("--class", "security"), "OK")

    def test_nothing_expected_is_not_ok(self):
        self.host("lo01", 'addresses = ["127.0.0.1"];')
        self.assert_plugin(self.check("-H", "lo01"), "UNKNOWN", "nothing is expected")

    def test_nothing_looked_at_is_not_ok(self):
        for more in ('listeners = "none";', 'listeners = "none"; probe = "none";'):
            self.loopback(f"tcp {self.listener()}", more=more)
            self.assert_plugin(self.check("--no-probes"), "UNKNOWN", "nothing that is expected can be seen")
        self.assert_plugin(self.check(), "UNKNOWN", "nothing that is expected can be seen")

    def test_host_without_an_address_for_the_rule_is_told_as_such(self):
        """It is not "nothing was looked at", though nothing was."""
        self.host("lo01", 'addresses = ( { ip = "127.0.0.1"; segment = "server"; } ); listeners = "none"; '
                          'expect = ( { ports = "tcp 1"; segment = "client"; } );')
        self.assert_plugin(self.check("-v"), "UNKNOWN", "1 not judged of 1", "has no address")

    def test_folder_of_guides_that_cannot_be_read_is_not_passed_over(self):
        """Another guide of the same name further down the search path must not take its place unnoticed."""
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        plugin = self.open_to_others(PLUGIN)
        guides = self.folder / "guides"
        guides.mkdir(mode=0o700)
        (guides / "jp1-itdm.conf").write_text('guide: { id = "jp1-itdm"; title = "own"; };\n')
        self.site('site: { name = "lab"; guides = ["jp1-itdm"]; };\n')
        self.loopback(f"tcp {self.listener()}")
        result = run(plugin, "-C", self.folder, user=65534, group=65534, extra_groups=[])
        self.assert_plugin(result, "UNKNOWN", "jp1-itdm", "Permission denied")

    def test_empty_recording_is_our_own_trouble(self):
        (self.folder / "lo01.listeners").write_text("")
        self.loopback(f"tcp {self.listener()}", more='listeners = "file"; file = "lo01.listeners";')
        result = self.check("-v")
        self.assert_plugin(result, "UNKNOWN", "the recording is empty")

    def test_namespace_that_vanished_is_told_with_its_cause(self):
        self.loopback(f"tcp {self.listener()}", more='listeners = "kernel"; netns = "/run/netns/portconform-nowhere";')
        result = self.check("-v")
        self.assert_plugin(result, "UNKNOWN", "/run/netns/portconform-nowhere", "No such file")

    def test_configuration_error_is_placed_on_the_first_line(self):
        self.host("lo01", 'addresses = ["127.0.0.1"];\n  exclusiv = true;\n  expect = ( { ports = "tcp 70000"; } );')
        result = self.check()
        self.assert_plugin(result, "UNKNOWN", "lo01.conf:4:", "did you mean", "(and 1 more)")
        self.assertEqual(result.out.count("\n"), 1)
        result = self.check("-v")
        self.assert_plugin(result, "UNKNOWN", "lo01.conf:5:")
        self.assertGreaterEqual(result.out.count("\n"), 3)

    def test_udp_of_both_kinds(self):
        bound = self.listener(kind=socket.SOCK_DGRAM)
        shut = self.free_port(kind=socket.SOCK_DGRAM)
        self.loopback(f"udp {bound}")
        result = self.check()
        self.assert_plugin(result, "OK", "1 unproven")
        self.loopback(f"udp {shut}")
        self.assert_plugin(self.check(), "CRITICAL", "1 closed")

    def test_separator_and_control_characters_of_data_do_not_get_through(self):
        port = self.free_port()
        entry = f'{{ ports = "tcp {port}"; ref = "odd"; about = "a | b; \\x1b[31m"; }}'
        self.loopback(entry)
        for verbose in ("-v", "-vv", "-vvv"):
            result = self.check(verbose)
            self.assertNotIn("\x1b", result.out)
            for line in result.out.split("\n")[1:]:
                self.assertNotIn("|", line, result)


class Limits(Case):
    def test_few_descriptors_slow_down_and_never_blame_the_target(self):
        ports = [self.listener() for _ in range(40)]
        self.loopback(*(f"tcp {port}" for port in ports))
        few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
        result = self.check(preexec_fn=few)
        self.assertIn(result.status, (0, 3), result)
        self.assertEqual(result.perfdata["nonconforming"][0], "0")

    def test_many_flows_of_one_host(self):
        low = 20000
        ranges = [f'{{ ports = "tcp {low + 64 * i}..{low + 64 * i + 63}"; }}' for i in range(30)]
        self.loopback(*ranges)
        result = self.check()
        self.assert_plugin(result, "CRITICAL", "30 closed of 30")
        self.assertLess(result.seconds, 10)


class Deadline(Case):
    """Probes wait for their answers side by side, so that silence alone holds nobody up. A pace that the deadline leaves no
    time for does."""

    def slowly(self, per_second):
        self.site(f'site: {{ name = "lab"; probe = {{ per_target_per_second = {per_second}; }}; }};\n')

    def test_silence_side_by_side_costs_one_time_out(self):
        ports = self.stalled_ports(100)
        self.loopback(*(f"tcp {port}" for port in ports))
        result = self.check("-t", "20")
        self.assert_plugin(result, "CRITICAL", "100 filtered")
        self.assertNotIn("not evaluated", result.out)

    def test_tarpit_is_cut_and_told_in_time(self):
        self.slowly(10)
        ports = self.stalled_ports(100)
        self.loopback(*(f"tcp {port}" for port in ports))
        result = self.check("-t", "1")
        self.assert_plugin(result, "UNKNOWN", "stopped after 1 s", "not evaluated")
        self.assertLess(result.seconds, 5)  # starting and ending, on a busy machine; a core waits for ten seconds

    def test_state_of_the_deadline_can_be_chosen(self):
        self.slowly(10)
        ports = self.stalled_ports(100)
        self.loopback(*(f"tcp {port}" for port in ports))
        for state in ("critical", "warning"):
            result = self.check("-t", f"1:{state}")
            self.assert_plugin(result, state.upper())

    def test_what_stands_behind_a_row_of_silent_ports_is_told(self):
        self.slowly(40)  # time for every port once, not for a second look at each silent one
        ports = self.stalled_ports(60)
        closed = self.free_port()
        self.loopback(*(f"tcp {port}" for port in ports), f"tcp {self.listener()}", f"tcp {closed}")
        result = self.check("-t", "3", "-v")
        self.assert_plugin(result, "CRITICAL", "1 closed", "stopped after 3 s", "not evaluated", f"tcp/{closed} closed")
        self.assertEqual(result.perfdata["conforming"][0], "1")

    def test_silent_ports_are_decided_before_the_deadline(self):
        self.loopback(f"tcp {self.stalled()}")
        result = self.check("-t", "8")  # two thirds of it are planned: a busy machine may lose the rest
        self.assertNotIn("not evaluated", result.out)


class Streams(Case):
    def setUp(self):
        super().setUp()
        self.loopback(f"tcp {self.listener()}")

    def test_closed_stdout_is_unknown(self):
        for program, words in ((PLUGIN, ""), (COMMAND, "check")):
            result = subprocess.run(["sh", "-c", f'"{program}" {words} -C "$1" >&-', "sh", str(self.folder)], timeout=30)
            self.assertEqual(result.returncode, 3)

    def test_closed_stdin_and_stderr_change_nothing(self):
        result = subprocess.run(["sh", "-c", f'"{PLUGIN}" -C "$1" <&- 2>&-', "sh", str(self.folder)], timeout=30,
                                stdout=subprocess.PIPE, text=True)
        self.assertEqual(result.returncode, 0)
        self.assertTrue(result.stdout.startswith("PORTCONFORM OK"))

    def test_full_device_is_unknown(self):
        with open("/dev/full", "w") as full:
            result = self.check(stdout=full)
        self.assertEqual(result.status, 3)
        self.assertIn("cannot write: No space left", result.err)

    def test_reader_that_is_gone_is_unknown(self):
        reading, writing = os.pipe()
        os.close(reading)
        result = self.check(stdout=writing)
        os.close(writing)
        self.assertEqual(result.status, 3)

    def test_locale_does_not_reach_numbers(self):
        try:
            locale.setlocale(locale.LC_ALL, "de_DE.UTF-8")
        except locale.Error:
            self.skipTest("there is no locale de_DE.UTF-8, nor what it is made of (package locales)")
        self.addCleanup(locale.setlocale, locale.LC_ALL, "C")
        self.assertEqual(locale.localeconv()["decimal_point"], ",")
        for program, words in ((PLUGIN, []), (COMMAND, ["check", "--format", "plugin"])):
            result = run(program, *words, "-C", self.folder, environment={"LC_ALL": "de_DE.UTF-8"})
            self.assert_plugin(result, "OK")
            self.assertRegex(result.perfdata["time"][0], r"^\d+\.\d+s$")


class HandingOver(Case):
    def test_name_is_resolved_by_the_command_line(self):
        self.host("lo01", f'addresses = ["localhost"]; expect = ( {{ ports = "tcp {self.listener()}"; '
                          'family = "ipv4"; } ); listeners = "none";')
        self.assert_plugin(self.check(), "OK")

    def test_real_tls_is_proven_and_plain_text_is_an_impostor(self):
        if not shutil.which("openssl"):
            self.skipTest("openssl is not installed")
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=lo01",
                        "-keyout", key, "-out", certificate], check=True, capture_output=True)
        port = self.serve_tls(certificate, key)
        self.loopback(f'{{ ports = "tcp {port}"; service = "https"; }}')
        self.assert_plugin(self.check(), "OK", "1 conforming")
        self.assert_run(run(COMMAND, "explain", "-C", self.folder, "lo01", port), 0, "TLS 1.3", "CN=lo01")
        plain = self.serve_plain()
        self.loopback(f'{{ ports = "tcp {plain}"; service = "https"; }}')
        self.assert_plugin(self.check("-v"), "CRITICAL", "1 impostor")

    def serve(self, answer):
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)

        def accept_all():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                try:
                    with connection:
                        answer(connection)
                except OSError:
                    pass  # the prober hangs up as it likes

        threading.Thread(target=accept_all, daemon=True).start()
        return listening.getsockname()[1]

    def serve_tls(self, certificate, key):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)

        def answer(connection):
            connection.settimeout(5)
            with context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(1)

        return self.serve(answer)

    def serve_plain(self):
        def answer(connection):
            connection.settimeout(5)
            connection.sendall(b"220 lo01 ESMTP | \x1b[31m\r\n")
            connection.recv(4096)

        return self.serve(answer)

    def test_form_that_the_plugin_lacks(self):
        self.loopback(f"tcp {self.listener()}")
        result = self.check("--format", "json")
        self.assert_run(result, 0, '"severity"')
        result = self.check("--format", "xml")
        self.assert_plugin(result, "UNKNOWN", 'unknown form "xml"')

    def test_arguments_survive(self):
        self.host("lo01", f'addresses = ["localhost"]; expect = ( {{ ports = "tcp {self.free_port()}"; '
                          'family = "ipv4"; } ); listeners = "none";')
        self.assert_plugin(self.check("-w", "1", "-c", "1"), "OK")

    def test_missing_command_line_is_told(self):
        alone = self.folder / "bin" / "check_portconform"
        alone.parent.mkdir()
        shutil.copy(PLUGIN, alone)
        if os.path.exists(installed(BUILD, "bin", "portconform")):
            self.skipTest(f"{installed(BUILD, 'bin', 'portconform')} would be found")
        self.host("lo01", 'addresses = ["localhost"]; expect = ( { ports = "tcp 1"; } );')
        result = run(alone, "-C", self.folder, environment={"PATH": str(BUILD)})  # never by PATH
        self.assert_plugin(result, "UNKNOWN", "uses DNS names", "cannot be run: No such file")


class Installed(Case):
    def test_prefix_that_is_chosen_when_installing(self):
        """cmake --install --prefix and moved folders: the plugin finds the command line from where it is itself."""
        prefix = self.folder / "prefix"
        done = subprocess.run(["cmake", "--install", str(BUILD), "--prefix", str(prefix)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        plugin = next(prefix.rglob("check_portconform"))
        link = self.folder / "link"
        link.symlink_to(plugin)
        self.host("lo01", f'addresses = ["localhost"]; expect = ( {{ ports = "tcp {self.listener()}"; '
                          'family = "ipv4"; } ); listeners = "none";')
        for program in (plugin, link):
            self.assert_plugin(run(program, "-C", self.folder), "OK")


class Thin(Case):
    def test_needs_libconfig_and_libmnl_alone(self):
        if not shutil.which("readelf"):
            self.skipTest("readelf is not installed (package binutils)")
        listing = subprocess.run(["readelf", "-d", str(PLUGIN)], capture_output=True, text=True, check=True).stdout
        needed = [line.split("[")[1].split("]")[0] for line in listing.splitlines() if "(NEEDED)" in line]
        known = ("libc.so", "libconfig.so", "libmnl.so", "ld-linux", "libasan.so", "libubsan.so", "libm.so",
                 "libgcc_s.so", "libpthread.so", "libdl.so", "librt.so", "libresolv.so")
        sanitized = any("san.so" in name for name in needed) or b"__asan_init" in PLUGIN.read_bytes()
        if not sanitized:
            known = known[:4]
        self.assertTrue(needed or "no dynamic section" in listing)
        self.assertEqual([name for name in needed if not name.startswith(known)], [])


if __name__ == "__main__":
    main()
