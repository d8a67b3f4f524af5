#!/usr/bin/python3
"""A JP1 site in network namespaces, and every verdict brought about by the situation it stands for.

    jp1_site.py BUILD_DIR ACTOR [SITUATION...]

The site: a monitoring network, a server network and a branch, a firewall between them. Real sockets, real routes,
real nftables; the programs listen under the names that the site's roles expect. Each situation changes one thing,
asks `portconform check --format json` and `check_portconform`, and compares verdict, blame, reason, exit status.
"""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab as labs  # noqa: E402

ZONES = {"mon": 0, "server": 1, "branch": 2}
HOSTS = {
    "mon1": ("mon", 5),
    "ops01": ("mon", 21),
    "mgr01": ("server", 10),
    "db01": ("server", 11),
    "site01": ("branch", 10),
    "pc0101": ("branch", 101),
}
# what each host runs when nothing is wrong: program, sockets
SERVICES = {
    "mgr01": [("jdn_manager", ["tcp:0.0.0.0:31080", "tcp:[::]:31000", "tcp:0.0.0.0:31006", "tcp:127.0.0.1:31007"])],
    "db01": [("jdn_database", ["tcp:0.0.0.0:31010", "tcp:127.0.0.1:31007"])],
    "site01": [("jdn_site", ["tcp:0.0.0.0:31000", "tcp:127.0.0.1:31010"])],
    "pc0101": [("jdn_agent", ["tcp:0.0.0.0:31001", "tcp:0.0.0.0:31016", "tcp:0.0.0.0:31017"])],
    "ops01": [("jdn_controller", ["tcp:0.0.0.0:31019", "tcp:0.0.0.0:31020"])],
}
ROLES = {
    "mgr01": '{ component = "manager"; owner = ["exe:jdn*"]; }',
    "db01": '{ component = "database-server"; owner = ["exe:jdn*"]; }',
    "site01": '{ component = "site-server"; owner = ["exe:jdn*"]; }',
    "pc0101": '{ component = "agent"; amt = false; owner = ["exe:jdn*"]; },'
              ' { component = "remote-agent"; owner = ["exe:jdn*"]; }',
    "ops01": '{ component = "controller"; owner = ["exe:jdn*"]; }',
}
CALLER = '{ name = "mon1"; acts_as = ( { component = "browser"; }, { component = "agent"; }, { component = "manager"; },' \
         ' { component = "site-server"; }, { component = "database-server"; }, { component = "controller"; },' \
         ' { component = "remote-agent"; } ); }'
BYSTANDER = '{ name = "mon1"; acts_as = ( { component = "browser"; } ); }'


class Situation:
    """One thing that is wrong, and what must be said about it.

    expect: (host, "tcp 31000", verdict, blame, reason); exit: of the plugin. The rest changes the site:
    firewall (nft forward rules), host_rules {host: whole nft ruleset}, services {host: [...]}, site (lines of
    `site:`), vantage, lines {host: lines of `host:`}, roles {host: roles}, hosts (who is described), prepare/restore (functions of the lab).
    """

    def __init__(self, name, about, expect, exit_status, **changes):
        self.name, self.about, self.expect, self.exit_status = name, about, expect, exit_status
        self.firewall = changes.pop("firewall", "")
        self.host_rules = changes.pop("host_rules", {})
        self.services = changes.pop("services", {})
        self.site = changes.pop("site", "")
        self.vantage = changes.pop("vantage", CALLER)
        self.lines = changes.pop("lines", {})
        self.roles = changes.pop("roles", {})
        self.hosts = changes.pop("hosts", ["mgr01"])
        self.prepare = changes.pop("prepare", None)
        self.restore = changes.pop("restore", None)
        assert not changes, changes


def manager(*sockets):
    return {"mgr01": [("jdn_manager", list(sockets))]}


def link(host, state):
    return lambda lab: lab.inside(host, "ip", "link", "set", "eth0", state)


