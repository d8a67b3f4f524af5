#!/usr/bin/python3
"""The loop closed: what portconform demands, exports and checks is one and the same, in a real firewall.

    closed_loop.py BUILD_DIR ACTOR SITE_DIR

An example site stands in network namespaces under its own addresses, a firewall between every two of its hosts. On the
firewall: the rules of `portconform export nftables`. On the hosts: a listener for every expectation, and one that
nobody expects. Then, from each host, vantage and network:

  whole    every permitted flow gets through, by a call of our own and by portconform's verdict; no rule of the export
           is idle; nothing else gets through, neither from who may not call nor to a port that is not in the list
  without  for each rule of the export: taken out, it silences its flows and no other; portconform finds its TCP
           flows `filtered`, and finds nothing else changed

Of a large example some hosts stand in the lab, and every n-th rule is taken out.
"""
import ipaddress
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab as labs  # noqa: E402

STRANGE_PORT = 4999  # a listener that no guide speaks of
QUIET_MS = 200  # how long a call that must not get through is listened for
SILENT_MS = 250  # time-out of portconform's probes
RULE = re.compile(r'^ {8}((?:ip |ip6 |meta |tcp |udp )(?:[^\n]*,\n)*[^\n]*counter accept comment "([^"]*)")\n', re.M)


class Example:
    """What the lab adds to an example's hosts.

    callers: further machines, {name: (address, what it acts as)}; vantages: those of the site's own that stand in the
    lab; stand_for: which network or external of the site each of them is in; for_vantage: on whose behalf the firewall
    is open as well; hosts: those that stand in the lab, all unless given; each: take out one rule in so many.
    """

    def __init__(self, callers=None, vantages=(), stand_for=None, for_vantage=None, hosts=None, each=1):
        self.callers, self.vantages = callers or {}, vantages
        self.stand_for, self.for_vantage = stand_for or {}, for_vantage
        self.hosts, self.each = hosts, each


EXAMPLES = {
    "jp1-multi": Example(vantages=["mon1"], for_vantage="mon1", callers={"admin1": ("10.0.9.31", ["browser"])},
                         stand_for={"admin1": "administrators"}),
    "sametime": Example(callers={
        "user1": ("10.0.16.31", ["browser", "connect-client", "meeting-client", "recorded-meeting-client", "notes-client"]),
        "guest1": ("10.0.99.31", []),
    }, stand_for={"user1": "users"}),
    "livesupport": Example(vantages=["probe-outside"], stand_for={"probe-outside": "internet"}),
    # both sides, both instances, and hosts in two segments
    "contact-centre": Example(hosts=["rtr0a", "rtr0b", "rtr1b", "pg0a", "pg0b", "pg1a", "cuic01a", "cuic01b"], each=16,
                              callers={"agent1": ("10.60.0.7", ["agent-desktop", "browser"]),
                                       "desk1": ("10.62.0.9", ["cti-os-client"]),
                                       "admin1": ("10.40.4.77", ["browser"])},
                              stand_for={"agent1": "agents", "desk1": "partner-agents", "admin1": "administrators"}),
}


