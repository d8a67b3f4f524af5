#!/usr/bin/python3
"""The acceptance test on an example site, behind the firewall that is exported for it: one rule taken out after another.

    acceptance_sites.py BUILD_DIR ACTOR SITE_DIR

No product is installed: on each host stands the responder. The firewall has the rules of `portconform export nftables`
and drops everything else. With all of them, whoever may call finds all that he may call conforming, media ranges and
ports that never answer included. Without one, he finds its flows filtered, and nothing else changed.
"""
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import closed_loop  # noqa: E402
import lab as labs  # noqa: E402

SITES = {
    "jp1-multi": closed_loop.Example(vantages=["mon1"], for_vantage="mon1", each=6,
                                     callers={"admin1": ("10.0.9.31", ["browser"])}, stand_for={"admin1": "administrators"}),
    # voice: ranges of thousands of media ports between browsers of voice, call servers and telephones; both segments
    "contact-centre": closed_loop.Example(hosts=["vvb01a", "cvp01a", "cucm01a", "rtr0a", "rtr0b"], each=15,
                                          callers={"phone1": ("10.61.0.7", ["phone"])}, stand_for={"phone1": "phones"}),
}
QUIET = ("unproven", "unseen", "not-judged")  # what is no caller's business, and what the site leaves open


class Acceptance(closed_loop.Loop):
    def set_up(self):
        self.plain = self.site.write(os.path.join(self.lab.folder, "plain"), self.lab, False)
        self.calm_down()
        self.key = os.path.join(self.lab.folder, "key")
        self.ask("fw", "respond", "--make-key", self.key)
        self.export_rules()
        self.lab.separate()
        self.connect_second()
        self.lab.sysctl("fw", "net.ipv6.conf.all.forwarding", "0")
        for name in self.site.addresses:
            self.lab.sysctl(name, "net.ipv4.ping_group_range", '"0 2147483647"')
        self.responders = {host: self.respond(host) for host in self.site.hosts}

    def calm_down(self):
        """A connection is taken by the kernel, but the answer is a program's, and two cores have a dozen of them."""
        path = os.path.join(self.plain, "site.conf")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(re.sub(r"probe = \{ [^}]* \};", "probe = { timeout_ms = 1000; per_target_per_second = 500; };", text))

    def respond(self, host):
        process = subprocess.Popen(["ip", "netns", "exec", self.lab.ns(host), f"{self.build}/portconform", "respond",
                                    "-C", self.plain, "-H", host, "--key", self.key, "--for", "600"],
                                   stdout=subprocess.PIPE, text=True)
        self.lab.processes.setdefault(host, []).append(process)
        line = process.stdout.readline()
        self.check(" answers on " in line, f"{host}: {line}")
        print(line.strip(), flush=True)
        return process

    def findings(self, vantage, site):
        told = self.ask(vantage, "check", "-C", site, "--vantage", vantage, "--acceptance", self.key, "--format", "json",
                        "-t", "50")
        self.check(told.stdout.startswith("{"), f"check from {vantage}: {told.stdout}{told.stderr}")
        found = closed_loop.json.loads(told.stdout)["findings"] if told.stdout.startswith("{") else []
        return {f["key"]: f for f in found if f["host"] not in (vantage, None)}

    def whole(self):
        self.load()
        began = time.monotonic()
        self.before = self.findings_of(self.site.addresses, self.plain)
        conforming = sum(self.check_before(vantage, found) for vantage, found in self.before.items())
        self.check(conforming > 0, "nothing conforms")
        print(f"whole: {conforming} findings of {len(self.before)} callers conform, {time.monotonic() - began:.1f} s", flush=True)

    def check_before(self, vantage, findings):
        for key, finding in findings.items():
            self.check(finding["verdict"] == "conforming" or finding["verdict"] in QUIET and finding["severity"] != "CRITICAL",
                       f"{vantage} to {key}: {finding['verdict']} ({finding['reason']}, {finding['probe']})")
        return sum(finding["verdict"] == "conforming" for finding in findings.values())

    def depends_on(self, rule, flow):
        return rule.lets_through(flow) and not any(other.lets_through(flow) for other in self.rules if other is not rule)

    def without(self, rule):
        self.load(without=rule)
        gone = {vantage: {key for key, finding in found.items() if finding["verdict"] == "conforming"
                          and any(self.depends_on(rule, flow) for flow in self.flows_of(vantage, finding))}
                for vantage, found in self.before.items()}
        callers = sorted(vantage for vantage, keys in gone.items() if keys)
        named = 0
        for vantage, found in self.findings_of(callers, self.plain).items():
            for key, before in self.before[vantage].items():
                now = found.get(key, {"verdict": "absent", "reason": "", "host": before["host"]})
                heard = any(f["host"] == now["host"] and f["verdict"] == "conforming" for f in found.values())
                wanted = {"filtered"} if key in gone[vantage] else {before["verdict"]}
                if key in gone[vantage] and not heard:
                    # nothing else of the host is open to this caller: a filter is like an absent responder
                    wanted.add("indeterminate")
                if key in gone[vantage] and now["reason"] == "not-a-caller":
                    wanted.add("unproven")  # somebody else's rule at that port, and this caller only profited by it
                named += now["verdict"] in ("filtered", "indeterminate")
                self.check(now["verdict"] in wanted,
                           f"without {rule.comment}: {vantage} to {key} is {now['verdict']} ({now['reason']}), not {wanted}")
        self.check(named > 0 or not callers, f"without {rule.comment}: nothing is named")
        print(f"without {rule.comment}: {named} findings of {len(callers)} callers name it", flush=True)
        return sum(map(len, gone.values()))

    def end(self):
        """What was reached from where it may be is told by the other side, too."""
        for host, process in self.responders.items():
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=30)
            self.check("reached with the key" in out, f"{host}: {out}")
            print(f"{host}: {out.splitlines()[0]}")


def main():
    build, actor, source = sys.argv[1:]
    labs.need("ip", "nft")
    site = closed_loop.Site(source, SITES[os.path.basename(source.rstrip("/"))])
    began = time.monotonic()
    with labs.Lab(*site.zones(), actor) as lab:
        loop = Acceptance(site, lab, os.path.abspath(build))
        loop.set_up()
        loop.whole()
        taken_out = loop.rules[::site.example.each]
        found = sum(loop.without(rule) for rule in taken_out)
        loop.check(found > 0, "no rule made a difference")
        loop.end()
    print(f"{len(loop.rules)} rules, {len(taken_out)} taken out, {loop.failures} failures, {time.monotonic() - began:.1f} s")
    return 1 if loop.failures else 0


if __name__ == "__main__":
    sys.exit(main())