def host_up(host):
    """A link that went down takes the IPv6 address and the routes along."""
    def restore(lab):
        number = ZONES[HOSTS[host][0]]
        lab.inside(host, "ip", "link", "set", "eth0", "up")
        lab.inside(host, "ip", "addr", "replace", f"{lab.address(host, 6)}/64", "dev", "eth0", "nodad")
        lab.inside(host, "ip", "route", "replace", "default", "via", f"10.98.{number}.1")
        lab.inside(host, "ip", "-6", "route", "replace", "default", "via", f"fd98:0:0:{number}::1")
    return restore


def fill_queue(lab):
    """Connects until the stuck listener takes no more, and stays connected; ends with the lab's process."""
    address = lab.address("mgr01")
    script = ("import socket,sys,time\n"
              "held=[]\n"
              "for _ in range(8):\n"
              "    s=socket.socket(); s.settimeout(0.3)\n"
              "    try:\n"
              f"        s.connect(('{address}',31000)); held.append(s)\n"
              "    except OSError: break\n"
              "print('ready',flush=True)\n"
              "time.sleep(60)\n")
    process = subprocess.Popen(["ip", "netns", "exec", lab.ns("mon1"), sys.executable, "-c", script],
                               stdout=subprocess.PIPE, text=True)
    lab.processes.setdefault("mgr01", []).append(process)
    assert process.stdout.readline() == "ready\n"


NO_LISTENERS = 'listeners = "none";'
MGR = "10.98.1.10"
DROP_31000 = f"ip daddr {MGR} tcp dport 31000 drop"

