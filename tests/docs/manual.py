#!/usr/bin/python3
"""The manual pages against the programs and tables that they describe.

    manual.py lint                     every page passes mandoc
    manual.py options BUILD_DIR        every command and option of the programs' own help stands in their pages
"""
import glob
import os
import re
import shutil
import subprocess
import sys

SKIP = 77
DOCS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "docs")


def plain(page):
    """A page as plain text, each run of blanks one blank."""
    text = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=200", os.path.join(DOCS, page)], capture_output=True,
                          text=True, check=True).stdout
    return " ".join(re.sub(".\b", "", text).replace("‐", "-").replace("−", "-").split())


def lint():
    pages = sorted(glob.glob(os.path.join(DOCS, "*.[1578]")))
    assert len(pages) >= 6, pages
    failed = 0
    for page in pages:
        result = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True, check=False)
        if result.returncode:
            print(result.stdout)
            failed += 1
    print(f"{len(pages)} pages, {failed} with faults")
    return 1 if failed else 0


def help_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def options(build):
    missing = []
    main_help = help_of(f"{build}/portconform", "--help")
    commands = re.findall(r"^  ([a-z-]+) ", main_help, re.M)
    assert len(commands) >= 6, main_help
    sources = {"portconform.1": [help_of(f"{build}/portconform", "help", c) for c in commands if c != "help"],
               "check_portconform.1": [help_of(f"{build}/check_portconform", "-h")],
               "portconformd.8": [help_of(f"{build}/portconformd", "-h")]}
    page = plain("portconform.1")
    missing += [f"portconform.1: command {c}" for c in commands if f" {c} " not in page]
    seen = 0
    for name, helps in sources.items():
        page = plain(name)
        for text in helps:
            for line in text.splitlines():
                if not re.match(r"  +-", line):
                    continue
                for option in re.findall(r"(?<![\w-])(--?[a-zA-Z][a-z-]*)", line.split("  ")[1] if line.startswith("  -")
                                         else line.strip().split("  ")[0]):
                    seen += 1
                    if not re.search(re.escape(option) + r"(?![\w-])", page):
                        missing.append(f"{name}: {option}")
    assert seen > 40, seen
    for line in sorted(set(missing)):
        print("not in the manual:", line)
    print(f"{len(commands)} commands, {seen} options, {len(set(missing))} missing")
    return 1 if missing else 0


def main():
    if not shutil.which("mandoc"):
        print("skipped: mandoc is not installed")
        return SKIP
    return lint() if sys.argv[1] == "lint" else options(os.path.abspath(sys.argv[2]))


if __name__ == "__main__":
    sys.exit(main())
