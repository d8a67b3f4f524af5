"""portconform adopt: which roles of which guides the listeners of a host fit."""
import re

from harness import COMMAND, Case, main, run

# a host that plays a role of each guide, and the role that has to come first
HOSTS = {
    "jp1-itdm manager": (
        "manager", 'topology = "multi"',
        ["tcp 0.0.0.0:31080", "tcp [::]:31000", "tcp 10.0.1.10:31006", "tcp 127.0.0.1:31007", "tcp 0.0.0.0:22"]),
    "jp1-itdm site-server": ("site-server", None, ["tcp 0.0.0.0:31000", "tcp 127.0.0.1:31010", "tcp 0.0.0.0:22"]),
    "jp1-itdm controller": ("controller", None, ["tcp 0.0.0.0:31019", "tcp 0.0.0.0:31020"]),
    "sametime-community community-server": (
        "community-server", "tunnelling = ",
        ["tcp 0.0.0.0:1516", "tcp 0.0.0.0:1533", "tcp 127.0.0.1:9092", "tcp 127.0.0.1:9094", "tcp 0.0.0.0:80",
         "tcp 0.0.0.0:1352"]),
    "ism rc-client": ("rc-client", None, ["tcp 0.0.0.0:42187", "tcp 0.0.0.0:42188", "tcp 0.0.0.0:42189",
                                          "tcp 0.0.0.0:3389", "tcp 0.0.0.0:445", "tcp 0.0.0.0:135"]),
    "ism update-agent": ("update-agent", None, ["tcp 0.0.0.0:50210", "tcp 0.0.0.0:445"]),
    "livesupport server": (
        "server", "phones = 1",
        ["udp 0.0.0.0:7999", "tcp 0.0.0.0:8000", "tcp 0.0.0.0:8002", "tcp 0.0.0.0:8003", "tcp 0.0.0.0:8004",
         "tcp 0.0.0.0:4044", "tcp 0.0.0.0:443"]),
    "livesupport operator": ("operator", "phones = 2",
                             ["tcp 0.0.0.0:1720"] + [f"tcp 0.0.0.0:{port}" for port in range(6000, 6004)]),
}


