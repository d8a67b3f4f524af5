"""portconform matrix and export: golden files that a person has read, what nft thinks of them, and how they fail.

To write the golden files anew after a change that was read through: PORTCONFORM_GOLDEN=write.
"""
import csv
import html.parser
import io
import json
import os
import re
import shutil
import subprocess
import unittest

from harness import COMMAND, SOURCE, Case, main, run

FIXTURES = SOURCE / "tests" / "fixtures"
SHOP = FIXTURES / "openings"
EXAMPLES = SOURCE / "conf" / "examples"
JP1 = EXAMPLES / "jp1-multi"
GOLDEN = FIXTURES / "openings" / "golden"


def matrix(*arguments, **options):
    return run(COMMAND, "matrix", "-C", *arguments, **options)


def export(form, *arguments, **options):
    return run(COMMAND, "export", form, "-C", *arguments, **options)


def hosts_of(site):
    return sorted(path.stem for path in (site / "hosts.d").glob("*.conf"))


class Golden(Case):
    maxDiff = None

    def assert_golden(self, name, result, status=0, prepare=lambda text: text):
        self.assertEqual(result.status, status, result)
        path = GOLDEN / name
        text = prepare(result.out)
        if os.environ.get("PORTCONFORM_GOLDEN") == "write":
            path.write_text(text, newline="")
        with path.open(newline="") as file:
            self.assertEqual(text, file.read(), f"{path} differs; PORTCONFORM_GOLDEN=write writes it anew")

    def test_jp1_example(self):
        """What a rule is about is the guide's to word; what it opens is not."""
        def bare(text):
            return re.sub(r"^( *# \S+ to \S+: [^:\n]+): .*$", r"\1", text, flags=re.M)

        self.assert_golden("jp1-multi.matrix.txt", matrix(JP1))
        self.assert_golden("jp1-multi.nft", export("nftables", JP1), prepare=bare)
        self.assert_golden("jp1-multi.mgr01.nft", export("nftables", JP1, "-H", "mgr01"), prepare=bare)
        self.assert_golden("jp1-multi.pc0102.ps1", export("windows", JP1, "-H", "pc0102"), prepare=bare)
        self.assert_golden("jp1-multi.acl", export("cisco-acl", JP1))

    def test_shop(self):
        self.assert_golden("shop.matrix.txt", matrix(SHOP))
        self.assert_golden("shop.csv", export("csv", SHOP))
        self.assert_golden("shop.html", matrix(SHOP, "--format", "html"))
        self.assert_golden("shop.nft", export("nftables", SHOP))
        self.assert_golden("shop.web1.nft", export("nftables", SHOP, "-H", "web1", "--rest", "count"))
        self.assert_golden("shop.acl", export("cisco-acl", SHOP), status=1)
        self.assert_golden("shop.web1.ps1", export("windows", SHOP, "-H", "web1"), status=1)


class Matrix(Case):
    def test_every_form_tells_the_same_openings(self):
        tsv = [line.split("\t") for line in matrix(SHOP, "--format", "tsv").out.splitlines()]
        objects = json.loads(matrix(SHOP, "--format", "json").out)
        table = list(csv.reader(io.StringIO(matrix(SHOP, "--format", "csv").out, newline="")))
        self.assertEqual(table[0], tsv[0])
        self.assertEqual(len(table), len(tsv))
        self.assertEqual([[row[name] or "-" for name in tsv[0]] for row in objects], tsv[1:])
        for of_csv, of_tsv in zip(table[1:], tsv[1:]):
            self.assertEqual([word or "-" for word in of_csv], of_tsv)
        self.assertEqual(matrix(SHOP, "--format", "csv").out, export("csv", SHOP).out)

    def test_questions_are_told_beside_what_machines_read(self):
        for form in ("csv", "tsv", "json"):
            result = matrix(SHOP, "--format", form)
            self.assertEqual(result.status, 0, result)
            self.assertIn("open question: which value has audit of shop on app10? (shop/app/4)", result.err)
            self.assertNotIn("which value", result.out)
        for form in ("text", "html"):
            result = matrix(SHOP, "--format", form)
            self.assertEqual(result.err, "", result)
            self.assertIn("which value has audit of shop on app10? (shop/app/4)", result.out)

    def test_page_needs_nothing_else_and_is_well_formed(self):
        page = matrix(SHOP, "--format", "html").out
        self.assertNotRegex(page, r"(?i)<script|<link|\bsrc=|url\(|https?://")
        open_tags = []

        class Reader(html.parser.HTMLParser):
            def handle_starttag(self, tag, attributes):
                if tag not in ("meta", "br"):
                    open_tags.append(tag)

            def handle_endtag(self, tag):
                assert open_tags.pop() == tag

        Reader().feed(page)
        self.assertEqual(open_tags, [])

    def test_one_host(self):
        everything = json.loads(matrix(JP1, "--format", "json").out)
        of_host = json.loads(matrix(JP1, "-H", "jp1", "--format", "json").out)  # an alias
        self.assertEqual(of_host, [row for row in everything if "mgr01" in (row["from"], row["to"])])

    def test_a_vantage_is_a_caller_where_it_is_asked_for(self):
        self.assertNotIn("mon1", matrix(JP1).out)
        result = matrix(JP1, "--with-vantage", "mon1")
        self.assertRegex(result.out, r"mon1 +10\.0\.0\.5 +mgr01 +10\.0\.1\.10 +tcp +31080 ")
        self.assertNotIn("who plays browser", result.out)

    def test_nothing_to_open(self):
        self.assert_run(matrix(self.folder), 0, "Nobody has to reach anybody.\n")

    def test_mistakes(self):
        for arguments, words in (
            ([JP1, "-H", "mgr1"], 'the site has no host "mgr1"; did you mean "mgr01"?'),
            ([JP1, "mgr01"], "given by -H"),
            ([JP1, "--format", "xml"], 'unknown form "xml"'),
            ([JP1, "--with-vantage", "mon2"], 'has no vantage "mon2"'),
            ([self.folder / "none"], "none"),
        ):
            with self.subTest(arguments=arguments):
                result = matrix(*arguments)
                self.assertEqual((result.status, result.out), (3, ""), result)
                self.assertIn(words, result.err)


