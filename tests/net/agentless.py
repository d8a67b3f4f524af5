#!/usr/bin/python3
"""Hosts on which nothing of ours is installed, read by SNMP: the real agent of Net-SNMP in a namespace, and agents of
many other kinds, replayed.

    agentless.py BUILD_DIR ACTOR table|credentials|copies|kinds...

Each part makes its own namespaces. `table` prints the verdict table of JP1's agentless computer.
"""
import json
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import lab as labs  # noqa: E402
from needs import check  # noqa: E402

ZONES = {"mon": 0, "branch": 2}
HOSTS = {"mon1": ("mon", 5), "pc0103": ("branch", 103)}
AUTH, PRIV, COMMUNITY = "authpass-12345", "privpass-12345", "comm-12345"
SECRETS = "".join(f"{user} auth {AUTH}\n{user} priv {PRIV}\n" for user in ("ro", "strong", "weak", "stranger", "plain"))


class Site:
    """A configuration in the lab's folder, and the programs that look at it from mon1."""

    def __init__(self, lab, build):
        self.lab, self.build = lab, build
        self.folder = os.path.join(lab.folder, "site")
        os.makedirs(os.path.join(self.folder, "hosts.d"))

    def write(self, path, content, mode=0o644):
        whole = os.path.join(self.folder, path)
        with open(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as out:
            out.write(content)
        os.chmod(whole, mode)

    def secrets(self, content):
        self.write("snmp.secrets", content, 0o600)

    def command(self, program, *arguments):
        return ["ip", "netns", "exec", self.lab.ns("mon1"), os.path.join(self.build, program), *arguments]

    def look(self, *arguments):
        result = subprocess.run(self.command("portconform", "check", "-C", self.folder, "--format", "json", *arguments),
                                capture_output=True, text=True, timeout=120, check=False)
        check(not result.stderr, "nothing on stderr", result.stderr)
        return json.loads(result.stdout)

    def tell(self, *arguments):
        result = subprocess.run(self.command("portconform", *arguments), capture_output=True, text=True, timeout=120,
                                check=False)
        check(not result.stderr, "nothing on stderr", result.stderr)
        return result.stdout


class Snmpd:
    """The agent of Net-SNMP, with nothing of the machine's own."""

    def __init__(self, lab, host, port=161):
        self.lab, self.host, self.port, self.process = lab, host, port, None
        self.folder = os.path.join(lab.folder, f"snmpd-{port}")
        for name in ("empty", "persist"):
            os.makedirs(os.path.join(self.folder, name))

    def start(self, lines):
        address = self.lab.address(self.host)
        path = os.path.join(self.folder, "snmpd.conf")
        with open(path, "w", encoding="utf-8") as out:
            out.write(f"agentAddress udp:{address}:{self.port}\n{lines}\n")
        environment = dict(os.environ, SNMPCONFPATH=os.path.join(self.folder, "empty"), MIBS="",
                           SNMP_PERSISTENT_DIR=os.path.join(self.folder, "persist"))
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", self.lab.ns(self.host), "/usr/sbin/snmpd", "-f", "-C", "-c", path, "-Lf",
             os.path.join(self.folder, "log"), "-I", "-smux,mteTrigger,mteTriggerConf"], env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.lab.settle(lambda: f"{address}:{self.port} " in self.lab.inside(self.host, "ss", "-Hlnu").stdout)

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None


USERS = f"""rocommunity {COMMUNITY}
createUser ro SHA-256 "{AUTH}" AES "{PRIV}"
createUser strong SHA-512 "{AUTH}" AES-256 "{PRIV}"
createUser weak MD5 "{AUTH}" DES "{PRIV}"
createUser plain SHA "{AUTH}"
rouser ro priv
rouser strong priv
rouser weak priv
rouser plain auth"""


def verdicts(report):
    """{"tcp 445": finding}"""
    check("findings" in report, "a report", report)
    return {f"{finding['transport']} {finding['ports']}" if finding["ports"] else finding["verdict"]: finding
            for finding in report["findings"]}


# --- the table --------------------------------------------------------------------------------------------------------

JP1 = """site: {
  name = "osaka-dc"; guides = ["jp1-itdm"];
  snmp = { user = "ro"; secrets = "snmp.secrets"; timeout_ms = 500; };
};
vantages: ( { name = "mon1"; acts_as = ( { component = "manager"; }, { component = "site-server"; } ); } );
"""


