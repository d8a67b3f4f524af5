"""What tests in Python say about the machine: what they need, and that they cannot run without it.

`need*` end the test as skipped. A part that this machine does not permit is left out with `leave_out`: the parts behind it
still run, and `finish` ends as skipped, too, so that nobody takes the whole for passed; in CI a skip is a failure.
"""
import json
import os
import shutil
import sys

SKIP = 77  # the exit status that tells ctest "skipped"
SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

_left_out = []
# a user's path may lack the folders of servers and of network tools
os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/sbin:/bin"
os.umask(0o022)  # what a test writes is read by servers and programs that run as other users


def skip(reason):
    print(f"skipped: {reason}", flush=True)
    sys.exit(SKIP)


def leave_out(part, reason):
    _left_out.append(f"{part}: {reason}")


def finish():
    """The end of a test that has passed as far as it ran."""
    if _left_out:
        skip("; ".join(_left_out))
    sys.exit(0)


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            skip(f"{program} is not installed")


def need_root(why):
    if os.geteuid() != 0:
        skip(f"only root can run this test: {why}")


def need_built(build, *programs):
    for program in programs:
        if not os.path.exists(os.path.join(build, program)):
            skip(f"{program} is not built in {build}")


def installed(build, place, *names):
    """Where the programs look for what is installed: below "bin" or "sysconf"."""
    with open(os.path.join(build, "tests", "installed.json"), encoding="utf-8") as places:
        return os.path.join(json.load(places)[place], *names)


def is_sanitized(build):
    """A sanitizer takes more memory than any bound."""
    with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as cache:
        return any(line.startswith("PC_SANITIZE") and line.strip().rpartition("=")[2] for line in cache)


def check(good, what, detail=""):
    if not good:
        raise AssertionError(f"{what}\n{detail}")
