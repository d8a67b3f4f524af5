"""portconform lint: what only the site as a whole, or a guide as a whole, tells."""
import pathlib
import re

from harness import COMMAND, SOURCE, Case, main, run

PLACE = re.compile(r"^\S+:\d+:\d+: (note|warning|error): ")


class Lint(Case):
    def guide(self, rules, parameters="", components=("a", "b", "c")):
        guides = self.folder / "guides"
        guides.mkdir(exist_ok=True)
        names = ", ".join(f'{{ name = "{name}"; about = "A part"; }}' for name in components)
        (guides / "g.conf").write_text(
            'guide: { id = "g"; title = "T"; vendor = "V"; source = "S"; revision = 1; };\n'
            f"parameters: ( {parameters} );\ncomponents: ( {names} );\nrules: (\n  " + ",\n  ".join(rules) + "\n);\n")

    def lint(self, status=0, guide=False):
        arguments = ["-G", self.folder / "guides", "g"] if guide else ["-C", self.folder]
        result = run(COMMAND, "lint", *arguments)
        self.assertEqual(result.status, status, result)
        self.assertEqual(result.err, "")
        for line in result.out.splitlines()[:-1]:
            self.assertTrue(PLACE.match(line) or line.startswith("    "), line)
        return result

    def found(self, words, **options):
        """The finding that holds these words, with its hint."""
        lines = self.lint(**options).out.splitlines()
        for i, line in enumerate(lines):
            if words in line:
                return line + ("\n" + lines[i + 1] if lines[i + 1].startswith("    ") else "")
        return None

    def assert_found(self, words, *more, **options):
        finding = self.found(words, **options)
        self.assertIsNotNone(finding, f"{words}: not in\n{self.lint(**options).out}")
        for word in more:
            self.assertIn(word, finding)

    def use_guide(self, more=""):
        self.site(f'site: {{ name = "lab"; guides = ["g"]; }};\n{more}')

    def role_host(self, *roles, more=""):
        entries = ", ".join(f'{{ component = "{role}"; }}' if not role.startswith("{") else role for role in roles)
        self.host("h1", f'addresses = ["192.0.2.1", "192.0.2.2"];\n  roles = ( {entries} );\n  {more}')


class DoublePorts(Lint):
    def test_two_roles_want_the_same_port(self):
        self.guide(['{ ref = "t/1"; listens = "a"; ports = "tcp 5000, tcp 5002"; }',
                    '{ ref = "t/2"; listens = "b"; ports = "tcp 4998..5001"; }'])
        self.use_guide()
        self.role_host("a", "b")
        self.assert_found("role a and role b of host h1 want the same port: tcp 5000 (g/t/1 and g/t/2)",
                          "hosts.d/h1.conf:4:", "warning", "move one")

    def test_an_entry_of_ones_own(self):
        self.guide(['{ ref = "t/1"; listens = "a"; ports = "tcp 5000"; }'])
        self.use_guide()
        self.role_host("a", more='expect = ( { ports = "tcp 5000"; } );')
        self.assert_found("role a and expect entry site/tcp-5000 of host h1 want", "take the entry out")

    def test_what_only_may_be_there_is_a_note(self):
        self.guide(['{ ref = "t/1"; listens = "a"; ports = "tcp 5000"; presence = "optional"; }',
                    '{ ref = "t/2"; listens = "b"; ports = "tcp 5000"; }'])
        self.use_guide()
        self.role_host("a", "b")
        self.assert_found("want the same port", "note: ")

    def test_these_do_not_collide(self):
        parameters = '{ name = "n"; type = "int"; min = 0; max = 9; about = "n"; }'
        for what, rules, roles in (
            ("one role's rows tell one socket twice",
             ['{ ref = "t/1"; listens = "a"; ports = "tcp 80"; }', '{ ref = "u/1"; listens = "a"; ports = "tcp 80"; }'], ["a"]),
            ("another transport",
             ['{ ref = "t/1"; listens = "a"; ports = "tcp 80"; }', '{ ref = "t/2"; listens = "b"; ports = "udp 80"; }'], ["a", "b"]),
            ("one of a range suffices",
             ['{ ref = "t/1"; listens = "a"; ports = "tcp 80"; }',
              '{ ref = "t/2"; listens = "b"; ports = "tcp 80..89"; presence = "any"; }'], ["a", "b"]),
            ("the odd and the even",
             ['{ ref = "t/1"; listens = "a"; ports = "udp 100..110/2"; }',
              '{ ref = "t/2"; listens = "b"; ports = "udp 101..111/2"; }'], ["a", "b"]),
            ("media of the moment",
             ['{ ref = "t/1"; listens = "a"; ports = "udp 1024..65535"; presence = "dynamic"; }',
              '{ ref = "t/2"; listens = "b"; ports = "udp 5000"; }'], ["a", "b"]),
            ("multicast", ['{ ref = "t/1"; listens = "a"; ports = "udp 5000"; multicast = true; }',
                           '{ ref = "t/2"; listens = "b"; ports = "udp 5000"; multicast = true; }'], ["a", "b"]),
            ("firmware", ['{ ref = "t/1"; listens = "a"; ports = "tcp 80"; outside_os = true; }',
                          '{ ref = "t/2"; listens = "b"; ports = "tcp 80"; }'], ["a", "b"]),
            ("the same program", ['{ ref = "t/1"; listens = "a"; ports = "tcp 80"; owner = ["exe:x"]; }',
                                  '{ ref = "t/2"; listens = "b"; ports = "tcp 80"; owner = ["exe:x"]; }'], ["a", "b"]),
            ("a number without value", ['{ ref = "t/1"; listens = "a"; ports = "tcp 80+n"; }',
                                        '{ ref = "t/2"; listens = "b"; ports = "tcp 80"; }'], ["a", "b"]),
        ):
            with self.subTest(what=what):
                self.guide(rules, parameters)
                self.use_guide()
                self.role_host(*roles)
                self.assertIsNone(self.found("want the same port"))

    def test_addresses_of_different_segments_do_not_overlap(self):
        self.guide(['{ ref = "t/1"; listens = "a"; ports = "tcp 80"; segment = "x"; }',
                    '{ ref = "t/2"; listens = "b"; ports = "tcp 80"; segment = "y"; }'])
        self.use_guide()
        self.host("h1", 'addresses = ( { ip = "192.0.2.1"; segment = "x"; }, { ip = "192.0.2.2"; segment = "y"; } );\n'
                        '  roles = ( { component = "a"; }, { component = "b"; } );')
        self.assertIsNone(self.found("want the same port"))

    def test_the_sametime_server_tells_its_port_80_twice(self):
        self.site('site: { name = "lab"; guides = ["sametime-community"]; };\n')
        self.host("h1", 'addresses = ["192.0.2.1"];\n'
                        '  roles = ( { component = "multiplexer"; tunnelling = "port-80"; } );')
        self.assertIsNone(self.found("want the same port"))


