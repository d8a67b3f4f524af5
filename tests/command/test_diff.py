"""portconform diff: two guides, two sites, and the exit status of diff(1)."""
import json
import shutil

from harness import COMMAND, SOURCE, Case, main, run

JP1 = SOURCE / "conf" / "examples" / "jp1-multi"
COLUMNS = "change where source ports field before after when ref".split()

GUIDE = """guide: {{ id = "g"; title = "T"; vendor = "V"; source = "S"; revision = {revision}; }};
parameters: ( {{ name = "mode"; type = "enum"; values = ["a", "b"]; default = "{initial}"; about = "m"; }} );
components: ( {{ name = "server"; about = "S"; }}, {{ name = "agent"; about = "A"; }},
              {{ name = "browser"; external = true; about = "B"; }}{components} );
rules: ( {rules} );
"""


def rule(ref, ports, listens="server", more=""):
    return f'{{ ref = "{ref}"; listens = "{listens}"; ports = "{ports}"; direction = "in"; {more} }}'


FOR_AGENT = 'from = ["agent"];'


class Guides(Case):
    def test_its_page_tells_the_exit_status(self):
        self.assert_run(run(COMMAND, "help", "diff"), 0, "Usage: portconform diff ", "as diff(1): 0 both demand the same, 1 they differ, 3 trouble")

    def guide(self, version, rules, initial="a", components="", revision=1):
        folder = self.folder / version
        folder.mkdir(exist_ok=True)
        (folder / "g.conf").write_text(GUIDE.format(rules=", ".join(rules), initial=initial, components=components,
                                                    revision=revision))
        return folder / "g.conf"

    def diff(self, old, new, *options):
        return run(COMMAND, "diff", old, new, *options)

    def rows(self, old, new):
        result = self.diff(old, new, "--format", "tsv")
        self.assertIn(result.status, (0, 1), result)
        table = [line.split("\t") for line in result.out.splitlines()]
        self.assertEqual(table[0], COLUMNS)
        self.assertTrue(all(len(row) == len(COLUMNS) for row in table))
        return [dict(zip(COLUMNS, row)) for row in table[1:]]

    def test_the_same_is_0(self):
        old = self.guide("v1", [rule("t/1", "tcp 80", more=FOR_AGENT)])
        self.assert_run(self.diff(old, old), 0, "demand the same")
        self.assertEqual(self.rows(old, old), [])

    def test_descriptions_and_row_numbers_alone_are_no_difference(self):
        old = self.guide("v1", [rule("t/1", "tcp 80", more='about = "x";')])
        new = self.guide("v2", [rule("other/7", "tcp 80", more='about = "y";')], revision=2)
        self.assert_run(self.diff(old, new), 0, "demand the same")

    def test_opened_and_dropped(self):
        old = self.guide("v1", [rule("t/1", "tcp 80", more=FOR_AGENT), rule("t/2", "udp 90")])
        new = self.guide("v2", [rule("t/1", "tcp 80", more=FOR_AGENT), rule("t/3", "tcp 443", more='from = ["browser"];')])
        found = {(row["change"], row["where"], row["source"], row["ports"]) for row in self.rows(old, new)}
        self.assertEqual(found, {("opened", "server", "-", "tcp 443"), ("dropped", "server", "-", "udp 90"),
                                 ("firewall-open", "server", "browser", "tcp 443"),
                                 ("firewall-close", "server", "anybody", "udp 90")})
        self.assert_run(self.diff(old, new), 1, "1 opened, 1 dropped, 0 changed; firewall: 1 to open, 1 to close",
                        "g/t/3")

    def test_a_moved_port_is_one_change(self):
        old = self.guide("v1", [rule("t/1", "tcp 80", more=FOR_AGENT)])
        new = self.guide("v2", [rule("t/1", "tcp 8080", more=FOR_AGENT)])
        table = self.rows(old, new)
        self.assertEqual([(row["change"], row["field"], row["before"], row["after"]) for row in table[:1]],
                         [("changed", "ports", "tcp 80", "tcp 8080")])
        self.assertEqual([row["change"] for row in table[1:]], ["firewall-open", "firewall-close"])

    def test_callers_conditions_and_presence(self):
        old = self.guide("v1", [rule("t/1", "tcp 80", more=FOR_AGENT)])
        new = self.guide("v2", [rule("t/1", "tcp 80", more='from = ["agent", "browser"]; when = "mode == \'b\'"; '
                                                           'presence = "optional";')])
        table = self.rows(old, new)
        self.assertEqual({row["field"] for row in table if row["change"] == "changed"}, {"callers", "when", "presence"})
        # what held always and now holds under a condition is another opening
        self.assertEqual(sorted((row["change"], row["source"], row["when"]) for row in table
                                if row["change"].startswith("firewall")),
                         [("firewall-close", "agent", "-"), ("firewall-open", "agent", "mode == 'b'"),
                          ("firewall-open", "browser", "mode == 'b'")])

    def test_the_default_of_a_parameter_changes_what_is_demanded(self):
        old = self.guide("v1", [rule("t/1", "tcp 80", more="when = \"mode == 'a'\";")])
        new = self.guide("v2", [rule("t/1", "tcp 80", more="when = \"mode == 'a'\";")], initial="b")
        self.assert_run(self.diff(old, new), 1, "parameter mode", "default: b, was a")

    def test_a_new_component(self):
        old = self.guide("v1", [rule("t/1", "tcp 80")])
        new = self.guide("v2", [rule("t/1", "tcp 80"), rule("t/2", "tcp 81", "cache")],
                         components=', { name = "cache"; about = "C"; }')
        found = [(row["change"], row["where"]) for row in self.rows(old, new)]
        self.assertEqual(found[:2], [("added", "cache"), ("opened", "cache")])
        found = [(row["change"], row["where"]) for row in self.rows(new, old)]
        self.assertEqual(found[:2], [("removed", "cache"), ("dropped", "cache")])

    def test_what_stays_on_a_host_is_no_matter_of_a_firewall(self):
        old = self.guide("v1", [rule("t/1", "tcp 80")])
        new = self.guide("v2", [rule("t/1", "tcp 80"), rule("t/2", "tcp 81", more='scope = "host";'),
                                rule("t/3", "tcp 82", more='presence = "reserved";')])
        self.assertEqual([row["change"] for row in self.rows(old, new)], ["opened", "opened"])

    def test_json_says_the_same(self):
        old = self.guide("v1", [rule("t/1", "tcp 80", more=FOR_AGENT)])
        new = self.guide("v2", [rule("t/1", "tcp 8080", more=FOR_AGENT)])
        objects = json.loads(self.diff(old, new, "--format", "json").out)
        self.assertEqual([{key: value or "-" for key, value in row.items()} for row in objects], self.rows(old, new))

    def test_an_id_a_file_and_a_folder(self):
        self.assert_run(self.diff("jp1-itdm", SOURCE / "conf" / "guides" / "jp1-itdm.conf"), 0, "the same")
        folder = SOURCE / "conf" / "guides" / "cisco-ucc-11.5"
        self.assert_run(self.diff(folder, f"{folder}/"), 0, "the same")

    def test_trouble_is_3(self):
        good = self.guide("v1", [rule("t/1", "tcp 80")])
        for arguments, words in (([good], "needs two"), ([good, good, good], "needs two"), ([good, JP1], "and"),
                                 ([good, self.folder / "none.conf"], "no guide"), (["jp1-itdm", "nothing"], "no guide"),
                                 ([good, good, "-H", "x"], "no hosts"), ([good, good, "--format", "markdown"], "unknown form")):
            with self.subTest(arguments=arguments):
                result = run(COMMAND, "diff", *arguments)
                self.assertEqual((result.status, result.out), (3, ""), result)
                self.assertIn(words, result.err)


