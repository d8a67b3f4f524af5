"""portconform: its commands, their forms, and how they fail."""
import json
import os
import pty
import subprocess

from harness import BUILD, COMMAND, SOURCE, Case, installed, main, run

RULES = "guide ref component peers transport ports presence scope direction when service printed".split()
EXPECT = "host transport ports presence scope peers guide ref severity".split()
GUIDES = SOURCE / "conf" / "guides"
JP1 = SOURCE / "conf" / "examples" / "jp1-multi"


def rows(result):
    return [line.split("\t") for line in result.out.splitlines()]


class Program(Case):
    def test_help_and_version_are_ok(self):
        for arguments in (["--help"], ["-h"], ["help"], ["help", "rules"], ["rules", "--help"], ["check", "-h"],
                          ["--version"], ["-V"]):
            with self.subTest(arguments=arguments):
                result = run(COMMAND, *arguments)
                self.assertEqual((result.status, result.err), (0, ""), result)
                self.assertLessEqual(max(map(len, result.out.splitlines())), 100)

    def test_every_command_has_a_page(self):
        for name in ("check", "explain", "expect", "rules", "lint"):
            self.assert_run(run(COMMAND, "help", name), 0, f"Usage: portconform {name}", "--config"
                            if name != "rules" else "--guides")

    def test_unknown_words_have_a_hint(self):
        for arguments, words in (
            (["chek"], 'did you mean "check"?'),
            (["frobnicate"], "unknown command"),
            (["-C", "site.conf", "check"], '"-C" stands before the command, which comes first'),
            (["help", "nonsense"], "no command"),
            (["rules", "--fromat", "tsv"], 'did you mean "--format"?'),
            (["rules", "--format", "xml"], 'unknown form "xml"'),
            (["expect", "mgr01"], "given by -H"),
            (["explain", "mgr01"], "needs a host and a port"),
            (["explain", "mgr01", "0"], "is not a port"),
            (["explain", "mgr01", "65536"], "is not a port"),
            (["explain", "mgr01", "80/sctp"], "is not a port"),
            (["lint", "-C", "x", "jp1-itdm"], "either a site"),
        ):
            with self.subTest(arguments=arguments):
                result = run(COMMAND, *arguments)
                self.assertEqual((result.status, result.out), (3, ""), result)
                self.assertIn(words, result.err)

    def test_help_has_a_page_too(self):
        self.assert_run(run(COMMAND, "help", "--help"), 0, "Usage: portconform COMMAND")

    def test_without_a_site(self):
        default = installed(BUILD, "sysconf", "portconform", "site.conf")
        if os.path.exists(default):
            self.skipTest(f"there is a site already: {default}")
        for name, *operands in (["expect"], ["explain", "mgr01", "22"], ["matrix"], ["export", "nftables"]):
            with self.subTest(command=name):
                result = run(COMMAND, name, *operands)
                self.assertEqual((result.status, result.out), (3, ""), result)
                self.assertIn(f"which site? There is no {default}\n    -C PATH names", result.err)
        self.assert_run(run(COMMAND, "lint"), 1, "which site?", "-C PATH names")
        self.assert_run(run(COMMAND, "check"), 3, "PORTCONFORM UNKNOWN - which site?", "-C PATH names")

    def test_a_responder_that_opens_nothing_says_why_line_by_line(self):
        port = self.listener()
        self.loopback(f"tcp {port}")
        key = self.folder / "key"
        self.assert_run(run(COMMAND, "respond", "--make-key", key), 0)
        result = run(COMMAND, "respond", "-C", self.folder, "-H", "lo01", "--key", key)
        self.assertEqual((result.status, result.out), (3, ""), result)
        self.assertEqual(result.err.splitlines(), ["portconform: respond: no port of lo01 could be opened",
                                                   f"  tcp 127.0.0.1:{port}: in use, left to whoever has it"])

    def test_no_command_is_help_and_unknown(self):
        self.assert_run(run(COMMAND), 3, "Usage: portconform")


