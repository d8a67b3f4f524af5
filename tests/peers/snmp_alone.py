#!/usr/bin/env python3
"""The SNMP side without any snmpd: its tables, users and engine; and one transition as trap, inform and syslog event."""
import os
import re
import socket
import subprocess
import sys
import threading

from cores import SOURCE, check, end, need, need_built, wait_for
from loopback import Daemon, LoopbackSite, free_udp_port, start
from mib import base_mibs

MIB = "PORTCONFORM-MIB::"
SECRETS = ["-a", "SHA-256", "-A", "authpass-12345", "-x", "AES", "-X", "privpass-12345"]
TABLES = ("Verdict", "Host", "Finding", "Problem", "Listener", "Target", "Event")


class Manager:
    """Net-SNMP's tools with nothing of the machine's own."""

    def __init__(self, site):
        self.site = site
        self.port, self.trap_port = free_udp_port(), free_udp_port()
        self.agent = f"127.0.0.1:{self.port}"
        for folder in ("empty", "persist"):
            os.mkdir(site.path(folder))
        self.environment = dict(os.environ, SNMPCONFPATH=site.path("empty"), SNMP_PERSISTENT_DIR=site.path("persist"),
                                MIBS="")
        self.known = ["-M", base_mibs("mibs") + ":" + os.path.join(SOURCE, "mibs"), "-m", "PORTCONFORM-MIB"]

    def run(self, tool, *arguments, who=("-v2c", "-c", "public")):
        return subprocess.run([tool, *self.known, *who, "-t", "1", "-r", "1", *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60, check=False, env=self.environment).stdout

    def get(self, name, **how):
        return self.run("snmpget", "-Oqv", self.agent, name, **how).strip()

    def configure(self):
        path = self.site.path("snmp.conf")
        with open(path, "w", encoding="utf-8") as out:
            out.write('rocommunity public 127.0.0.1\ncreateUser ro SHA-256 "authpass-12345" AES "privpass-12345"\n'
                      f"rouser ro priv\ntrap2sink 127.0.0.1:{self.trap_port} traps\n"
                      f"informsink 127.0.0.1:{self.trap_port} informs\n")
        os.chmod(path, 0o600)
        return path

    def listen(self):
        """snmptrapd, one line a notification."""
        with open(self.site.path("trapd.conf"), "w", encoding="utf-8") as out:
            out.write(f"snmpTrapdAddr udp:127.0.0.1:{self.trap_port}\nauthCommunity log traps\nauthCommunity log informs\n"
                      'format2 %P %v\\n\n')
        return start(["/usr/sbin/snmptrapd", *self.known, "-f", "-n", "-C", "-c", self.site.path("trapd.conf"), "-OQ",
                      "-Lf", self.site.path("traps.log")], self.site, "snmptrapd", self.environment)

    def notifications(self, kind):
        """Objects by name of each notification of a kind: trap or inform."""
        if not os.path.exists(self.site.path("traps.log")):
            return []
        with open(self.site.path("traps.log"), encoding="utf-8", errors="replace") as log:
            lines = [line for line in log if line.startswith(kind)]
        return [dict(re.findall(r"PORTCONFORM-MIB::(\w+)\.[\d.]+ = (.*?)(?=\t|$)", line)) | {"line": line} for line in lines]


class Syslog:
    """A receiver of events over UDP."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.lines = []
        threading.Thread(target=self.receive, daemon=True).start()

    def receive(self):
        while True:
            self.lines.append(self.socket.recv(65536).decode("utf-8", "replace"))

    def events(self, msgid):
        return [line for line in self.lines if f" {msgid} " in line[:200]]


def test_tables(manager, site):
    wait_for("the first findings", lambda: manager.get(MIB + "pcOverallSeverity.0") == "critical")
    for name in TABLES:
        text = manager.run("snmptable", "-Cb", "-Ci", "-Cw", "160", manager.agent, MIB + f"pc{name}Table")
        print(text)
        check("SNMP table" in text and len(text.splitlines()) > 3, f"pc{name}Table has rows", text)
    text = manager.run("snmpbulkwalk", manager.agent, MIB + "portconformMIB")
    check("Wrong Type" not in text and f"= STRING: {site.other_port}" in text, "values have the types of the MIB", text)
    check(manager.get("SNMPv2-MIB::sysUpTime.0") != "", "the system group is there")


def test_users(manager):
    good = ("-v3", "-l", "authPriv", "-u", "ro", *SECRETS)
    check(manager.get(MIB + "pcSite.0", who=good) == "loop", "SHA-256 and AES")
    bad = ("-v3", "-l", "authPriv", "-u", "ro", *[word.replace("12345", "54321") for word in SECRETS])
    check("Authentication failure" in manager.get(MIB + "pcSite.0", who=bad), "a wrong pass phrase")
    low = ("-v3", "-l", "authNoPriv", "-u", "ro", *SECRETS[:4])
    check("authorization" in manager.get(MIB + "pcSite.0", who=low).lower(), "no privacy, no answer")
    check("Timeout" in manager.get(MIB + "pcSite.0", who=("-v2c", "-c", "other")), "another community")
    text = manager.run("snmpset", manager.agent, MIB + "pcSite.0", "s", "other")
    check("Reason: " in text, "nothing can be written", text)


def parameter(event, name):
    return re.search(rf' {name}="((?:[^"\\]|\\.)*)"', event).group(1)


def test_transition(manager, site, daemon, syslog):
    """The port comes up: the same event three times."""
    site.serve_other()
    daemon.look_now()
    wait_for("the event", lambda: syslog.events("CLEARED"))
    event = syslog.events("CLEARED")[0]
    told = {}
    for kind in ("TRAP2", "INFORM"):
        wait_for("the " + kind, lambda k=kind: [n for n in manager.notifications(k) if "pcFindingCleared" in n["line"]])
        told[kind] = [n for n in manager.notifications(kind) if "pcFindingCleared" in n["line"]][0]
    print("--- the syslog event\n" + event)
    for kind, objects in told.items():
        print(f"--- the {kind}\n" + objects.pop("line").replace("\t", "\n  "))
    same = {"pcEventKey": "key", "pcEventId": "id", "pcBoot": "boot", "pcSite": "site", "pcEventHost": "host",
            "pcEventVerdict": "verdict", "pcEventWas": "was", "pcEventPorts": "ports", "pcEventRule": "rule"}
    for kind, objects in told.items():
        for name, word in same.items():
            check(objects[name].strip('" ') == parameter(event, word), f"{kind}: {name} is what syslog says",
                  f"{objects[name]} and {parameter(event, word)}")
        check(objects["pcEventAddress"].strip('" ') == "7F 00 00 01", "the address of the affected host", objects)
    check(manager.get(MIB + f"pcEventKind.{parameter(event, 'id')}") == "cleared", "the event is in the ring")


def engine(manager):
    oid = "SNMP-FRAMEWORK-MIB::snmpEngine"
    return manager.get(oid + "ID.0"), int(manager.get(oid + "Boots.0"))


def daemon_of(build, site, manager, config, syslog):
    site.write_site(f'snmp_agent = {{ config = "{config}"; }}; syslog = ( {{ name = "siem"; '
                    f'target = "udp:127.0.0.1:{syslog.port}"; }} );')
    return Daemon(build, site, "--snmp-listen", "udp:" + manager.agent, "--state", site.path("state"))


def test_restart(build, site, manager, config, syslog):
    """The engine stays, its boots count up, and so do no indexes."""
    rows = {}
    for turn in range(2):
        with daemon_of(build, site, manager, config, syslog):
            wait_for("the tables", lambda: manager.get(MIB + "pcOverallSeverity.0") in ("ok", "critical"))
            text = manager.run("snmpwalk", "-Oq", "-On", manager.agent, MIB + "pcFindingKey")
            rows[turn] = sorted(text.splitlines()), *engine(manager)
    check(rows[0][0] == rows[1][0] and len(rows[0][0]) == 2, "rows keep their indexes over a restart", rows)
    check(rows[0][1] == rows[1][1] and rows[0][2] + 1 == rows[1][2], "engine id and boots", rows)


def test_open_file(build, site, manager, syslog):
    """Pass phrases that everybody may read are not taken."""
    config = manager.configure()
    os.chmod(config, 0o644)
    with daemon_of(build, site, manager, config, syslog) as daemon:
        wait_for("what is said about it", lambda: "is not read" in daemon.log())
        check("Timeout" in manager.get(MIB + "pcSite.0"), "nobody may read")


def test_nothing_else_listens(daemon):
    """Net-SNMP's agent would serve SMUX as well, on TCP port 199 of every address."""
    sockets = subprocess.run(["ss", "-H", "-ltnp"], stdout=subprocess.PIPE, text=True, check=True).stdout
    own = [line for line in sockets.splitlines() if f"pid={daemon.process.pid}," in line]
    check(not own, "no TCP port is open", "\n".join(own))


def test_port_in_use(build, site, manager, syslog):
    """It is told, and served when the port is free."""
    config = manager.configure()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", manager.port))
        with daemon_of(build, site, manager, config, syslog) as daemon:
            wait_for("what is said about it", lambda: "cannot listen at udp:" + manager.agent in daemon.log())
            other.close()
            wait_for("the tables", lambda: manager.get(MIB + "pcSite.0") == "loop", 40)
            check(f"listens at udp:{manager.agent} now" in daemon.log(), "it is told", daemon.log())


def main(build):
    need("ss", "snmptrapd", "snmpget", "snmpwalk", "snmpbulkwalk", "snmptable", "snmpset")
    base_mibs("mibs")
    need_built(build, "portconformd")
    with LoopbackSite() as site:
        manager, syslog = Manager(site), Syslog()
        config = manager.configure()
        receiver = manager.listen()
        try:
            with daemon_of(build, site, manager, config, syslog) as daemon:
                test_tables(manager, site)
                test_users(manager)
                test_nothing_else_listens(daemon)
                test_transition(manager, site, daemon, syslog)
            test_restart(build, site, manager, config, syslog)
            test_open_file(build, site, manager, syslog)
            test_port_in_use(build, site, manager, syslog)
        finally:
            end(receiver)


if __name__ == "__main__":
    main(sys.argv[1])