def test_table(lab, build, actor):
    """What is open, what a firewall keeps out, what listens in the wrong place, what nobody serves, what nobody expects:
    all told apart on a machine on which nothing of ours is."""
    site, snmpd = Site(lab, build), Snmpd(lab, "pc0103")
    address = lab.address("pc0103")
    site.write("site.conf", JP1)
    site.secrets(SECRETS)
    site.write("hosts.d/pc0103.conf", f"""host: {{
  name = "pc0103"; addresses = ["{address}"]; listeners = "snmp"; exclusive = true;
  roles = ( {{ component = "agentless"; authentication = "windows"; }} );
  expect = ( {{ ports = "tcp 22"; }}, {{ ports = "tcp 8080"; scope = "host"; owner = ["exe:setupd"]; }} );
}};
""")
    try:
        snmpd.start(USERS)
        lab.start("pc0103", "smbd", "tcp:0.0.0.0:445", "tcp:127.0.0.1:139", "udp:0.0.0.0:137", "udp:0.0.0.0:138")
        lab.start("pc0103", "sshd", "tcp:0.0.0.0:22")
        lab.start("pc0103", "setupd", "tcp:0.0.0.0:8080", "tcp:0.0.0.0:9999")
        lab.nft("fw", "table inet f {\nchain f {\ntype filter hook forward priority 0;\ntcp dport 22 drop;\n}\n}")
        report = site.look()
        found = verdicts(report)
        expected = {"tcp 445": "conforming", "tcp 139": "misbound", "tcp 22": "filtered", "tcp 8080": "exposed",
                    "tcp 9999": "unexpected"}
        for port, verdict in expected.items():
            check(port in found and found[port]["verdict"] == verdict, f"{port} is {verdict}", found.get(port))
        check("smbd" in found["tcp 139"]["listener"], "the program is named", found["tcp 139"])
        print(site.tell("check", "-C", site.folder, "--all", "-v"))
        print(site.tell("explain", "-C", site.folder, "pc0103", "22"))
    finally:
        snmpd.stop()


# --- credentials ------------------------------------------------------------------------------------------------------

HOST = """host: {{
  name = "pc0103"; addresses = ["{}"]; listeners = "snmp"; probe = "none";
  expect = ( {{ ports = "tcp 445"; }}, {{ ports = "tcp 81"; }}, {{ ports = "udp 161"; }} );
}};
"""
SEEN, FAILED = "seen", "failed"
CASES = [
    ("SNMPv1", 'version = "1";', SEEN, "SNMPv1 at "),
    ("SNMPv2c", 'version = "2c";', SEEN, "SNMPv2c at "),
    ("SHA-256 and AES", 'user = "ro";', SEEN, "authenticated and encrypted"),
    ("SHA-512 and AES-256", 'user = "strong"; auth = "SHA-512"; priv = "AES-256";', SEEN, "authenticated and encrypted"),
    ("MD5 and DES", 'user = "weak"; auth = "MD5"; priv = "DES";', SEEN, "authenticated and encrypted"),
    ("no encryption", 'user = "plain"; auth = "SHA"; priv = "none";', SEEN, "authenticated, not encrypted"),
    ("another hash", 'user = "ro"; auth = "SHA";', FAILED, "authentication failed: wrong pass phrase"),
    ("a level that is too low", 'user = "ro"; priv = "none";', FAILED, "refuses"),
    ("a user that it does not know", 'user = "stranger";', FAILED, "does not know the user"),
    ("another community", 'version = "2c"; entry = "other";', FAILED, "a wrong community"),
    ("another port", 'version = "2c"; port = 1161;', FAILED, "did not answer over SNMP"),
]


def secret_in(*texts):
    return [secret for secret in (AUTH, PRIV, COMMUNITY, "wrong-12345") for text in texts if secret in text]


def test_credentials(lab, build, actor):
    site, snmpd = Site(lab, build), Snmpd(lab, "pc0103")
    address = lab.address("pc0103")
    site.secrets(SECRETS + f"default community {COMMUNITY}\nother community wrong-12345\n")
    site.write("hosts.d/pc0103.conf", HOST.format(address))

    def settings(words):
        site.write("site.conf", 'site: { name = "s"; guides = []; snmp = { secrets = "snmp.secrets"; timeout_ms = 300; '
                                f'retries = 1; {words} }}; }};\n')

    try:
        snmpd.start(USERS)
        lab.start("pc0103", "smbd", "tcp:0.0.0.0:445")
        for name, words, outcome, told in CASES:
            settings(words)
            report = site.look()
            found = verdicts(report)
            if outcome == SEEN:
                check(found["tcp 445"]["verdict"] == "unproven" and found["tcp 81"]["verdict"] == "missing", name, report)
                check("smbd" in found["tcp 445"]["listener"], f"{name}: the program", found)
            else:
                check("not-judged" in json.dumps(found), name, report)
            explained = site.tell("explain", "-C", site.folder, "pc0103", "445")
            check(told in explained.replace("\n            ", " "), f"{name}: explained", explained)
            check(not secret_in(json.dumps(report), explained), "no secret is told", explained)
            print(f"ok {name}")
        settings('user = "ro";')
        test_restart(site, snmpd)
        snmpd.stop()
        test_process_list(site)
        test_lost_collector(site)
        test_views(lab, site, snmpd, settings)
    finally:
        snmpd.stop()