class Site:
    """A copy of the example, with what the lab needs to know and to add."""

    def __init__(self, source, example):
        self.source, self.example = source, example
        self.addresses, self.second = {}, {}  # the second one: of a host in two segments
        hosts_d = os.path.join(source, "hosts.d")
        self.hosts = sorted(name.removesuffix(".conf") for name in os.listdir(hosts_d))
        self.hosts = [host for host in self.hosts if host in (example.hosts or self.hosts)]
        for host in self.hosts:
            with open(os.path.join(hosts_d, f"{host}.conf"), encoding="utf-8") as file:
                group = re.search(r"addresses = (\[[^]]*\]|\([^)]*\))", file.read())[1]
            self.addresses[host], *more = re.findall(r'"([0-9.]+)"', group)
            if more:
                self.second[host], = more
        with open(os.path.join(source, "site.conf"), encoding="utf-8") as file:
            self.text = file.read()
        for name in example.vantages:
            self.addresses[name] = re.search(rf'name = "{name}"; source = "([0-9.]+)"', self.text)[1]
        for name, (address, _) in example.callers.items():
            self.addresses[name] = address

    def zones(self):
        """A zone for each /24, named by its place."""
        networks = sorted({address.rpartition(".")[0] for address in self.addresses.values()})
        zones = {f"z{index}": network for index, network in enumerate(networks)}
        of_network = {network: zone for zone, network in zones.items()}
        hosts = {name: (of_network[address.rpartition(".")[0]], int(address.rpartition(".")[2]))
                 for name, address in self.addresses.items()}
        return zones, hosts

    def all_of(self, name):
        return [self.addresses[name], *([self.second[name]] if name in self.second else [])]

    def source_of(self, caller, listener):
        """The address that a caller leaves from to reach that one: a second address reaches second addresses."""
        return self.second[caller] if caller in self.second and listener in self.second.values() else self.addresses[caller]

    def write(self, folder, lab, segmentation):
        shutil.copytree(self.source, folder)
        for name in os.listdir(os.path.join(folder, "hosts.d")):
            if name.removesuffix(".conf") not in self.hosts:
                os.unlink(os.path.join(folder, "hosts.d", name))
        added = [f'{{ name = "{host}"; }}' for host in self.hosts if f'name = "{host}"' not in self.text]
        for name, (_, components) in self.example.callers.items():
            acts_as = ", ".join(f'{{ component = "{component}"; }}' for component in components)
            added.append(f'{{ name = "{name}"; acts_as = ( {acts_as} ); }}')
        text = self.text.replace("site: {", f"site: {{ segmentation = {'true' if segmentation else 'false'};"
                                            f" probe = {{ timeout_ms = {SILENT_MS}; per_target_per_second = 20000; per_second = 20000; }};", 1)
        text = text.replace("vantages: (", "".join(["vantages: ( ", *(f"{line},\n  " for line in added)]), 1)
        with open(os.path.join(folder, "site.conf"), "w", encoding="utf-8") as file:
            file.write(text)
        for host in self.hosts:
            path = os.path.join(folder, "hosts.d", f"{host}.conf")
            with open(path, encoding="utf-8") as file:
                text = file.read()
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace("host: {", f'host: {{ listeners = "kernel"; netns = "{lab.netns_path(host)}";', 1))
        return folder


def numbers(ports):
    """The first and the last number of "80", "31007..31009" or "5517..5555/2"."""
    low, _, rest = ports.partition("..")
    return int(low), int(rest.partition("/")[0] or low)


def is_open(finding):
    """Was a connection accepted? ("open, 0.4 ms")"""
    return (finding["probe"] or "").startswith("open")


class Rule:
    """One rule of the export, read by ourselves."""

    def __init__(self, text, comment):
        self.text, self.comment = text, comment
        self.sources, self.destinations = self.side("saddr"), self.side("daddr")
        self.transport, ports = re.search(r"(tcp|udp) dport (\{[^}]*\}|\S+)", text).groups()
        self.ports = [tuple(map(int, part.strip().partition("-")[::2])) if "-" in part else (int(part), int(part))
                      for part in ports.strip("{}").split(",")]

    def side(self, field):
        found = re.search(rf"ip {field} (\{{[^}}]*\}}|\S+)", self.text)
        return [ipaddress.ip_network(part.strip()) for part in found[1].strip("{}").split(",")] if found else None

    def lets_through(self, flow):
        caller, listener, transport, port = flow
        return (self.transport == transport and any(low <= port <= high for low, high in self.ports)
                and (self.sources is None or any(ipaddress.ip_address(caller) in network for network in self.sources))
                and (self.destinations is None
                     or any(ipaddress.ip_address(listener) in network for network in self.destinations)))