class NeverInForce(Lint):
    PARAMETERS = ('{ name = "mode"; type = "enum"; values = ["x", "y"]; about = "m"; }, '
                  '{ name = "on"; type = "bool"; about = "o"; }, '
                  '{ name = "n"; type = "int"; min = 1; max = 9; about = "n"; }, '
                  '{ name = "wide"; type = "int"; min = 0; max = 1000000; about = "w"; }')

    def check(self, condition):
        self.guide([f'{{ ref = "t/1"; listens = "a"; ports = "tcp 80"; when = "{condition}"; }}'], self.PARAMETERS)
        return self.found("can never be in force", guide=True)

    def test_conditions_that_never_hold(self):
        for condition in ("mode == 'x' && mode == 'y'", "on && !on", "n > 9", "n < 1", "n == 3 && n != 3",
                          "wide > 1000000", "wide < 7 && wide > 6", "on && mode == 'x' && (n > 9 || !on)", "n % 2 == 2"):
            with self.subTest(condition=condition):
                finding = self.check(condition)
                self.assertIsNotNone(finding)
                self.assertRegex(finding, r"g\.conf:\d+:\d+: warning: rule g/t/1 can never be in force")
                self.assertIn("mend the condition", finding)

    def test_conditions_that_may(self):
        for condition in ("mode == 'x'", "on || !on", "n == 9", "n % 9 == 8", "wide == 77", "wide > 999999",
                          "wide % 1000 == 999", "phase == 'upgrade'", "n * 100000 == wide", "10 / (n - 1) > 0"):
            with self.subTest(condition=condition):
                self.assertIsNone(self.check(condition))

    def test_a_caller_that_never_may(self):
        rule = ('{{ ref = "t/1"; listens = "a"; ports = "tcp 80"; when = "on"; '
                'from = ( {{ component = "b"; when = "{}"; }} ); }}')
        self.guide([rule.format("peer.n == n && peer.n != n")], self.PARAMETERS)
        self.assert_found("b can never call rule g/t/1", "warning", guide=True)
        self.guide([rule.format("!on && peer.on")], self.PARAMETERS)  # the rule itself holds only with `on`
        self.assert_found("b can never call rule g/t/1", guide=True)
        self.guide([rule.format("peer.on != on")], self.PARAMETERS)
        self.assertIsNone(self.found("can never call", guide=True))

    def test_a_site_that_uses_the_guide_hears_of_it(self):
        self.guide(['{ ref = "t/1"; listens = "a"; ports = "tcp 80"; when = "on && !on"; }'], self.PARAMETERS)
        self.use_guide()
        self.role_host("b")
        self.assert_found("can never be in force")

    def test_the_guides_that_ship_are_clean(self):
        guides = sorted(path.name.removesuffix(".conf") for path in (SOURCE / "conf" / "guides").iterdir())
        result = run(COMMAND, "lint", *guides)
        self.assert_run(result, 0, "0 errors, 0 warnings")


