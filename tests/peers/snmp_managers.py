#!/usr/bin/env python3
"""Managers that share no code with net-snmp, against our own agent: usage: snmp_managers.py BUILD node|pysnmp|prometheus|check_snmp"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request

from cores import SOURCE, check, end, free_port, need, need_built, skip, wait_for
from loopback import free_udp_port
from mib import base_mibs

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = "1.3.6.1.4.1.8072.9999.9999"
HOSTS, FINDINGS = 12, 20


class World:
    """The agent without a daemon: twelve hosts, of which one has one problem."""

    def __init__(self, build):
        self.folder = tempfile.mkdtemp(prefix="pc-managers-")
        self.port, self.trap_port = free_udp_port(), free_udp_port()
        config = os.path.join(self.folder, "snmp.conf")
        with open(config, "w", encoding="utf-8") as out:
            out.write('rocommunity public 127.0.0.1\ncreateUser ro SHA-256 "authpass-12345" AES "privpass-12345"\n'
                      f"rouser ro priv\ntrap2sink 127.0.0.1:{self.trap_port} public\n"
                      f"informsink 127.0.0.1:{self.trap_port} public\n")
        os.chmod(config, 0o600)
        with open(os.path.join(self.folder, "world.log"), "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [os.path.join(build, "tests", "peers", "snmp_world"), "--listen", f"udp:127.0.0.1:{self.port}", "--config",
                 config, "--state", self.folder, "--hosts", str(HOSTS), "--findings", str(FINDINGS)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        check(self.process.stdout.readline() == "ready\n", "the agent starts")
        self.tell("connected")

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        check(self.process.stdout.readline().startswith("done"), command)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.stdin.close()
        self.process.wait(20)
        if kind is not None:
            with open(os.path.join(self.folder, "world.log"), encoding="utf-8") as log:
                print(log.read())
        shutil.rmtree(self.folder, ignore_errors=True)


def node(world, _):
    need("node", "npm")
    made = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", world.folder, "net-snmp"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    if made.returncode != 0:
        skip("npm cannot install net-snmp: " + made.stdout)
    manager = subprocess.Popen(["node", os.path.join(HERE, "snmp_manager.js"), str(world.port), str(world.trap_port), ROOT],
                               stdout=subprocess.PIPE, text=True,
                               env=dict(os.environ, NODE_PATH=os.path.join(world.folder, "node_modules")))
    try:
        table = json.loads(manager.stdout.readline())
        check([(row["3"], row["11"]) for row in table.values()] == [("srv00001", 3)], "the table of problems", table)
        check(manager.stdout.readline() == "listening\n", "it listens")
        world.tell("raise srv00002 2")
        world.tell("raise srv00003 9")
        world.tell("reject site.conf:3: unknown key")
        told = [json.loads(manager.stdout.readline()) for _ in range(8)]
    finally:
        end(manager)
    trap = "1.3.6.1.6.3.1.1.4.1.0"
    for kind in ("TrapV2", "InformRequest"):
        kinds = [one["objects"][trap].rpartition(".")[2] for one in told if one["type"] == kind]
        check(sorted(kinds) == ["1", "1", "20", "9"], f"each {kind} arrives, and a summary for many", told)
    first = next(one["objects"] for one in told if one["objects"][trap].endswith(".0.1"))
    check("srv00002" in first.values() and "osaka-dc" in first.values() and "\n\x00\x00\x03" in first.values(),
          "site, name and address of the affected host", first)


def pysnmp(world, _):
    if subprocess.run([sys.executable, "-c", "import pysnmp.hlapi"], stderr=subprocess.DEVNULL, check=False).returncode:
        skip(f"{sys.executable} has no pysnmp (package python3-pysnmp4)")
    out = subprocess.run([sys.executable, os.path.join(HERE, "snmp_manager_pysnmp.py"), str(world.port), ROOT],
                         stdout=subprocess.PIPE, check=True, text=True, timeout=300).stdout
    seen = json.loads(out)
    keys = [name for name in seen if name.startswith(ROOT + ".1.4.1.2.")]
    check(len(keys) == HOSTS * FINDINGS, "every finding by SHA-256 and AES", len(keys))
    check(len([name for name in seen if name.startswith(ROOT + ".1.3.1.2.")]) == HOSTS, "a row for each host")
    check(seen[ROOT + ".1.1.2.0"] == "osaka-dc", "the site", seen[ROOT + ".1.1.2.0"])


def scrape(folder, config, world):
    port = free_port()
    path = os.path.join(folder, "snmp.yml")
    with open(path, "w", encoding="utf-8") as out:
        out.write(config)
    with open(os.path.join(folder, "exporter.log"), "w", encoding="utf-8") as log:
        exporter = subprocess.Popen(["prometheus-snmp-exporter", "--config.file=" + path, f"--web.listen-address=127.0.0.1:{port}"],
                                    stdout=log, stderr=log)
    try:
        def answer():
            try:
                url = f"http://127.0.0.1:{port}/snmp?target=127.0.0.1:{world.port}&module=portconform"
                return urllib.request.urlopen(url, timeout=30).read().decode()
            except OSError:
                check(exporter.poll() is None, "the exporter takes the module", open(log.name, encoding="utf-8").read())
                return None
        return wait_for("the exporter", answer)
    finally:
        end(exporter)


def prometheus(world, build):
    """The module that we write, and one that its own generator makes from the MIB, tell the same."""
    need("prometheus-snmp-exporter", "prometheus-snmp-generator")
    ours = subprocess.run([os.path.join(build, "portconform"), "export", "snmp-exporter-0.21"], stdout=subprocess.PIPE,
                          check=True, text=True).stdout
    newer = subprocess.run([os.path.join(build, "portconform"), "export", "snmp-exporter"], stdout=subprocess.PIPE,
                           check=True, text=True).stdout
    body = ours[ours.index("  walk:"):]
    check("".join("  " + line + "\n" for line in body.splitlines()) == newer[newer.index("    walk:"):],
          "both forms have the same body")
    text = scrape(world.folder, ours, world)
    check('pcHostSeverity{pcHostIndex="2",pcHostName="srv00001"} 3' in text, "a host by its name", text[:3000])
    check(re.search(r'pcProblemVerdict\{.*pcHostName="srv00001".*pcProblemKey="srv00001\|.*\} 2', text), "a problem by its key")
    check("pcNonconforming 1" in text and re.search(r'pcVerdictFindings\{.*pcVerdictName="missing"\} 1', text), "counts")
    made = os.path.join(world.folder, "generated")
    os.mkdir(made)
    shutil.copy(os.path.join(SOURCE, "conf", "prometheus", "generator.yml"), os.path.join(made, "generator.yml"))
    environment = dict(os.environ, MIBDIRS=base_mibs("mibs") + ":" + os.path.join(SOURCE, "mibs"), MIBS="PORTCONFORM-MIB",
                       SNMPCONFPATH=made)
    run = subprocess.run(["prometheus-snmp-generator", "generate", "-o", "snmp.yml"], cwd=made, env=environment, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    check(run.returncode == 0, "the generator takes the MIB", run.stdout)
    with open(os.path.join(made, "snmp.yml"), encoding="utf-8") as generated:
        theirs = scrape(made, generated.read(), world)
    pattern = re.compile(r"^(pc\w+(?:\{[^}]*\})?) (\S+)$", re.M)
    moving = re.compile("Age|Started|Loaded|Finished")
    one, other = ({name: value for name, value in pattern.findall(page) if not moving.search(name)} for page in (text, theirs))
    missing = {name: value for name, value in one.items() if other.get(name) != value}
    check(not missing and len(one) > 200, "what we write is what the generator makes", list(missing.items())[:10])


def check_snmp(world, _):
    plugin = "/usr/lib/nagios/plugins/check_snmp"
    if not os.path.exists(plugin):
        skip(f"{plugin} is not installed (package monitoring-plugins-standard)")

    def ask(*arguments):
        return subprocess.run([plugin, "-H", "127.0.0.1", "-p", str(world.port), *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False, env=dict(os.environ, MIBS="", SNMPCONFPATH="/nowhere"))
    count = ROOT + ".1.1.22.0"
    v3 = ("-P", "3", "-L", "authPriv", "-U", "ro", "-a", "SHA-256", "-A", "authpass-12345", "-x", "AES", "-X", "privpass-12345")
    good = ask("-P", "2c", "-C", "public", "-o", count, "-l", "nonconforming", "-w", "1", "-c", "5")
    check(good.returncode == 0 and "nonconforming" in good.stdout, "within its thresholds", good.stdout)
    world.tell("raise srv00002 6")

    def alarm():
        told = ask(*v3, "-o", count, "-l", "nonconforming", "-w", "1", "-c", "5")
        return told if told.returncode == 2 else None
    check(re.search(r"\b7\b", wait_for("the alarm", alarm).stdout), "the count")


if __name__ == "__main__":
    need_built(sys.argv[1], "tests/peers/snmp_world")
    with World(sys.argv[1]) as WORLD:
        {"node": node, "pysnmp": pysnmp, "prometheus": prometheus, "check_snmp": check_snmp}[sys.argv[2]](WORLD, sys.argv[1])