SITUATIONS = [
    Situation("conforming", "everything stands and everything passes",
              [("mgr01", "tcp 31080", "conforming", "none", None), ("mgr01", "tcp 31000", "conforming", "none", None),
               ("mgr01", "tcp 31007..31009", "conforming", "none", None),
               ("db01", "tcp 31010", "conforming", "none", None), ("site01", "tcp 31000", "conforming", "none", None),
               ("pc0101", "tcp 31001", "conforming", "none", None), ("pc0101", "tcp 31016", "conforming", "none", None),
               ("ops01", "tcp 31019", "conforming", "none", None)], 0,
              hosts=["mgr01", "db01", "site01", "pc0101", "ops01"]),
    Situation("dropped_port", "the firewall drops the port silently",
              [("mgr01", "tcp 31000", "filtered", "network", "silent")], 2, firewall=DROP_31000),
    Situation("admin_prohibited", "the firewall refuses by ICMP and is named",
              [("mgr01", "tcp 31000", "filtered", "network", "admin-prohibited")], 2,
              firewall=f"ip daddr {MGR} tcp dport 31000 reject with icmp type admin-prohibited"),
    Situation("reset_by_firewall", "the firewall answers with a TCP reset while the service listens",
              [("mgr01", "tcp 31000", "reset", "network", "rst")], 2,
              firewall=f"ip daddr {MGR} tcp dport 31000 reject with tcp reset"),
    Situation("stopped_service", "nobody listens",
              [("mgr01", "tcp 31000", "missing", "server", None), ("mgr01", "tcp 31080", "conforming", "none", None)], 2,
              services=manager("tcp:0.0.0.0:31080", "tcp:0.0.0.0:31006")),
    Situation("loopback_only", "the service is bound to loopback",
              [("mgr01", "tcp 31000", "misbound", "server", "loopback-only")], 2,
              services=manager("tcp:0.0.0.0:31080", "tcp:127.0.0.1:31000", "tcp:0.0.0.0:31006")),
    Situation("ipv4_only", "both families are demanded, and the service knows IPv4 alone",
              [("mgr01", "tcp 8443", "misbound", "server", "other-family")], 2,
              services=manager("tcp:0.0.0.0:31080", "tcp:[::]:31000", "tcp:0.0.0.0:31006", "tcp:0.0.0.0:8443"),
              lines={"mgr01": 'expect = ( { ports = "tcp 8443"; family = "both"; } );'}),
    Situation("ipv6_only", "an IPv6-only socket does not serve the IPv4 that the rule demands",
              [("mgr01", "tcp 8443", "misbound", "server", "other-family")], 2,
              services=manager("tcp:0.0.0.0:31080", "tcp:[::]:31000", "tcp:0.0.0.0:31006", "tcp:[::]:8443:v6only"),
              lines={"mgr01": 'expect = ( { ports = "tcp 8443"; family = "ipv4"; } );'}),
    Situation("dual_stack", "one dual-stack socket serves both families",
              [("mgr01", "tcp 8443", "conforming", "none", None)], 0,
              services=manager("tcp:0.0.0.0:31080", "tcp:[::]:31000", "tcp:0.0.0.0:31006", "tcp:[::]:8443"),
              lines={"mgr01": 'expect = ( { ports = "tcp 8443"; family = "both"; } );'}),
    Situation("exposed_by_dnat", "a loopback-only service is reached from outside through DNAT",
              [("mgr01", "tcp 31007..31009", "exposed", "server", "must-not-pass-open")], 2,
              host_rules={"mgr01": "table ip nat { chain pre { type nat hook prerouting priority dstnat;"
                                   " tcp dport 31007 dnat to 127.0.0.1:31007; }; }"},
              prepare=lambda lab: lab.sysctl("mgr01", "net.ipv4.conf.eth0.route_localnet", "1"),
              restore=lambda lab: lab.sysctl("mgr01", "net.ipv4.conf.eth0.route_localnet", "0")),
    Situation("exposed", "a service that the guide's reader declared local is bound to every address",
              [("mgr01", "tcp 8005", "exposed", "server", None)], 2,
              services=manager("tcp:0.0.0.0:31080", "tcp:[::]:31000", "tcp:0.0.0.0:31006", "tcp:0.0.0.0:8005"),
              lines={"mgr01": 'expect = ( { ports = "tcp 8005"; scope = "host"; } );'},
              firewall=f"ip daddr {MGR} tcp dport 8005 drop"),
    Situation("wide", "an internal port is bound to every address; that it is local is only inferred",
              [("mgr01", "tcp 31007..31009", "wide", "server", "bound-wide")], 1,
              services=manager("tcp:0.0.0.0:31080", "tcp:[::]:31000", "tcp:0.0.0.0:31006", "tcp:0.0.0.0:31008"),
              firewall=f"ip daddr {MGR} tcp dport 31007-31012 drop"),
    Situation("stealth_with_listener", "the host's own firewall swallows what it does not permit; the kernel shows the listener",
              [("mgr01", "tcp 31000", "filtered", "network", "silent")], 2,
              host_rules={"mgr01": "table inet f { chain in { type filter hook input priority 0; policy drop;"
                                   " iif lo accept; ct state established accept; tcp dport { 31080, 31006 } accept; }; }"}),
    Situation("stealth_without_listener", "the same, and nobody can see the host's listeners: unknown is a result",
              [("mgr01", "tcp 31000", "indeterminate", "both", "silent-host"), ("mgr01", "tcp 31080", "conforming", "none", None)], 3,
              host_rules={"mgr01": "table inet f { chain in { type filter hook input priority 0; policy drop;"
                                   " iif lo accept; ct state established accept; tcp dport { 31080, 31006 } accept; }; }"},
              lines={"mgr01": NO_LISTENERS}),
    Situation("dropped_without_listener", "nobody sees the listeners, but a closed port of the host answers: a filter",
              [("mgr01", "tcp 31000", "filtered", "both", "silent")], 2, firewall=DROP_31000, lines={"mgr01": NO_LISTENERS}),
    Situation("closed", "nobody sees the listeners, and the port is refused",
              [("mgr01", "tcp 31000", "closed", "both", "rst")], 2,
              services=manager("tcp:0.0.0.0:31080", "tcp:0.0.0.0:31006"), lines={"mgr01": NO_LISTENERS}),
    Situation("bystander", "the vantage may not call: that it is kept out is no alarm",
              [("mgr01", "tcp 31000", "unproven", "none", "not-a-caller")], 0, firewall=DROP_31000, vantage=BYSTANDER),
    Situation("bystander_closed", "a bystander's refusal is a warning",
              [("mgr01", "tcp 31000", "closed", "both", "rst")], 1, vantage=BYSTANDER,
              services=manager("tcp:0.0.0.0:31080", "tcp:0.0.0.0:31006"), lines={"mgr01": NO_LISTENERS}),
    Situation("forbidden", "segmentation is watched, and a network that may not call gets through",
              [("mgr01", "tcp 31000", "forbidden", "network", "must-not-pass-open")], 1, vantage=BYSTANDER,
              site="segmentation = true;", firewall=f"ip daddr {MGR} tcp dport 31006 drop"),
    Situation("exposed_peers", "a port for the database server alone is open to us",
              [("mgr01", "tcp 31006", "exposed", None, "must-not-pass-open")], 2, vantage=BYSTANDER,
              site="segmentation = true;", firewall=DROP_31000),
    Situation("full_queue", "a listener that accepts nobody, its queue full",
              [("mgr01", "tcp 31000", "saturated", "server", "queue-full")], 2,
              services=manager("tcp:0.0.0.0:31080", "tcp:0.0.0.0:31000:stuck", "tcp:0.0.0.0:31006"), prepare=fill_queue),
    Situation("foreign_program", "another program has the port",
              [("mgr01", "tcp 31000", "impostor", "server", "foreign-program")], 2,
              services={"mgr01": [("jdn_manager", ["tcp:0.0.0.0:31080", "tcp:0.0.0.0:31006"]),
                                  ("x11vnc", ["tcp:0.0.0.0:31000"])]}),
    Situation("foreign_on_reserved", "another program has a port that the product keeps for itself",
              [("mgr01", "tcp 31007..31009", "impostor", "server", "foreign-program")], 2,
              services={"mgr01": [("jdn_manager", ["tcp:0.0.0.0:31080", "tcp:0.0.0.0:31000", "tcp:0.0.0.0:31006"]),
                                  ("x11vnc", ["tcp:127.0.0.1:31008"])]}),
    Situation("wrong_protocol", "plain text where TLS is expected",
              [("mgr01", "tcp 8443", "impostor", "server", "tls-expected")], 2,
              services=manager("tcp:0.0.0.0:31080", "tcp:0.0.0.0:31000", "tcp:0.0.0.0:31006", "tcp:0.0.0.0:8443:banner"),
              lines={"mgr01": 'expect = ( { ports = "tcp 8443"; service = "https"; } );'}),
    Situation("unexpected", "a listener that nothing explains, on an exclusive host",
              [("mgr01", "tcp 5900", "unexpected", "server", "unexplained"), ("mgr01", "tcp 31000", "conforming", "none", None)], 1,
              services={"mgr01": SERVICES["mgr01"] + [("x11vnc", ["tcp:0.0.0.0:5900"])]},
              lines={"mgr01": "exclusive = true;"}),
    Situation("elsewhere", "nobody listens on the host, yet the port is open: a hop sends it to another machine",
              [("mgr01", "tcp 31080", "elsewhere", "both", None)], 1,
              services={"mgr01": [("jdn_manager", ["tcp:0.0.0.0:31000", "tcp:0.0.0.0:31006"])],
                        "db01": [("jdn_database", ["tcp:0.0.0.0:31010", "tcp:0.0.0.0:31080"])]},
              host_rules={"fw": "table ip nat { chain pre { type nat hook prerouting priority dstnat;"
                                f" ip daddr {MGR} tcp dport 31080 dnat to 10.98.1.11; }}; }}"}),
    Situation("host_down", "nothing answers: one finding for the host, its others held",
              [("mgr01", None, "unreachable", "both", None)], 2, lines={"mgr01": NO_LISTENERS},
              prepare=link("mgr01", "down"), restore=host_up("mgr01")),
    Situation("prohibited_route", "our own routing table forbids the way: never the target's fault",
              [("mgr01", "tcp 31000", "not-judged", "local", "route-prohibited")], 3, lines={"mgr01": NO_LISTENERS},
              prepare=lambda lab: lab.inside("mon1", "ip", "route", "add", "prohibit", "10.98.1.0/24"),
              restore=lambda lab: lab.inside("mon1", "ip", "route", "del", "prohibit", "10.98.1.0/24")),
    Situation("no_route", "we have no route at all",
              [("mgr01", "tcp 31000", "not-judged", "local", "no-route")], 3, lines={"mgr01": NO_LISTENERS},
              prepare=lambda lab: lab.inside("mon1", "ip", "route", "del", "default"),
              restore=lambda lab: lab.inside("mon1", "ip", "route", "add", "default", "via", "10.98.0.1")),
    Situation("unset_parameter", "a parameter without value is told once",
              [(None, None, "not-judged", "config", "parameter-unset")], 3, hosts=["pc0101"],
              roles={"pc0101": '{ component = "agent"; owner = ["exe:jdn*"]; }'}),
    Situation("unseen", "nobody looks: no listener source, and no probe",
              [("mgr01", "tcp 31000", "unseen", "none", "nobody-looked")], 0,
              lines={"mgr01": NO_LISTENERS + ' probe = "none";'}),
    Situation("silent_udp", "a UDP service that never answers is unproven, not filtered",
              [("mgr01", "udp 514", "unproven", "none", "silent-by-nature")], 0,
              services={"mgr01": SERVICES["mgr01"] + [("rsyslogd", ["udp:0.0.0.0:514"])]},
              lines={"mgr01": 'expect = ( { ports = "udp 514"; service = "syslog"; } );'}),
    Situation("closed_udp", "a UDP port that nobody has is refused by ICMP",
              [("mgr01", "udp 514", "missing", "server", None)], 2,
              lines={"mgr01": 'expect = ( { ports = "udp 514"; service = "syslog"; } );'}),
    Situation("waived", "a waived finding keeps its verdict and does not count",
              [("mgr01", "tcp 31000", "filtered", "network", "silent")], 0, firewall=DROP_31000,
              lines={"mgr01": 'waive = ( { rule = "jp1-itdm/manager-multi-management/2"; until = "2099-12-31"; reason = "move"; } );'}),
    Situation("waiver_expired", "an expired waiver raises a warning of its own",
              [("mgr01", "tcp 31000", "filtered", "network", "silent"),
               ("mgr01", None, "waiver-expired", "config", "waiver-over")], 2, firewall=DROP_31000,
              lines={"mgr01": 'waive = ( { rule = "jp1-itdm/manager-multi-management/2"; until = "2020-12-31"; reason = "move"; } );'}),
]