def test_restart(site, snmpd):
    """An agent that was started again counts its boots on, and is read like before."""
    for _ in range(2):
        snmpd.stop()
        snmpd.start(USERS)
        check(verdicts(site.look())["tcp 445"]["verdict"] == "unproven", "read after the agent's restart")
    print("ok an agent that was started again")


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def octets(path):
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def test_process_list(site):
    """While the collector waits for an agent that is not there, nobody reads secrets in arguments or environment."""
    with subprocess.Popen(site.command("portconform", "check", "-C", site.folder, "-t", "20"), stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        seen = set()
        while process.poll() is None:
            for pid in [process.pid, *children(process.pid)]:
                line = octets(f"/proc/{pid}/cmdline")
                seen.add(line.split("\0")[0])
                check(not secret_in(line, octets(f"/proc/{pid}/environ")), "no secret in the process list", line)
            time.sleep(0.01)
    check("portconform-collector" in seen, "the collector was seen", seen)
    print("ok no secret in the process list")


def test_lost_collector(site):
    """A collector that dies takes its orders along, and nothing else: that is told, and the check ends."""
    with subprocess.Popen(site.command("portconform", "check", "-C", site.folder, "-t", "20", "--format", "json"),
                          stdout=subprocess.PIPE, text=True) as process:
        lost = None
        while lost is None and process.poll() is None:
            lost = next((pid for pid in children(process.pid)
                         if octets(f"/proc/{pid}/cmdline").startswith("portconform-collector")), None)
            time.sleep(0.005)
        check(lost is not None, "the collector was seen")
        os.kill(lost, signal.SIGKILL)
        found = verdicts(json.loads(process.stdout.read()))
    check("not-judged" in json.dumps(found), "what the collector owed is not judged", found)
    print("ok a collector that dies")


VIEWS = [
    ("a view without TCP-MIB", "view v included .1\nview v excluded .1.3.6.1.2.1.6", "unseen", "unseen",
     "no TCP listener is told"),
    ("a view of IPv4 rows", "view v included .1\nview v excluded .1.3.6.1.2.1.6.20.1.4.2", "unproven", "unseen",
     "the agent's view hides IPv6 rows of TCP"),
    ("a view of the system group", "view v included .1.3.6.1.2.1.1", "not-judged", "not-judged",
     "neither TCP nor UDP sockets"),
    ("a view of all", "view v included .1", "unproven", "missing", "tcpListenerTable and udpEndpointTable"),
]


def test_views(lab, site, snmpd, settings):
    settings('version = "2c";')
    lab.start("pc0103", "smbd", "tcp:[::]:8445")
    for name, view, at_445, at_81, told in VIEWS:
        snmpd.start(f"com2sec s default {COMMUNITY}\ngroup g v2c s\n{view}\naccess g \"\" any noauth exact v none none")
        found = verdicts(site.look())
        explained = site.tell("explain", "-C", site.folder, "pc0103", "445")
        check([found[port]["verdict"] for port in ("tcp 445", "tcp 81")] == [at_445, at_81]
              or at_445 == "not-judged" and "not-judged" in json.dumps(found), name, json.dumps(found, indent=1))
        check(told in explained, name, explained)
        snmpd.stop()
        print(f"ok {name}")


# --- copied machines --------------------------------------------------------------------------------------------------

def test_copies(lab, build, actor):
    """Machines that were copied have one engine id, and many clocks: each is read, all at once."""
    site, address = Site(lab, build), lab.address("pc0103")
    boots = {161: 70, 1161: 3, 1162: 200}
    agents = [Snmpd(lab, "pc0103", port) for port in boots]
    site.secrets(SECRETS)
    site.write("site.conf", 'site: { name = "s"; guides = []; snmp = { user = "ro"; secrets = "snmp.secrets"; }; };\n')
    try:
        for agent in agents:
            agent.start(f"{USERS}\nexactEngineID 0x80001f888000112233445566\n"
                        f"oldEngineID 0x80001f888000112233445566\nengineBoots {boots[agent.port]}")
            site.write(f"hosts.d/copy{agent.port}.conf", f"""host: {{
  name = "copy{agent.port}"; addresses = ["192.0.2.{agents.index(agent) + 1}"]; listeners = "snmp"; probe = "none";
  snmp = {{ address = "{address}"; port = {agent.port}; }};
  expect = ( {{ ports = "udp {agent.port}"; }} );
}};
""")
        for _ in range(3):
            report = site.look()
            check("findings" in report, "a report", report)
            for finding in report["findings"]:
                check("snmpd" in (finding["listener"] or ""), "the agent is read", finding)
        print("ok copied machines")
    finally:
        for agent in agents:
            agent.stop()


# --- other kinds ------------------------------------------------------------------------------------------------------

# kind: verdicts of tcp 445, tcp 81, udp 137 (None: any), and what explain tells of the source
KINDS = {
    "office": ("unproven", "missing", "unproven", "tcpListenerTable and udpEndpointTable"),
    "windows": ("unproven", "missing", "unproven", "the tables know IPv4 alone"),
    "old-unix": ("unproven", "unseen", "unproven", "not even its sockets of both families"),
    "duplicates": ("unproven", "missing", "unproven", "given again and stepped over"),
    "nameless": ("unproven", "missing", "unproven", "12 of 12 without a process"),
    "no-tcp": ("unseen", "unseen", "unproven", "no TCP listener is told"),
    "no-udp": ("unproven", "missing", "unseen", "no UDP socket is told"),
    "part": ("unproven", "unseen", "unproven", "TCP lacks an address family"),
    "nothing": (None, None, None, "tells neither TCP nor UDP sockets"),
    "endless": ("unseen", "unseen", None, "the table has no end"),
    "backwards": (None, "unseen", None, "rows came in the wrong order"),
    "wrong-types": ("unproven", "missing", "unproven", "without a process"),
    "huge-strings": ("unproven", "missing", "unproven", "\\x1b]0;"),
    "truncated": (None, None, None, "did not answer over SNMP"),
    "wrong-id": ("unproven", "missing", "unproven", "tcpListenerTable and udpEndpointTable"),
    "wrong-id-alone": (None, None, None, "did not answer over SNMP"),
    "drip": ("unproven", "missing", "unproven", "tcpListenerTable and udpEndpointTable"),
    "silent": (None, None, None, "did not answer over SNMP"),
    "elsewhere": (None, None, None, "another address than the one that was asked"),
}


def test_kinds(lab, build, actor):
    site = Site(lab, build)
    site.secrets("default community public\n")
    site.write("site.conf", 'site: { name = "s"; guides = []; snmp = { version = "2c"; secrets = "snmp.secrets"; '
                            'timeout_ms = 500; retries = 1; }; };\n')
    words, names = [], list(KINDS)
    for number, kind in enumerate(names):
        words += [kind, f"127.0.1.{number + 1}"]
        site.write(f"hosts.d/{kind}.conf", f"""host: {{
  name = "{kind}"; addresses = ["127.0.1.{number + 1}"]; listeners = "snmp"; probe = "none";
  expect = ( {{ ports = "tcp 445"; }}, {{ ports = "tcp 81"; }}, {{ ports = "udp 137"; }}, {{ ports = "tcp 80"; }} );
}};
""")
    site.write("hosts.d/windows6.conf", f"""host: {{
  name = "windows6"; addresses = ["::1"]; listeners = "snmp"; probe = "none";
  snmp = {{ address = "127.0.1.{names.index('windows') + 1}"; }};
  expect = ( {{ ports = "tcp 445"; }}, {{ ports = "tcp 81"; }} );
}};
""")
    with subprocess.Popen(["ip", "netns", "exec", lab.ns("mon1"), sys.executable,
                           os.path.join(HERE, "snmp_replay.py"), *words], stdout=subprocess.PIPE, text=True) as agents:
        try:
            check(agents.stdout.readline() == "ready\n", "the replayed agents are ready")
            report = site.look("-t", "60")
            for kind, (*expected, told) in KINDS.items():
                found = verdicts({"findings": [f for f in report["findings"] if f["host"] == kind]})
                for port, verdict in zip(("tcp 445", "tcp 81", "udp 137"), expected):
                    if verdict:
                        check(found[port]["verdict"] == verdict, f"{kind}: {port} is {verdict}", found.get(port))
                explained = site.tell("explain", "-C", site.folder, kind, "445")
                check(told in explained, f"{kind}: {told}", explained)
                check("\x1b" not in explained and "\x1b" not in json.dumps(report, ensure_ascii=False), "escaped")
                print(f"ok {kind}")
            found = verdicts({"findings": [f for f in report["findings"] if f["host"] == "windows6"]})
            check(found["tcp 81"]["verdict"] == "unseen", "an IPv4-only table proves nothing of IPv6", found)
        finally:
            agents.send_signal(signal.SIGKILL)


def main():
    build, actor, *parts = sys.argv[1:]
    labs.need("ip", "nft", "snmpd", "ss")
    tests = {"table": test_table, "credentials": test_credentials, "copies": test_copies, "kinds": test_kinds}
    for part in parts or tests:
        with labs.Lab(ZONES, HOSTS, actor) as lab:
            tests[part](lab, build, actor)


if __name__ == "__main__":
    main()