class Rules(Case):
    def test_tsv_of_a_guide(self):
        result = run(COMMAND, "rules", "jp1-itdm", "--format", "tsv")
        self.assert_run(result, 0)
        table = rows(result)
        self.assertEqual(table[0], RULES)
        self.assertTrue(all(len(row) == len(RULES) for row in table))
        self.assertIn("jp1-itdm manager-single/1 manager browser tcp 31080".split(), [row[:6] for row in table])
        self.assertTrue(all("" not in row and " " not in row[5] and "#" not in row[1] for row in table[1:]))
        items = [row[5] for row in table if row[1] == "manager-multi-management/4"]
        self.assertEqual(items, ["31007..31009", "31011", "31012"])

    def test_all_guides_of_a_folder(self):
        result = run(COMMAND, "rules", "-G", GUIDES, "--format", "tsv")
        self.assert_run(result, 0)
        self.assertLessEqual({"jp1-itdm", "sametime-community"}, {row[0] for row in rows(result)[1:]})

    def test_json_says_the_same(self):
        table = rows(run(COMMAND, "rules", "jp1-itdm", "--format", "tsv"))
        objects = json.loads(run(COMMAND, "rules", "jp1-itdm", "--format", "json").out)
        self.assertEqual([[row[key] or "-" for key in RULES] for row in objects], table[1:])

    def test_text_groups_by_table(self):
        result = run(COMMAND, "rules", "jp1-itdm")
        self.assert_run(result, 0, "\nmanager-single\n", "tcp 31080", "\nagent\n")

    def test_every_kind_of_item(self):
        (self.folder / "g.conf").write_text(
            'guide: { id = "g"; title = "T"; vendor = "V"; source = "S"; revision = 1; };\n'
            'parameters: ( { name = "instance"; type = "int"; min = 0; max = 9; default = 0; about = "n"; } );\n'
            'components: ( { name = "a"; about = "A"; }, { name = "b"; about = "B"; } );\n'
            'rules: ( { ref = "t/1"; listens = "a"; from = ( { component = "b"; when = "peer.instance == instance"; } );'
            ' ports = "tcp 40007 + 40 * instance, udp any, tcp ephemeral, udp 10..20/2"; direction = "both"; },\n'
            '  { ref = "t/2"; part = "x"; listens = "b"; ports = "unstated 99"; assume = "tcp"; printed = "tcp 98"; '
            'erratum = "A misprint"; } );\n')
        result = run(COMMAND, "rules", "-G", self.folder, "g", "--format", "tsv")
        self.assert_run(result, 0)
        table = rows(result)[1:]
        self.assertEqual([row[4:6] for row in table], [["tcp", "40007+40*instance"], ["udp", "any"],
                                                       ["tcp", "ephemeral"], ["udp", "10..20/2"], ["unstated", "99"]])
        self.assertEqual(table[0][3], "b[peer.instance == instance]")
        self.assertEqual(table[4][1], "t/2")
        self.assertEqual(table[4][11], "tcp 98")
        errata = run(COMMAND, "rules", "-G", self.folder, "g", "--errata", "--format", "tsv")
        self.assertEqual(rows(errata)[1:], table[4:])
        self.assert_run(run(COMMAND, "rules", "-G", self.folder, "g", "--errata"), 0, "Printed: tcp 98. A misprint.")

    def test_unknown_guide(self):
        result = run(COMMAND, "rules", "jp1-itdn")
        self.assertEqual((result.status, result.out), (3, ""), result)
        self.assertIn('no guide "jp1-itdn"', result.err)