class Sites(Case):
    def copy(self):
        target = self.folder / "new"
        shutil.copytree(JP1, target)
        return target

    def change(self, path, old, new):
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new))

    def test_the_same_is_0(self):
        self.assert_run(run(COMMAND, "diff", JP1, JP1 / "site.conf"), 0, "demand the same")

    def test_an_address_that_moved(self):
        new = self.copy()
        self.change(new / "hosts.d" / "db01.conf", "10.0.1.11", "10.0.1.12")
        result = run(COMMAND, "diff", JP1, new)
        self.assert_run(result, 1, "addresses: 10.0.1.12, was 10.0.1.11", "firewall between them",
                        "mgr01 (10.0.1.10) -> db01 (10.0.1.12)", "mgr01 (10.0.1.10) -> db01 (10.0.1.11)")
        rows = [line.split("\t") for line in run(COMMAND, "diff", JP1, new, "--format", "tsv").out.splitlines()[1:]]
        opened = {(row[2], row[1], row[3]) for row in rows if row[0] == "firewall-open"}
        self.assertIn(("mgr01 (10.0.1.10)", "db01 (10.0.1.12)", "tcp 31010"), opened)

    def test_a_host_that_went_closes_its_ways(self):
        new = self.copy()
        (new / "hosts.d" / "prn01.conf").unlink()
        result = run(COMMAND, "diff", JP1, new)
        self.assert_run(result, 1, "prn01", "removed", "udp 161", "close")
        self.assertNotIn("open     ", result.out)
        self.assert_run(run(COMMAND, "diff", new, JP1), 1, "added", "opened")

    def test_one_host_alone(self):
        new = self.copy()
        (new / "hosts.d" / "prn01.conf").unlink()
        self.change(new / "hosts.d" / "db01.conf", "10.0.1.11", "10.0.1.12")
        result = run(COMMAND, "diff", JP1, new, "-H", "prn01")
        self.assert_run(result, 1, "prn01")
        self.assertNotIn("10.0.1.12", result.out)
        self.assertEqual(run(COMMAND, "diff", JP1, new, "-H", "site01").status, 0)
        self.assertEqual(run(COMMAND, "diff", JP1, new, "-H", "nobody").status, 3)

    def test_ports_that_grew_are_told_without_those_that_were_there(self):
        for name, ports in (("old", "tcp 5000..5010"), ("new", "tcp 5000..5020")):
            (self.folder / name / "hosts.d").mkdir(parents=True)
            (self.folder / name / "site.conf").write_text('site: { name = "s"; };\n')
            (self.folder / name / "hosts.d" / "h1.conf").write_text(
                f'host: {{ name = "h1"; addresses = ["192.0.2.1"]; expect = ( {{ ref = "x"; ports = "{ports}"; }} ); }};\n')
        rows = [line.split("\t") for line in
                run(COMMAND, "diff", self.folder / "old", self.folder / "new", "--format", "tsv").out.splitlines()[1:]]
        self.assertEqual([(row[0], row[3]) for row in rows],
                         [("changed", "tcp 5000..5020"), ("firewall-open", "tcp 5011..5020")])

    def test_a_site_with_a_mistake_is_trouble(self):
        new = self.copy()
        self.change(new / "hosts.d" / "db01.conf", "component", "komponent")
        result = run(COMMAND, "diff", JP1, new)
        self.assertEqual((result.status, result.out), (3, ""), result)
        self.assertRegex(result.err, r"db01\.conf:\d+:\d+: error: ")


if __name__ == "__main__":
    main()
