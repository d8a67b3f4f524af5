#!/usr/bin/python3
"""Hosts in network namespaces, each with the real listeners of a role of a guide: adopt proposes that role first.

    adopt.py BUILD_DIR ACTOR [CASE...]

The proposal is then put into a site as it stands, and has to pass lint there, and the check of that very host.
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab as labs  # noqa: E402

ZONES = {"server": 1}
HOSTS = {"h1": ("server", 10)}
# what any host has besides
AROUND = [("sshd", ["tcp:0.0.0.0:22", "tcp:[::]:22:v6only"]), ("httpd", ["tcp:0.0.0.0:443"])]


class Case:
    """`expect`: (guide, component, words of the role's line)."""

    def __init__(self, name, expect, sockets, program="product"):
        self.name, self.expect, self.program = name, expect, program
        self.sockets = sockets


def every(transport, ports, address="0.0.0.0"):
    return [f"{transport}:{address}:{port}" for port in ports]


CASES = [
    Case("jp1-itdm", ("jp1-itdm", "manager", 'topology = "multi";'),
         ["tcp:0.0.0.0:31080", "tcp:[::]:31000", "tcp:10.98.1.10:31006"] + every("tcp", [31007, 31008, 31011], "127.0.0.1"),
         "jdn_manager"),
    Case("sametime-community", ("sametime-community", "community-server", "tunnelling ="),
         every("tcp", [1516, 1533]) + every("tcp", [9092, 9094], "127.0.0.1"), "stserver"),
    Case("ism", ("ism", "rc-client", ""), every("tcp", [42187, 42188, 42189]), "rcclient"),
    Case("livesupport", ("livesupport", "server", "phones = 1;"),
         every("udp", [7999]) + every("tcp", [8000, 8002, 8003, 8004, 4100]), "livesupport"),
    # side A of instance 2
    Case("cisco-ucc-11.5", ("cisco-ucc-11.5", "router", "instance = 2;"), None, "icmrouter"),
]


class Runner:
    def __init__(self, lab, build):
        self.lab, self.build, self.failures = lab, build, []

    def check(self, condition, message):
        if not condition:
            self.failures.append(message)
            print(f"    FAILED: {message}")

    def portconform(self, *arguments):
        return subprocess.run([f"{self.build}/portconform", *map(str, arguments)], capture_output=True, text=True,
                              timeout=120, check=False)

    def site(self, name, guide, host):
        """A site with this one host; its file's text is `host`."""
        folder = os.path.join(self.lab.folder, name)
        os.makedirs(os.path.join(folder, "hosts.d"))
        with open(os.path.join(folder, "site.conf"), "w", encoding="utf-8") as out:
            out.write(f'site: {{ name = "lab"; guides = ["{guide}"]; }};\n')
        with open(os.path.join(folder, "hosts.d", "h1.conf"), "w", encoding="utf-8") as out:
            out.write(host)
        return folder

    def router_sockets(self):
        """What the guide itself demands of a router: its numbers are many, and the expectations' tests prove them."""
        folder = self.site("of-the-router", "cisco-ucc-11.5",
                           'host: { name = "h1"; addresses = ["10.98.1.10"]; roles = ( { component = "router"; side = "a"; '
                           "instance = 2; private_qos = true; public_qos = true; } ); };\n")
        table = self.portconform("expect", "-C", folder, "--format", "tsv").stdout.splitlines()[1:]
        rows = [line.split("\t") for line in table]
        return sorted({f"{row[1]}:0.0.0.0:{row[2].split('.')[0]}" for row in rows if row[3] == "required"})

    def run(self, case):
        guide, component, words = case.expect
        lab = self.lab
        lab.stop("h1")
        for program, sockets in AROUND + [(case.program, case.sockets or self.router_sockets())]:
            lab.start("h1", program, *sockets)
        proposal = os.path.join(lab.folder, f"{case.name}.conf")
        result = self.portconform("adopt", "--netns", lab.netns_path("h1"), "--name", "h1", "--output", proposal)
        self.check(result.returncode == 0, f"{case.name}: adopt ended with {result.returncode}: {result.stderr}")
        with open(proposal, encoding="utf-8") as file:
            text = file.read()
        lines = [line.strip() for line in text.splitlines() if not line.lstrip().startswith("#")]
        roles = [line for line in lines if line.startswith("{ guide = ")]
        first = roles[0] if roles else "none"
        self.check(first.startswith(f'{{ guide = "{guide}"; component = "{component}";') and words in first,
                   f"{case.name}: proposed first is {first}\n{text}")
        self.check(re.search(rf"^ 1  {component} of {guide}: ", result.stdout, re.M), f"{case.name}: {result.stdout}")
        self.check('"10.98.1.10"' in text and '"fd98:0:0:1::10"' in text, f"{case.name}: no addresses\n{text}")
        self.check('#   { ports = "tcp 22"; about = "sshd' in text, f"{case.name}: the unexplained sshd is not listed\n{text}")
        folder = self.site(f"site-{case.name}", guide, text)
        lint = self.portconform("lint", "-C", folder)
        self.check(lint.returncode == 0, f"{case.name}: lint: {lint.stdout}{lint.stderr}")
        seen = self.portconform("check", "-C", folder, "--format", "tsv")
        missing = [line for line in seen.stdout.splitlines() if "\tmissing\t" in line]
        self.check(not missing, f"{case.name}: the check of the proposal misses {missing}")
        state = "FAILED" if any(f.startswith(case.name) for f in self.failures) else "ok"
        print(f"{state:6} {case.name:20} {first}", flush=True)


def main():
    build, actor, *names = sys.argv[1:]
    labs.need("ip")
    chosen = [case for case in CASES if not names or case.name in names]
    with labs.Lab(ZONES, HOSTS, actor) as lab:
        runner = Runner(lab, os.path.abspath(build))
        for case in chosen:
            runner.run(case)
    print(f"{len(chosen)} hosts, {len(runner.failures)} failures")
    return 1 if runner.failures else 0


if __name__ == "__main__":
    sys.exit(main())