class Expect(Case):
    def test_tsv_of_the_multi_server_site(self):
        result = run(COMMAND, "expect", "-C", JP1, "--format", "tsv")
        self.assert_run(result, 0)
        table = rows(result)
        self.assertEqual(table[0], EXPECT)
        self.assertTrue(all(len(row) == len(EXPECT) for row in table))
        found = {(row[0], row[2]): row for row in table[1:]}
        self.assertEqual(found["mgr01", "31006"][3:6], ["required", "peers", "database-server"])
        self.assertEqual(found["db01", "31010"][3:6], ["required", "peers", "manager"])
        self.assertEqual(found["db01", "31007"][3], "reserved")
        self.assertEqual(found["mgr01", "22"][6:8], ["-", "tcp-22"])

    def test_one_host(self):
        table = rows(run(COMMAND, "expect", "-C", JP1, "-H", "db01", "--format", "tsv"))
        self.assertEqual({row[0] for row in table[1:]}, {"db01"})

    def test_where_values_come_from(self):
        result = run(COMMAND, "expect", "-C", JP1, "-H", "mgr01", "--explain")
        self.assert_run(result, 0, "topology = multi (site, ", "site.conf:")

    def test_json(self):
        objects = json.loads(run(COMMAND, "expect", "-C", JP1, "--format", "json").out)
        self.assertEqual(list(objects[0]), EXPECT)

    def test_names_need_no_lookup(self):
        self.host("far", 'addresses = ["nowhere.invalid"]; expect = ( { ports = "tcp 22"; }, { ports = "udp 5..9/2"; } );')
        result = run(COMMAND, "expect", "-C", self.folder, "--format", "tsv")
        self.assert_run(result, 0)
        self.assertEqual([row[1:3] for row in rows(result)[1:]], [["tcp", "22"], ["udp", "5..9/2"]])
        self.assertLess(result.seconds, 2)

    def test_mistake_in_the_site(self):
        self.host("far", 'adresses = ["192.0.2.1"];')
        result = run(COMMAND, "expect", "-C", self.folder)
        self.assertEqual((result.status, result.out), (3, ""), result)
        self.assertRegex(result.err, r"far\.conf:3:\d+: error: ")


class Lint(Case):
    def test_examples_have_no_errors(self):
        for example in sorted((SOURCE / "conf" / "examples").iterdir()):
            with self.subTest(example=example.name):
                result = run(COMMAND, "lint", "-C", example)
                self.assert_run(result, 0, "0 errors, ")

    def test_every_mistake_with_its_place_and_a_count(self):
        self.host("one", 'addresses = ["192.0.2.1"];\n  exclusiv = true;')
        self.host("two", 'addresses = ["192.0.2.2"];\n  expect = ( { ports = "tcp 70000"; } );')
        result = run(COMMAND, "lint", "-C", self.folder)
        self.assert_run(result, 1, "one.conf:4:3: error: ", "two.conf:4:", "a port is 1 to 65535")
        self.assertEqual(result.out.splitlines()[-1], "2 errors, 0 warnings in 3 files")

    def test_host_that_nobody_looks_at(self):
        self.host("one", 'addresses = ["192.0.2.1"]; probe = "none"; listeners = "none"; '
                         'expect = ( { ports = "tcp 22"; } );')
        self.assert_run(run(COMMAND, "lint", "-C", self.folder), 0, "warning: nobody looks at site/tcp-22 of host one")

    def test_host_of_which_nothing_is_expected(self):
        self.host("one", 'addresses = ["192.0.2.1"];')
        self.assert_run(run(COMMAND, "lint", "-C", self.folder), 0, "warning: nothing is expected of host one")

    def test_host_that_only_calls_others(self):
        """It stands in the site for the firewall's sake: worth a word, no warning."""
        self.site('site: { name = "lab"; guides = ["ism"]; };')
        self.host("one", 'addresses = ["192.0.2.1"]; roles = ( { component = "qnd-server"; } );')
        self.assert_run(run(COMMAND, "lint", "-C", self.folder), 0, "note: nothing is expected of host one",
                        "0 warnings")

    def test_exclusive_without_listeners_is_an_error(self):
        self.host("one", 'addresses = ["192.0.2.1"]; exclusive = true; listeners = "none"; '
                         'expect = ( { ports = "tcp 22"; } );')
        self.assert_run(run(COMMAND, "lint", "-C", self.folder), 1, "error: ", "exclusive")

    def test_rules_for_which_no_vantage_calls(self):
        result = run(COMMAND, "lint", "-C", JP1)
        self.assert_run(result, 0, "note: no vantage acts as manager of jp1-itdm", "jp1-itdm/agent/1")

    def test_rules_without_caller_count_once_each(self):
        """However many hosts have them, and although the name of one is the beginning of another's."""
        rules = ", ".join(f'{{ ref = "t/{n}"; listens = "s"; from = ["c"]; ports = "tcp {1000 + n}"; }}'
                          for n in (10, 1, 2, 3, 4, 5, 6, 7, 8, 9))
        (self.folder / "guides").mkdir()
        (self.folder / "guides" / "g.conf").write_text(
            'guide: { id = "g"; title = "G"; };\ncomponents: ( { name = "s"; }, { name = "c"; external = true; } );\n'
            f"rules: ( {rules} );\n")
        self.site('site: { name = "lab"; guides = ["g"]; };')
        for n in range(3):
            self.host(f"h{n}", f'addresses = ["192.0.2.{n + 1}"]; roles = ( {{ component = "s"; }} );')
        self.assert_run(run(COMMAND, "lint", "-C", self.folder), 0, "g/t/10, g/t/1, g/t/2,", "g/t/7 and 2 more")

    def test_guides_alone(self):
        self.assert_run(run(COMMAND, "lint", "jp1-itdm", "sametime-community"), 0, "0 errors, 0 warnings in 2 files")