class Adopt(Case):
    def test_its_page_tells_the_exit_status(self):
        self.assert_run(run(COMMAND, "help", "adopt"), 0, "Usage: portconform adopt ", "It proposes; it approves nothing", "0 a role fits, 1 none does")

    def recording(self, lines, name="seen.txt"):
        path = self.folder / name
        path.write_text("\n".join(lines) + "\n")
        return path

    def adopt(self, lines, *options, name="h1"):
        return run(COMMAND, "adopt", "--recording", self.recording(lines), "--name", name, *options)

    def roles(self, result):
        """What the proposal says, without its comments."""
        text = "\n".join(line for line in result.out.splitlines() if not line.lstrip().startswith("#"))
        return re.findall(r'guide = "([^"]+)"; component = "([^"]+)";(.*?) }', text)

    def assert_loads(self, result, guides, name="h1"):
        quoted = ", ".join(f'"{guide}"' for guide in guides)
        self.site(f'site: {{ name = "lab"; guides = [{quoted}]; }};\n')
        (self.folder / "hosts.d" / f"{name}.conf").write_text(result.out)
        lint = run(COMMAND, "lint", "-C", self.folder)
        self.assertEqual(lint.status, 0, f"{lint}\n{result.out}")
        self.assertIn("0 errors", lint.out)

    def test_a_host_of_each_guide_gets_its_role_first(self):
        for what, (component, value, lines) in HOSTS.items():
            with self.subTest(what=what):
                guide = what.split()[0]
                result = self.adopt(lines)
                self.assert_run(result, 0)
                roles = self.roles(result)
                self.assertEqual(roles[0][:2], (guide, component), result)
                self.assertIn(f"#  1  {component} of {guide}: ", result.out)
                if value:
                    self.assertIn(value, roles[0][2])
                self.assert_loads(result, sorted({role[0] for role in roles}))

    def test_one_value_is_found_for_the_whole_server(self):
        """Each part by itself would do with another value of the setting that all share."""
        around = ["tcp 0.0.0.0:80", "tcp 0.0.0.0:1352", "tcp 0.0.0.0:1516", "tcp 0.0.0.0:1533", "tcp 127.0.0.1:9092",
                  "tcp 127.0.0.1:9094", "tcp 0.0.0.0:8082"]
        for more, value in (([], "other-ports"), (["tcp 0.0.0.0:8088"], "port-80")):
            with self.subTest(value=value):
                result = self.adopt(around + more)
                roles = self.roles(result)
                self.assertEqual({role[1] for role in roles}, {"community-server", "domino", "multiplexer"}, result)
                self.assertTrue(all(f'tunnelling = "{value}"' in role[2] for role in roles), result)
                self.assertIn("The roles explain every listener", result.out)
                self.assert_loads(result, ["sametime-community"])

    def test_a_router_and_its_instance(self):
        tables = run(COMMAND, "expect", "-C", self.router_site(side="b", instance=3), "--format", "tsv").out.splitlines()
        wanted = [line.split("\t") for line in tables[1:]]
        lines = sorted({f"{row[1]} 0.0.0.0:{row[2].split('..')[0]}" for row in wanted if row[3] == "required"})
        self.assertGreater(len(lines), 5)
        result = self.adopt(lines + ["tcp 0.0.0.0:3389", "tcp 0.0.0.0:135"])
        self.assert_run(result, 0)
        guide, component, values = self.roles(result)[0]
        self.assertEqual((guide, component), ("cisco-ucc-11.5", "router"), result)
        self.assertIn('side = "b";', values)
        self.assertIn("instance = 3;", values)
        self.assert_loads(result, ["cisco-ucc-11.5"])

    def router_site(self, side, instance):
        site = self.folder / "router"
        (site / "hosts.d").mkdir(parents=True)
        (site / "site.conf").write_text('site: { name = "r"; guides = ["cisco-ucc-11.5"]; };\n')
        (site / "hosts.d" / "r1.conf").write_text(
            f'host: {{ name = "r1"; addresses = ["192.0.2.9"]; roles = ( {{ component = "router"; side = "{side}"; '
            f"instance = {instance}; private_qos = false; public_qos = false; }} ); }};\n")
        return site

    def test_what_common_ports_alone_say_is_no_role(self):
        result = self.adopt([f"tcp 0.0.0.0:{port}" for port in (22, 80, 443, 3306)] + ["udp 0.0.0.0:161"])
        self.assert_run(result, 1, "No component of the guides fits well enough")
        self.assertEqual(self.roles(result), [])
        self.assert_loads(result, [])

    def test_a_host_without_listeners(self):
        result = self.adopt(["# nobody"])
        self.assert_run(result, 1, "No component of these guides fits what listens here", "Nothing listens here")
        self.assert_loads(result, [])

    def test_what_stays_unexplained_is_listed_and_not_expected(self):
        result = self.adopt(HOSTS["jp1-itdm manager"][2] + ["tcp 127.0.0.1:631 exe=/usr/sbin/cupsd", "udp 0.0.0.0:40123",
                                                            "tcp [::]:22"])
        self.assert_run(result, 0, '#   { ports = "tcp 22"; about = "an unknown program on *:22, [::]:22"; },',
                        '#   { ports = "tcp 631"; scope = "host"; about = "cupsd on 127.0.0.1:631"; }',
                        "1 UDP socket of the ephemeral range not listed", "Nothing here is approved")
        self.assertEqual([line for line in result.out.splitlines() if "expect" in line and "#" not in line], [])

    def test_the_listed_entries_can_be_taken_over_as_they_stand(self):
        lines = HOSTS["jp1-itdm manager"][2] + ["tcp 127.0.0.1:631 exe=/usr/sbin/cupsd", "udp 0.0.0.0:514"]
        result = self.adopt(lines)
        marked = result.out.index("  # expect = (")
        result.out = result.out[:marked] + result.out[marked:].replace("\n  # ", "\n  ").replace("  # expect", "  expect")
        self.assert_loads(result, ["jp1-itdm"])
        check = run(COMMAND, "expect", "-C", self.folder, "--format", "tsv")
        self.assertIn("h1\ttcp\t631\trequired\thost", check.out)

    def test_hostile_names_stay_in_their_comment(self):
        program = 'x"};\\x0ahost:\\x20{\\x20};\\x1b[31m*/'
        result = self.adopt(["tcp 0.0.0.0:31080 exe=" + program, f"tcp 0.0.0.0:7777 exe={program} unit={program}"])
        self.assertNotIn("\x1b", result.out)
        self.assertEqual([line for line in result.out.splitlines() if line.startswith("host:")], ["host: {"])
        self.assert_loads(result, ["jp1-itdm"])

    def test_one_guide_alone_is_asked(self):
        result = run(COMMAND, "adopt", "ism", "--name", "h1", "--recording", self.recording(HOSTS["jp1-itdm manager"][2]))
        self.assert_run(result, 1)
        self.assertNotIn("jp1", result.out)

    def test_output_is_written_once_and_never_over_a_file(self):
        target = self.folder / "hosts.d" / "h1.conf"
        first = self.adopt(HOSTS["jp1-itdm manager"][2], "--output", target)
        self.assert_run(first, 0, "manager of jp1-itdm", f"Written to {target}")
        written = target.read_text()
        self.assertIn('component = "manager"', written)
        second = self.adopt(HOSTS["ism rc-client"][2], "--output", target)
        self.assertEqual((second.status, second.out), (3, ""))
        self.assertIn("is there already", second.err)
        self.assertEqual(target.read_text(), written)
        self.assertEqual(self.adopt(HOSTS["ism rc-client"][2], "--output", self.folder / "no" / "x.conf").status, 3)

    def test_top_shortens_the_ranking(self):
        long, short = (self.adopt(HOSTS["jp1-itdm manager"][2], "--top", top) for top in (50, 1))
        self.assertIn("#  2  ", long.out)
        self.assertNotIn("#  2  ", short.out)
        self.assertIn("that fit less", short.out)

    def test_a_second_instance_is_a_role_of_its_own(self):
        guides = self.folder / "g"
        guides.mkdir()
        (guides / "g.conf").write_text(
            'guide: { id = "g"; title = "T"; vendor = "V"; source = "S"; revision = 1; };\n'
            'parameters: ( { name = "instance"; type = "int"; min = 0; max = 20; about = "i"; } );\n'
            'components: ( { name = "router"; about = "R"; } );\n'
            'rules: ( { ref = "t/1"; listens = "router"; ports = "tcp 21000+40*instance, tcp 21005+40*instance"; } );\n')
        lines = [f"tcp 0.0.0.0:{port}" for port in (21080, 21085, 21280, 21285, 21400)]
        result = run(COMMAND, "adopt", "-G", guides, "g", "--name", "h1", "--recording", self.recording(lines))
        self.assert_run(result, 0)
        self.assertEqual(sorted(re.search(r"instance = (\d+)", role[2]).group(1) for role in self.roles(result)), ["2", "7"])
        self.assertIn('name = "router-2"', result.out)
        self.assertIn('ports = "tcp 21400"', result.out)

    def test_mistakes_are_trouble(self):
        seen = self.recording(["tcp 0.0.0.0:31080"])
        bad = self.recording(["tcp nonsense"], "bad.txt")
        for arguments, words in ((["--recording", self.folder / "none"], "No such file"),
                                 (["--recording", bad], "bad.txt:1"),
                                 (["--recording", seen, "--netns", "/run/netns/x"], "either"),
                                 (["--recording", seen, "--name", "a b"], "host's name"),
                                 (["--recording", seen, "--top", "0"], "--top takes"),
                                 (["--recording", seen, "jp1-itdn"], "no guide"),
                                 (["--netns", self.folder / "none"], "cannot be read")):
            with self.subTest(arguments=arguments):
                result = run(COMMAND, "adopt", *arguments)
                self.assertEqual((result.status, result.out), (3, ""), result)
                self.assertIn(words, result.err)

    def test_this_machine(self):
        port = self.listener("0.0.0.0")
        result = run(COMMAND, "adopt")
        self.assertIn(result.status, (0, 1), result)
        self.assertIn(f'"tcp {port}"', result.out)


if __name__ == "__main__":
    main()
