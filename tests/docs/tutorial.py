#!/usr/bin/python3
"""docs/writing-a-guide.md: the pieces of its guide, put together, load without a diagnostic and mean what the text says; the
commands of the page run as they stand there.

    tutorial.py BUILD_DIR
"""
import os
import re
import subprocess
import sys
import tempfile

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SITE = 'site: { name = "shop"; guides = ["shop"]; };\n'
HOST = ('host: { name = "app1"; addresses = ["192.0.2.10"];\n'
        '  roles = ( { component = "web"; }, { component = "node"; name = "n0"; node_number = 0; },\n'
        '            { component = "node"; name = "n3"; node_number = 3; }, { component = "database"; } ); };\n')
EXPECTED = {"443 required network browser", "7000 required network web", "7030 required network web",
            "7005 required network node[peer.node_number != node_number]",
            "7035 required network node[peer.node_number != node_number]", "5432 required peers node",
            "7800..7809 reserved host -", "9187 optional network web", "8500 optional network -"}


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def main():
    program = os.path.join(os.path.abspath(sys.argv[1]), "portconform")
    with open(os.path.join(SOURCE, "docs/writing-a-guide.md"), encoding="utf-8") as page:
        pieces = re.findall(r"^```\n(.*?)^```", page.read(), re.M | re.S)
    guide = "".join(p for p in pieces if not p.startswith("portconform "))
    with tempfile.TemporaryDirectory() as folder:
        write(f"{folder}/site.conf", SITE)
        write(f"{folder}/guides/shop.conf", guide)
        write(f"{folder}/hosts.d/app1.conf", HOST)
        lint = subprocess.run([program, "lint", "-G", f"{folder}/guides", "shop"], capture_output=True, text=True, check=False)
        assert lint.returncode == 0 and "0 errors, 0 warnings" in lint.stdout, lint.stdout + lint.stderr
        commands = [line.split("  ")[0].split() for p in pieces if p.startswith("portconform ") for line in p.splitlines()]
        assert len(commands) >= 4, commands
        for command in commands:
            result = subprocess.run([program, *command[1:]], cwd=folder, capture_output=True, text=True, check=False)
            assert result.returncode == 0 and result.stdout and not result.stderr, (command, result)
        expect = subprocess.run([program, "expect", "-C", folder, "--format", "tsv"], capture_output=True, text=True, check=False)
        assert expect.returncode == 0, expect.stderr
    rows = [line.split("\t") for line in expect.stdout.splitlines()[1:]]
    found = {" ".join(row[2:6]) for row in rows}
    assert found == EXPECTED, f"missing {EXPECTED - found}, not expected {found - EXPECTED}"
    print(f"{len(pieces)} pieces, {len(rows)} expectations")


if __name__ == "__main__":
    main()