class Check(Case):
    def test_text_is_the_default_and_goes_to_stdout(self):
        self.loopback(f"tcp {self.listener()}", f"tcp {self.free_port()}")
        result = run(COMMAND, "check", "-C", self.folder)
        self.assert_run(result, 2, "lab, seen from", "closed", "Next: portconform explain ", "lo01 ")
        self.assertEqual(result.err, "")
        self.assertNotIn("\x1b", result.out)

    def test_every_form(self):
        self.loopback(f"tcp {self.listener()}")
        run_as = lambda form: run(COMMAND, "check", "-C", self.folder, "--format", form)
        self.assertEqual(json.loads(run_as("json").out)["severity"], "OK")
        self.assertTrue(run_as("tsv").out.startswith("host\taddress\ttransport\t"))
        self.assertTrue(run_as("plugin").out.startswith("PORTCONFORM OK - "))
        self.assert_run(run_as("yaml"), 3, "unknown form", "text, json, tsv, plugin")

    def test_mistakes_of_the_site_go_to_stderr_too(self):
        self.host("one", 'addresses = ["192.0.2.1"];\n  exclusiv = true;')
        result = run(COMMAND, "check", "-C", self.folder)
        self.assert_run(result, 3, "PORTCONFORM UNKNOWN - ", "one.conf:4:3")
        self.assertRegex(result.err, r"one\.conf:4:3: error: ")

    def test_json_keeps_to_its_schema(self):
        try:
            import jsonschema
        except ImportError:
            self.skipTest("python3-jsonschema is not installed")
        schema = json.loads((SOURCE / "docs" / "check.schema.json").read_text())
        self.loopback(f"tcp {self.listener()}", f"tcp {self.free_port()}", "udp 9",
                      more='listeners = "auto"; exclusive = true;\n'
                           '  waive = ( { ports = "udp 9"; until = "2099-12-31"; reason = "never there"; } );')
        result = run(COMMAND, "check", "-C", self.folder, "--format", "json")
        jsonschema.validate(json.loads(result.out), schema)
        result = run(COMMAND, "check", "-C", self.folder, "-H", "nobody", "--format", "json")
        self.assertEqual(result.status, 3)
        jsonschema.validate(json.loads(result.out), schema)

    def test_failure_in_json_is_json(self):
        self.host("one", 'addresses = ["192.0.2.1"];\n  exclusiv = true;')
        result = run(COMMAND, "check", "-C", self.folder, "--format", "json", "-v")
        self.assertEqual((result.status, result.err), (3, ""), result)
        told = json.loads(result.out)
        self.assertEqual(told["severity"], "UNKNOWN")
        self.assertIn("one.conf:4:3", told["error"])

    def test_explain_tells_why_and_ends_with_the_severity(self):
        shut, open_port = self.free_port(), self.listener()
        self.loopback(f"tcp {shut}", f"tcp {open_port}")
        result = run(COMMAND, "explain", "-C", self.folder, "lo01", str(shut))
        self.assert_run(result, 2, f"tcp {shut} on lo01", "expected", "seen", "therefore", "to do")
        for word in (str(open_port), f"{open_port}/tcp", f"tcp/{open_port}"):
            self.assert_run(run(COMMAND, "explain", "-C", self.folder, "127.0.0.1", word), 0, "conforming")
        self.assert_run(run(COMMAND, "explain", "-C", self.folder, "lo01", "9/udp"), 0, "udp 9 on lo01")

    def test_explain_names_the_callers_of_the_whole_site(self):
        result = run(COMMAND, "explain", "-C", JP1, "-t", "1", "mgr01", "31000")
        self.assertIn("may call: agent, site-server: pc0101, pc0102, site01", result.out)
        # nothing was sent: what a bystander's silence would mean has no place here
        result = run(COMMAND, "explain", "-C", JP1, "-t", "1", "pc0102", "16992")
        self.assertIn("not judged", result.out)
        self.assertNotIn("none of the callers", result.out)

    def test_vantage_is_chosen_by_name(self):
        self.site('site: { name = "lab"; };\nvantages: ( { name = "mon1"; }, { name = "mon2"; permitted = true; } );\n')
        self.loopback(f"tcp {self.listener()}")
        result = run(COMMAND, "check", "-C", self.folder, "--vantage", "mon2", "--format", "json")
        self.assertEqual(json.loads(result.out)["vantage"], "mon2")
        result = run(COMMAND, "check", "-C", self.folder, "--vantage", "mon3", "--format", "plugin")
        self.assert_run(result, 3, "mon3", "did you mean")

    def test_source_that_is_not_ours_is_our_own_trouble(self):
        self.site('site: { name = "lab"; };\nvantages: ( { name = "mon1"; source = "192.0.2.77"; } );\n')
        self.loopback(f"tcp {self.listener()}")
        result = run(COMMAND, "check", "-C", self.folder, "--vantage", "mon1", "--format", "json")
        self.assertEqual(result.status, 3, result)
        finding = json.loads(result.out)["findings"][0]
        self.assertEqual([finding[key] for key in ("verdict", "reason", "blame")],
                         ["not-judged", "no-source-address", "local"])

    def test_explain_of_an_unknown_host(self):
        self.loopback("tcp 22")
        result = run(COMMAND, "explain", "-C", self.folder, "lo02", "22")
        self.assertEqual((result.status, result.out), (3, ""), result)
        self.assertIn('no host "lo02"', result.err)


