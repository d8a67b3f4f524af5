"""portconform rules: the pages as Markdown, and what JSON adds."""
import json
import re

from harness import COMMAND, Case, main, run

HOSTILE = 'a|b `c` <script>x</script> [l](u) *e* _u_ \\\\ ~s~ &amp;'
GUIDE = f"""guide: {{ id = "g"; title = "Ports of | all"; title_ja = "ポート"; vendor = "V"; source = "S 1"; product_version = "2";
  published = "2020-01-01"; revision = 3; }};
parameters: ( {{ name = "mode"; type = "enum"; values = ["x", "y"]; default = "x"; about = "Which mode"; about_ja = "モード"; }},
              {{ name = "n"; type = "int"; min = 1; max = 9; about = "How many"; }} );
components: ( {{ name = "a"; about = "Part A"; }}, {{ name = "b"; external = true; about = "{HOSTILE}"; }} );
rules: (
  {{ ref = "one/1"; part = "a"; listens = "a"; from = ( {{ component = "b"; when = "peer.n == n || mode == 'y'"; }} );
    ports = "tcp 80, 90..99, udp 7"; service = "http"; when = "mode == 'x'"; about = "{HOSTILE}"; about_ja = "日本語"; }},
  {{ ref = "one/1"; part = "b"; listens = "a"; ports = "tcp 81"; presence = "reserved"; scope = "host"; scope_basis = "inferred"; }},
  {{ ref = "two/1"; listens = "b"; ports = "unstated 99"; assume = "tcp"; changeable = "no"; printed = "tcp 98"; erratum = "A misprint"; }}
);
"""


def cells(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


class Markdown(Case):
    def setUp(self):
        super().setUp()
        (self.folder / "g.conf").write_text(GUIDE)

    def rules(self, *options):
        result = run(COMMAND, "rules", "-G", self.folder, "g", *options)
        self.assert_run(result, 0)
        return result

    def tables(self, text):
        """[(heading, [row, ...])]: every row has as many cells as the head of its table."""
        found, heading, width = [], None, None
        for line in text.splitlines():
            if line.startswith("#"):
                heading, width = line, None
            elif line.startswith("|"):
                row = cells(line)
                if width is None:
                    width = len(row)
                    found.append((heading, []))
                self.assertEqual(len(row), width, line)
                found[-1][1].append(row)
        return found

    def test_a_page(self):
        result = self.rules("--format", "markdown")
        tables = dict(self.tables(result.out))
        self.assertEqual([line for line in result.out.splitlines() if line.startswith("#")],
                         ["# Ports of \\| all", "## Parameters", "## Components", "## Table one", "## Table two", "## Errata"])
        for words in ("Source: S 1", "Product version: 2", "Published: 2020-01-01", "revision 3", "ポート"):
            self.assertIn(words, result.out)
        self.assertEqual(tables["## Parameters"][2][:3], ["`mode`", "x, y", "x"])
        self.assertEqual(tables["## Parameters"][3][:3], ["`n`", "1 to 9", "none"])
        self.assertEqual(tables["## Components"][3][:2], ["`b`", "outside the site"])
        one = tables["## Table one"]
        self.assertEqual(one[2][:3], ["1#a", "`tcp 80, 90..99, udp 7`", "a"])
        self.assertEqual(one[2][4:8], ["`mode == 'x'`", "required", "network", "http"])
        self.assertEqual(one[3][3:7], ["the host itself", "always", "reserved", "host (inferred)"])
        self.assertEqual(tables["## Errata"][2], ["two/1", "`unstated 99`", "tcp 98", "A misprint"])
        self.assertIn("Cannot be changed", result.out)

    def test_what_a_guide_says_is_never_markup(self):
        out = self.rules("--format", "markdown").out
        outside_code = re.sub(r"`[^`\n]*`", "", re.sub(r"\\.", "", out))
        for markup in ("<script", "[l]", "&amp", "~s~", "_u_"):
            self.assertNotIn(markup, outside_code)

    def test_errata_alone(self):
        tables = dict(self.tables(self.rules("--format", "markdown", "--errata").out))
        self.assertEqual(list(tables), ["## Errata"])

    def test_json_has_all(self):
        rows = json.loads(self.rules("--format", "json").out)
        self.assertEqual([row["rule"] for row in rows], ["g/one/1#a"] * 3 + ["g/one/1#b", "g/two/1"])
        self.assertEqual((rows[-1]["printed"], rows[-1]["erratum"], rows[-1]["assume"], rows[-1]["changeable"]),
                         ("tcp 98", "A misprint", "tcp", "no"))
        self.assertEqual((rows[3]["scope_basis"], rows[3]["part"], rows[0]["about_ja"]), ("inferred", "b", "日本語"))

    def test_only_rules_come_as_pages(self):
        result = run(COMMAND, "expect", "-C", self.folder, "--format", "markdown")
        self.assertEqual((result.status, result.out), (3, ""))
        self.assertIn("unknown form", result.err)


class Shipped(Case):
    def test_the_page_of_every_guide_is_whole(self):
        for guide in ("jp1-itdm", "sametime-community", "ism", "livesupport", "cisco-ucc-11.5"):
            with self.subTest(guide=guide):
                page = run(COMMAND, "rules", guide, "--format", "markdown").out
                rules = {row["rule"] for row in json.loads(run(COMMAND, "rules", guide, "--format", "json").out)}
                tables = page.split("\n## Errata\n")[0].split("\n## Table ")[1:]
                rows = sum(len([line for line in table.splitlines() if line.startswith("| ")]) - 1 for table in tables)
                self.assertEqual(rows, len(rules))

    def test_errata_are_those_rules_that_say_what_is_printed(self):
        everything = json.loads(run(COMMAND, "rules", "--format", "json").out)
        errata = json.loads(run(COMMAND, "rules", "--errata", "--format", "json").out)
        self.assertGreater(len(errata), 0)
        self.assertEqual(errata, [row for row in everything if row["printed"] or row["erratum"]])


if __name__ == "__main__":
    main()