class Export(Case):
    def test_mistakes(self):
        for arguments, words in (
            (["iptables", "-C", JP1], 'unknown form "iptables"'),
            (["-C", JP1], "needs one form: nftables, windows, cisco-acl, csv, html"),
            (["windows", "-C", JP1], "name it by -H"),
            (["nftables", "-C", JP1, "-H", "mgr1"], 'did you mean "mgr01"?'),
            (["nftables", "-C", JP1, "--rest", "reject"], 'unknown choice "reject"'),
        ):
            with self.subTest(arguments=arguments):
                result = run(COMMAND, "export", *arguments)
                self.assertEqual((result.status, result.out), (3, ""), result)
                self.assertIn(words, result.err)

    def test_what_is_left_out_is_told_by_status_and_in_place(self):
        result = export("windows", SHOP, "-H", "web1")
        self.assert_run(result, 1, "# Left out, since a rule of Windows takes no DNS name: partner.example.com\n")
        self.assertIn("shop.conf:", result.err)
        self.assertIn('("partner.example.com"): tcp 8443 from partner to web1 (shop/web/2)', result.err)
        result = export("nftables", SHOP)
        self.assertEqual(result.status, 0, result)
        self.assertIn("is a set that is empty until something fills it", result.err)

    def test_the_same_site_gives_the_same_octets(self):
        for form in ("nftables", "cisco-acl", "csv", "html"):
            self.assertEqual(export(form, SHOP).out, export(form, SHOP).out)

    def test_one_rule_an_opening_and_ip_version(self):
        """As many accepting rules as the matrix says, none twice."""
        rules = re.findall(r"^        (ip6? .*) counter accept", export("nftables", JP1).out, re.M)
        self.assertEqual(len(rules), len(json.loads(matrix(JP1, "--format", "json").out)))
        self.assertEqual(len(rules), len(set(rules)))


@unittest.skipUnless(shutil.which("nft") and shutil.which("unshare"), "needs nft and unshare")
class Loads(Case):
    """nft reads the exports, in a network namespace of its own."""

    def nft(self, *arguments, stdin):
        return subprocess.run(["unshare", "-n", "sh", "-c", f"nft {' '.join(arguments)} -f /dev/stdin && nft -j list ruleset"],
                              input=stdin, capture_output=True, text=True, timeout=120)

    def setUp(self):
        super().setUp()
        probe = subprocess.run(["unshare", "-n", "nft", "list", "ruleset"], capture_output=True)
        if probe.returncode != 0:
            self.skipTest("nft in a network namespace needs root: " + probe.stderr.decode().strip())

    def load(self, text):
        checked = self.nft("-c", stdin=text)
        self.assertEqual(checked.returncode, 0, checked.stderr[:4000])
        loaded = self.nft(stdin=text)
        self.assertEqual(loaded.returncode, 0, loaded.stderr[:4000])
        return [entry["rule"] for entry in json.loads(loaded.stdout)["nftables"] if "rule" in entry]

    def test_every_example_site_and_host(self):
        sites = sorted(path.parent for path in EXAMPLES.glob("*/site.conf")) + [SHOP]
        self.assertGreaterEqual(len(sites), 4)
        for site in sites:
            for host in [None] + hosts_of(site):
                with self.subTest(site=site.name, host=host):
                    result = export("nftables", site, *(["-H", host] if host else []))
                    self.assertEqual(result.status, 0, result)
                    rules = self.load(result.out)
                    self.assertEqual({rule["chain"] for rule in rules}, {"input" if host else "forward"})

    def test_loading_twice_replaces(self):
        text = export("nftables", JP1).out
        self.assertEqual(len(self.load(text)), len(self.load(text + text)))

    def test_comments_name_the_guide_rows(self):
        told = {row["rules"] for row in json.loads(matrix(JP1, "--format", "json").out)}
        seen = {rule.get("comment") for rule in self.load(export("nftables", JP1).out)}
        self.assertLessEqual(told, seen)

    def test_whole_internet_and_nested_prefixes(self):
        self.site('site: { name = "edge"; guides = ["shop"]; };\n'
                  'networks: ( { name = "all"; prefixes = ["0.0.0.0/0", "10.0.0.0/8", "::/0"];\n'
                  '  plays = ( { component = "web"; } ); },\n'
                  '  { name = "many"; prefixes = ["10.1.0.0/16", "10.1.2.0/24", "10.2.0.0/16", "2001:db8::/32"];\n'
                  '  plays = ( { component = "app"; side = "a"; } ); } );\n')
        self.host("app1", 'addresses = ["10.9.0.1", "2001:db8:9::1"];\n'
                          '  roles = ( { component = "app"; side = "b"; audit = false; } );')
        result = run(COMMAND, "export", "nftables", "-C", self.folder, "-G", SHOP / "guides")
        self.assertEqual(result.status, 0, result)
        self.assertIn("        ip daddr 10.9.0.1 tcp dport 8081 ", result.out)
        self.assertIn("ip saddr { 10.1.0.0/16, 10.2.0.0/16 } ip daddr 10.9.0.1 tcp dport 7000 ", result.out)
        self.load(result.out)


if __name__ == "__main__":
    main()