class Runner:
    def __init__(self, lab, build):
        self.lab, self.build, self.failures = lab, build, []
        self.folder = os.path.join(lab.folder, "site")

    def write_site(self, situation):
        hosts_d = os.path.join(self.folder, "hosts.d")
        subprocess.run(["rm", "-rf", self.folder], check=True)
        os.makedirs(hosts_d)
        with open(os.path.join(self.folder, "site.conf"), "w", encoding="utf-8") as out:
            out.write('site: { name = "lab"; guides = ["jp1-itdm"]; settings = ( { topology = "multi"; } );\n'
                      f"  probe = {{ timeout_ms = 700; }};\n  {situation.site}\n}};\n"
                      f"vantages: ( {situation.vantage} );\n")
        for host in situation.hosts:
            lines = situation.lines.get(host, "")
            listeners = "" if "listeners" in lines else \
                f'listeners = "kernel"; netns = "{self.lab.netns_path(host)}";'
            addresses = f'"{self.lab.address(host)}"'
            if 'family = "both"' in lines:
                addresses += f', "{self.lab.address(host, 6)}"'
            with open(os.path.join(hosts_d, f"{host}.conf"), "w", encoding="utf-8") as out:
                out.write(f'host: {{ name = "{host}"; addresses = [{addresses}];\n'
                          f"  roles = ( {situation.roles.get(host, ROLES[host])} );\n  {listeners}\n  {lines}\n}};\n")

    def set_up(self, situation):
        lab = self.lab
        for host in SERVICES:
            lab.stop(host)
        for host, programs in {**SERVICES, **situation.services}.items():
            for program, sockets in programs:
                lab.start(host, program, *sockets)
        for host in HOSTS:
            lab.nft(host, situation.host_rules.get(host, ""))
        lab.nft("fw", "table inet fw { chain forward { type filter hook forward priority 0;\n"
                f"{situation.firewall}\n}}\n}}\n{situation.host_rules.get('fw', '')}")
        if situation.prepare:
            situation.prepare(lab)

    def ask(self, *command):
        return self.lab.inside("mon1", *command, check=False, timeout=60)

    def check(self, condition, message):
        if not condition:
            self.failures.append(message)
            print(f"    FAILED: {message}")

    def compare(self, situation, findings):
        for host, port, verdict, blame, reason in situation.expect:
            transport, ports = port.split() if port else (None, None)
            found = [f for f in findings if f["host"] == host and f["verdict"] == verdict] if not port else \
                [f for f in findings if f["host"] == host and f["transport"] == transport and f["ports"] == ports
                 and f["verdict"] != "waiver-expired"]
            what = f"{situation.name}: {host or 'site'} {port or verdict}"
            self.check(found, f"{what}: no such finding")
            for f in found[:1]:
                self.check(f["verdict"] == verdict, f"{what}: {f['verdict']} ({f['reason']}), expected {verdict}: {f}")
                self.check(blame is None or f["blame"] == blame, f"{what}: blame {f['blame']}, expected {blame}")
                self.check(reason is None or f["reason"] == reason, f"{what}: reason {f['reason']}, expected {reason}")

    def run(self, situation):
        began = time.monotonic()
        self.write_site(situation)
        self.set_up(situation)
        try:
            whole = self.ask(f"{self.build}/portconform", "check", "-C", self.folder, "--format", "json")
            self.check(whole.stdout.startswith("{"), f"{situation.name}: no JSON: {whole.stdout}{whole.stderr}")
            report = json.loads(whole.stdout) if whole.stdout.startswith("{") else {"findings": []}
            self.compare(situation, report["findings"])
            self.check(whole.returncode == situation.exit_status,
                       f"{situation.name}: portconform check ended with {whole.returncode}, expected {situation.exit_status}")
            plugin = self.ask(f"{self.build}/check_portconform", "-C", self.folder, "-H", situation.hosts[0], "-v")
            line = plugin.stdout.partition("\n")[0]
            self.check(plugin.returncode == situation.exit_status,
                       f"{situation.name}: check_portconform ended with {plugin.returncode}: {line}")
            problems = {e[2] for e in situation.expect} - {"conforming", "unproven", "unseen", "not-judged"}
            if situation.name not in ("waived",) and len(situation.hosts) == 1:
                for verdict in problems:
                    self.check(verdict in plugin.stdout, f"{situation.name}: {verdict} is not in: {plugin.stdout}")
            state = "ok" if not any(f.startswith(situation.name + ":") for f in self.failures) else "FAILED"
            print(f"{state:6} {situation.name:26} {time.monotonic() - began:4.1f} s  {line.partition(' |')[0]}", flush=True)
        finally:
            if situation.restore:
                situation.restore(self.lab)


def main():
    build, actor, *names = sys.argv[1:]
    labs.need("ip", "nft")
    chosen = [s for s in SITUATIONS if not names or s.name in names]
    with labs.Lab(ZONES, HOSTS, actor) as lab:
        runner = Runner(lab, os.path.abspath(build))
        for situation in chosen:
            runner.run(situation)
    print(f"{len(chosen)} situations, {len(runner.failures)} failures")
    return 1 if runner.failures else 0


if __name__ == "__main__":
    sys.exit(main())