class Loop:
    def __init__(self, site, lab, build):
        self.site, self.lab, self.build = site, lab, build
        self.callers, self.failures, self.before = {}, 0, {}
        self.name_of = {address: name for name in site.addresses for address in site.all_of(name)}

    def check(self, condition, message):
        if not condition:
            self.failures += 1
            print(f"  FAILED: {message}", flush=True)

    def ask(self, inside, *command):
        """portconform, in a namespace and nowhere else; callers may not have a way out, the firewall has none."""
        return self.lab.inside(inside, f"{self.build}/portconform", *command, check=False, timeout=60)

    # --- setting up -----------------------------------------------------------------------------------------------

    def set_up(self):
        self.plain = self.site.write(os.path.join(self.lab.folder, "plain"), self.lab, False)
        self.watched = self.site.write(os.path.join(self.lab.folder, "watched"), self.lab, True)
        linted = self.ask("fw", "lint", "-C", self.plain)
        self.check(linted.returncode == 0, f"lint: {linted.stdout}{linted.stderr}")
        self.export_rules()
        self.lab.separate()
        self.connect_second()
        self.start_listeners()
        self.lab.sysctl("fw", "net.ipv6.conf.all.forwarding", "0")
        caller = os.path.join(os.path.dirname(os.path.abspath(__file__)), "caller.py")
        for name in self.site.addresses:
            self.lab.sysctl(name, "net.ipv4.ping_group_range", '"0 2147483647"')
            process = subprocess.Popen(["ip", "netns", "exec", self.lab.ns(name), sys.executable, caller],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.lab.processes.setdefault(name, []).append(process)
            self.callers[name] = process

    def connect_second(self):
        """The second segment has the same wires: who has an address in it takes that one to reach the others' there."""
        for name, address in self.site.second.items():
            zone = self.lab.hosts[name][0]
            self.lab.inside(name, "ip", "addr", "add", f"{address}/32", "dev", "eth0")
            self.lab.inside("fw", "ip", "route", "add", address, "dev", f"br-{zone}")
            for other in self.site.second.values():
                if other != address:
                    self.lab.inside(name, "ip", "route", "add", other, "via", f"{self.lab.network(zone)}1", "src", address)

    def export_rules(self):
        options = ["--with-vantage", self.site.example.for_vantage] if self.site.example.for_vantage else []
        exported = self.ask("fw", "export", "nftables", "-C", self.plain, *options)
        self.check(exported.returncode == 0, f"export: {exported.stderr}")
        self.ruleset = exported.stdout
        self.rules = [Rule(*found.groups()) for found in RULE.finditer(self.ruleset)]
        self.check(len(self.rules) == len(re.findall("^[^#\n]*accept comment", self.ruleset, re.M)), "rules that were not read")
        matrix = self.ask("fw", "matrix", "-C", self.plain, "--format", "json", *options)
        self.openings = json.loads(matrix.stdout)
        self.check(self.openings, "the matrix has no opening")

    def load(self, without=None):
        text = self.ruleset if without is None else self.ruleset.replace(f"        {without.text}\n", "", 1)
        self.check(without is None or text != self.ruleset, "the rule was not taken out")
        # ping passes, as in most sites: it is how a host shows that it is up when all else is shut
        self.lab.nft("fw", f"{text}\ninsert rule inet portconform forward icmp type echo-request accept")

    def sockets(self, host, transport, port):
        """For the actor. An echo has to leave from the very address that was called: one socket for each."""
        if transport == "tcp":
            return {f"tcp:0.0.0.0:{port}"}
        return {f"udp:{address}:{port}:echo" for address in self.site.all_of(host)}

    def start_listeners(self):
        expected = self.ask("fw", "expect", "-C", self.plain, "--format", "tsv").stdout.splitlines()
        header = expected[0].split("\t")
        sockets = {host: self.sockets(host, "tcp", STRANGE_PORT) | self.sockets(host, "udp", STRANGE_PORT)
                   for host in self.site.hosts}
        self.dynamic = set()  # nobody's listener is demanded there, and nobody probes it
        self.ports = {(host, transport, STRANGE_PORT) for host in self.site.hosts for transport in ("tcp", "udp")}
        for line in expected[1:]:
            row = dict(zip(header, line.split("\t")))
            if row["presence"] == "dynamic":
                self.dynamic.add((row["host"], row["transport"], row["ports"]))
            for port in set(numbers(row["ports"])):
                if row["scope"] == "host":
                    sockets[row["host"]].add(f"{row['transport']}:127.0.0.1:{port}")
                else:
                    sockets[row["host"]] |= self.sockets(row["host"], row["transport"], port)
                    self.ports.add((row["host"], row["transport"], port))
        for host, wanted in sockets.items():
            self.lab.start(host, "jdn_service", *sorted(wanted))

    # --- what is permitted ----------------------------------------------------------------------------------------

    def flows(self):
        """All there can be: from everybody to every port that somebody listens on."""
        return [(self.site.source_of(name, address), address, transport, port)
                for name in self.site.addresses
                for host, transport, port in sorted(self.ports) if host != name
                for address in self.site.all_of(host)]

    def is_permitted(self, flow):
        """By the matrix, which says the same as the export in other words."""
        caller, listener, transport, port = flow
        for opening in self.openings:
            low, high = numbers(opening["ports"])
            sources = (opening["from_addresses"] or "0.0.0.0/0").split()
            if (opening["transport"] == transport and low <= port <= high and listener in opening["to_addresses"].split()
                    and any(ipaddress.ip_address(caller) in ipaddress.ip_network(source) for source in sources)):
                return True
        return False

    def say(self, flow):
        caller, listener, transport, port = flow
        second = " (second address)" if listener in self.site.second.values() else ""
        return f"{self.name_of[caller]} to {self.name_of[listener]}{second} {transport} {port}"

    def call(self, flows, hoped):
        """Makes the calls, all callers at a time. Returns what became of each."""
        of_caller = {}
        for flow in flows:
            of_caller.setdefault(self.name_of[flow[0]], []).append(flow)
        for name, made in of_caller.items():
            calls = [[flow[2], flow[1], flow[3], flow in hoped] for flow in made]
            self.callers[name].stdin.write(json.dumps({"calls": calls, "quiet_ms": QUIET_MS}) + "\n")
            self.callers[name].stdin.flush()
        return {flow: outcome for name, made in of_caller.items()
                for flow, outcome in zip(made, json.loads(self.callers[name].stdout.readline()))}

    def findings(self, vantage, site):
        """What portconform says from there of the other hosts: {key: finding}."""
        told = self.ask(vantage, "check", "-C", site, "--vantage", vantage, "--format", "json")
        self.check(told.stdout.startswith("{"), f"check from {vantage}: {told.stdout}{told.stderr}")
        found = json.loads(told.stdout)["findings"] if told.stdout.startswith("{") else []
        return {f["key"]: f for f in found if f["host"] != vantage}

    def findings_of(self, vantages, site):
        """Of several, asked at a time: a check mostly waits for silence."""
        with ThreadPoolExecutor(max_workers=8) as pool:
            return dict(zip(vantages, pool.map(lambda vantage: self.findings(vantage, site), vantages)))

    def flows_of(self, vantage, finding):
        """The flows from there that the finding speaks of."""
        return [(self.site.source_of(vantage, listener), listener, finding["transport"], port)
                for listener in self.site.all_of(finding["host"])
                for port in (numbers(finding["ports"]) if finding["ports"] else ())]

    # --- the loop -------------------------------------------------------------------------------------------------

    def whole(self):
        self.load()
        flows = self.flows()
        self.permitted = {flow for flow in flows if self.is_permitted(flow)}
        self.check(len(self.permitted) < len(flows), "everything is permitted")
        for flow, outcome in self.call(flows, self.permitted).items():
            wanted = "open" if flow in self.permitted else "silent"
            self.check(outcome == wanted, f"{self.say(flow)} is {outcome}, not {wanted}")
        self.check_idle()
        self.before = self.findings_of(self.site.addresses, self.plain)
        self.seen = self.findings_of(self.site.addresses, self.watched)
        for vantage, found in self.seen.items():
            self.check_vantage(vantage, found)
        checked = sum(self.check_opening(opening) for opening in self.openings if opening["transport"] == "tcp")
        print(f"whole: {len(self.permitted)} flows pass, {len(flows) - len(self.permitted)} others do not; "
              f"portconform found {checked} conforming by an open probe", flush=True)

    def check_idle(self):
        listed = json.loads(self.lab.inside("fw", "nft", "-j", "list", "chain", "inet", "portconform", "forward").stdout)
        used = [(rule["rule"]["comment"], counter["counter"]["packets"]) for rule in listed["nftables"]
                if "rule" in rule and rule["rule"].get("comment") not in (None, "everything else")
                for counter in rule["rule"]["expr"] if "counter" in counter]
        self.check(len(used) == len(self.rules), f"{len(used)} rules are loaded, {len(self.rules)} were exported")
        for comment, packets in used:
            self.check(packets > 0, f"no flow of the site uses the rule {comment}")

    def check_vantage(self, vantage, findings):
        """What gets through conforms, what does not is no alarm, and nobody gets through who may not."""
        for key, finding in findings.items():
            if not self.is_probed(finding):
                continue
            what = f"{vantage} to {key}: {finding['verdict']} ({finding['reason']}, {finding['probe']})"
            reaches = any(map(self.is_permitted, self.flows_of(vantage, finding)))
            if finding["verdict"] == "forbidden":
                # the rule is another's, and lets this caller through as well: a port that anybody may call
                self.check(reaches, f"{what}, but no rule lets it through")
            elif reaches:
                self.check(finding["verdict"] == "conforming" and is_open(finding), what)
            else:
                self.check(finding["verdict"] in ("conforming", "unproven") and not is_open(finding), what)

    def check_opening(self, opening):
        """Each rule behind an opening conforms by an open probe, from all who are its source. Returns how many that were."""
        callers = [name for name in self.site.addresses if name != opening["to"] and opening["from"] in
                   ("anybody", name, self.site.example.stand_for.get(name))]
        self.check(callers, f"nobody in the lab stands for {opening['from']}")
        for caller in callers:
            for rule in opening["rules"].split(","):
                found = [f for f in self.seen[caller].values() if (f["host"], f["rule"]) == (opening["to"], rule)
                         and self.is_probed(f)]
                unprobed = not self.is_probed({**opening, "host": opening["to"]})
                self.check((found or unprobed) and all(f["verdict"] == "conforming" and is_open(f) for f in found),
                           f"{caller} does not find {rule} of {opening['to']} conforming by an open probe")
        return len(callers)

    def without(self, rule):
        self.load(without=rule)
        gone = {flow for flow in self.permitted if rule.lets_through(flow)
                and not any(other.lets_through(flow) for other in self.rules if other is not rule)}
        self.check(gone, f"{rule.comment}: no flow depends on this rule alone")
        for flow, outcome in self.call(self.permitted, self.permitted - gone).items():
            wanted = "silent" if flow in gone else "open"
            self.check(outcome == wanted, f"without {rule.comment}: {self.say(flow)} is {outcome}, not {wanted}")
        found = self.findings_of(sorted({self.name_of[flow[0]] for flow in gone}), self.plain)
        filtered = sum(self.compare(vantage, rule, after) for vantage, after in found.items())
        probed = any(self.is_probed(finding) and any(map(rule.lets_through, self.flows_of(vantage, finding)))
                     for vantage in found for finding in self.before[vantage].values())
        self.check(filtered > 0 or not probed, f"without {rule.comment}: no finding of portconform is filtered")
        said = sorted(map(self.say, gone))
        print(f"without {rule.comment}: {', '.join(said[:3])}{f' and {len(said) - 3} more' if len(said) > 3 else ''}: "
              f"{f'{filtered} found filtered' if probed else 'nothing arrives'}", flush=True)

    def is_probed(self, finding):
        """What portconform says of UDP and of ports that nobody need listen on is not ours to compare."""
        return finding["transport"] != "udp" and (finding["host"], finding["transport"], finding["ports"]) not in self.dynamic

    def compare(self, vantage, rule, after):
        """From one of the rule's callers: its TCP flows are filtered, the rest as before. Returns how many it found."""
        filtered = 0
        self.check(after.keys() == self.before[vantage].keys(), f"other findings from {vantage} without {rule.comment}")
        for key in after.keys() & self.before[vantage].keys():
            before, now = self.before[vantage][key], after[key]
            what = f"without {rule.comment}: {vantage} to {key} is {now['verdict']} ({now['reason']})"
            if not self.is_probed(before):
                continue
            if any(map(rule.lets_through, self.flows_of(vantage, before))) and is_open(before):
                # another's rule may have let this caller through as well: then its absence is no alarm here
                is_caller = self.seen[vantage][key]["verdict"] == "conforming"
                self.check(now["verdict"] == ("filtered" if is_caller else "unproven"), what)
                filtered += is_caller
            else:
                self.check((now["verdict"], is_open(now)) == (before["verdict"], is_open(before)), f"{what}, was {before['verdict']}")
        return filtered


def main():
    build, actor, source = sys.argv[1:]
    labs.need("ip", "nft")
    site = Site(source, EXAMPLES[os.path.basename(source.rstrip("/"))])
    began = time.monotonic()
    with labs.Lab(*site.zones(), actor) as lab:
        loop = Loop(site, lab, os.path.abspath(build))
        loop.set_up()
        loop.whole()
        taken_out = loop.rules[::site.example.each]
        for rule in taken_out:
            loop.without(rule)
    print(f"{len(loop.rules)} rules, {len(taken_out)} taken out, {loop.failures} failures, {time.monotonic() - began:.1f} s")
    return 1 if loop.failures else 0


if __name__ == "__main__":
    sys.exit(main())