class Peers(Lint):
    RULES = ['{ ref = "t/1"; listens = "a"; from = ["b", "c"]; ports = "tcp 80"; }',
             '{ ref = "t/2"; listens = "a"; from = ["c"]; ports = "tcp 81"; scope = "peers"; }']

    def test_nobody_plays_them(self):
        self.guide(self.RULES)
        self.use_guide()
        self.role_host("a")
        self.assert_found("nobody plays b of g", "site.conf:1:", "note: ", "g/t/1", 'component = \"b\"')
        # for its peers alone, and there are none: it should be shut to everybody
        self.assert_found("nobody plays c of g", "warning: ", "g/t/1, g/t/2")

    def test_somebody_does(self):
        for what, more in (
            ("a network", 'networks: ( { name = "n"; prefixes = ["198.51.100.0/24"]; plays = ( { component = "c"; }, { component = "b"; } ); } );'),
            ("an external", 'externals: ( { name = "e"; addresses = ["198.51.100.1"]; component = "c"; } );'),
            ("a vantage", 'vantages: ( { name = "v"; acts_as = ( { component = "c"; } ); } );'),
        ):
            with self.subTest(what=what):
                self.guide(self.RULES)
                self.use_guide(more)
                self.role_host("a")
                self.assertIsNone(self.found("nobody plays c "))

    def test_a_host_does(self):
        self.guide(self.RULES)
        self.use_guide()
        self.role_host("a", "b", "c")
        self.assertIsNone(self.found("nobody plays"))

    def test_rules_that_are_not_in_force_do_not_count(self):
        self.guide(['{ ref = "t/1"; listens = "a"; from = ["b"]; ports = "tcp 80"; when = "phase == \'upgrade\'"; }'])
        self.use_guide()
        self.role_host("a", "c")
        self.assertIsNone(self.found("nobody plays"))


class Ephemeral(Lint):
    def recording(self, lines):
        (self.folder / "seen.txt").write_text(lines)

    def test_the_range_that_a_recording_tells(self):
        self.recording("ephemeral 20000..29999\ntcp 0.0.0.0:22\n")
        self.host("h1", 'addresses = ["192.0.2.1"]; listeners = "file"; file = "seen.txt";\n'
                        '  expect = ( { ports = "tcp 25000..25002"; }, { ports = "udp 29000"; }, { ports = "tcp 22"; }, '
                        '{ ports = "tcp 30000"; } );')
        self.assert_found("lie in its ephemeral range 20000-29999", "hosts.d/h1.conf", "warning", "25000-25002,29000",
                          "cure: net.ipv4.ip_local_reserved_ports = 25000-25002,29000")

    def test_a_recording_without_a_range_says_nothing(self):
        self.recording("tcp 0.0.0.0:22\n")
        self.host("h1", 'addresses = ["192.0.2.1"]; listeners = "file"; file = "seen.txt";\n'
                        '  expect = ( { ports = "tcp 45000"; } );')
        self.assertIsNone(self.found("ephemeral"))

    def test_this_machine(self):
        low, high = map(int, pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
        held = pathlib.Path("/proc/sys/net/ipv4/ip_local_reserved_ports").read_text().strip()
        if held:
            self.skipTest(f"net.ipv4.ip_local_reserved_ports is set on this machine: {held}")
        self.host("h1", f'addresses = ["127.0.0.1"]; expect = ( {{ ports = "tcp {low + 10}"; }}, {{ ports = "tcp 22"; }} );')
        self.assert_found(f"lie in its ephemeral range {low}-{high}", f"ip_local_reserved_ports = {low + 10}")


class Others(Lint):
    def test_a_rule_that_no_vantage_ever_looks_at(self):
        self.guide(['{ ref = "t/1"; listens = "a"; from = ["b"]; ports = "tcp 80"; probe = "none"; }',
                    '{ ref = "t/2"; listens = "a"; ports = "tcp 81"; }'])
        self.use_guide('vantages: ( { name = "v"; acts_as = ( { component = "b"; } ); } );')
        self.role_host("a", more='listeners = "none";')
        self.assert_found("nobody looks at g/t/1 of host h1", "warning", "give the host a listener source")

    def test_a_changed_port_that_the_guide_forbids(self):
        self.guide(['{ ref = "t/1"; listens = "a"; ports = "tcp 80"; changeable = "no"; }'])
        self.use_guide()
        self.role_host("a", more='ports = ( { rule = "g/t/1"; to = "tcp 81"; } );')
        self.assert_found("the ports of g/t/1 cannot be moved", "error", "cannot be changed", status=1)

    def test_an_expired_waiver(self):
        self.host("h1", 'addresses = ["192.0.2.1"]; expect = ( { ports = "tcp 80"; } );\n'
                        '  waive = ( { ports = "tcp 80"; until = "2020-06-30"; reason = "move"; } );')
        self.assert_found("waiver for", "hosts.d/h1.conf:4:", "warning", "expired on 2020-06-30")


if __name__ == "__main__":
    main()