class Terminal(Case):
    def on_terminal(self, *arguments, environment=None):
        """What it writes when stdout and stderr are a terminal."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen([str(COMMAND), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=theirs,
                                   stderr=theirs, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                                                       "TERM": "xterm"} | (environment or {}))
        os.close(theirs)
        written = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break
            if not piece:
                break
            written += piece
        os.close(ours)
        return process.wait(timeout=30), written.decode()

    def test_colour_only_where_it_is_wanted(self):
        self.loopback(f"tcp {self.free_port()}")
        self.assertIn("\x1b[", self.on_terminal("check", "-C", self.folder)[1])
        for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            self.assertNotIn("\x1b[", self.on_terminal("check", "-C", self.folder, environment=environment)[1])
        self.assertNotIn("\x1b[", self.on_terminal("check", "-C", self.folder, "--colour", "never")[1])
        self.assertIn("\x1b[", run(COMMAND, "check", "-C", self.folder, "--colour=always").out)

    def test_long_check_shows_progress_and_takes_it_away(self):
        self.loopback(f"tcp {self.stalled()}")
        status, written = self.on_terminal("check", "-C", self.folder, "-t", "4")
        self.assertNotEqual(status, 0)
        self.assertIn("checking  ", written)
        before, after = written.rsplit("\r\x1b[K", 1)
        self.assertNotIn("checking", after)
        self.assertIn("lab, seen from", after)

    def test_pipe_shows_no_progress(self):
        self.loopback(f"tcp {self.stalled()}")
        self.assertEqual(run(COMMAND, "check", "-C", self.folder, "-t", "4").err, "")


if __name__ == "__main__":
    main()
