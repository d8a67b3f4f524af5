#!/usr/bin/python3
"""The acceptance test through a real firewall: `portconform respond` on the host, `portconform check --acceptance` beyond.

    respond.py BUILD_DIR ACTOR

A firewall that lets everything through, one with a TCP and a UDP opening missing, one with a hole in the media range, one
that drops all but what it knows, without each of its openings in turn, one that leads a port astray; a port in use; a
user who may not open some ports, a limit of open files; callers without the key and with another one; and an end that
nobody has to bring about.
"""
import json
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab as labs  # noqa: E402

ZONES = {"server": 1, "client": 2}
HOSTS = {"mgr01": ("server", 10), "mon1": ("client", 10)}

GUIDE = """
guide: { id = "product"; title = "Ports of the product"; };
components: ( { name = "manager"; about = "Management server"; }, { name = "phone"; external = true; } );
rules: (
  { ref = "t/1"; listens = "manager"; ports = "tcp 31000"; service = "https"; about = "Console"; },
  { ref = "t/2"; listens = "manager"; ports = "tcp 31006..31008"; presence = "any"; about = "Between servers"; },
  { ref = "t/3"; listens = "manager"; ports = "udp 5060"; service = "sip"; about = "Signalling"; },
  { ref = "t/4"; listens = "manager"; from = ["phone"]; ports = "udp 16384..32767"; presence = "dynamic"; about = "Media"; },
  { ref = "t/5"; listens = "manager"; ports = "udp 41005"; presence = "optional"; about = "Alarms"; },
  { ref = "t/6"; listens = "manager"; ports = "tcp 9092"; scope = "host"; about = "Internal"; },
  { ref = "t/7"; listens = "manager"; ports = "tcp 22"; service = "ssh"; about = "Administration"; },
  { ref = "t/8"; listens = "manager"; ports = "udp 5000"; multicast = true; about = "Discovery"; }
);
"""
# The openings of a firewall that drops everything else, and the port items behind each.
OPENINGS = {"tcp dport 31000": ("tcp", "31000"), "tcp dport 31006-31008": ("tcp", "31006..31008"),
            "udp dport 5060": ("udp", "5060"), "udp dport 16384-32767": ("udp", "16384..32767"),
            "udp dport 41005": ("udp", "41005")}

# tcp 31000, three between servers, udp 5060, the whole media range, udp 41005
PORTS = 1 + 3 + 1 + (32767 - 16384 + 1) + 1


class Runner:
    def __init__(self, lab, build):
        self.lab, self.build, self.failures = lab, build, []
        self.site = os.path.join(lab.folder, "site")
        os.makedirs(os.path.join(self.site, "guides"))
        os.makedirs(os.path.join(self.site, "hosts.d"))
        self.write("guides/product.conf", GUIDE)
        self.write("site.conf", 'site: { name = "acceptance"; guides = ["product"]; probe = { timeout_ms = 1000; }; };\n'
                                'vantages: ( { name = "mon1"; permitted = true; } );\n')
        self.write("hosts.d/mgr01.conf", f'host: {{ name = "mgr01"; addresses = ["{lab.address("mgr01")}"];\n'
                                         'roles = ( { guide = "product"; component = "manager"; } ); };\n')
        self.key = os.path.join(lab.folder, "key")
        self.other_key = os.path.join(lab.folder, "other-key")
        for path in (self.key, self.other_key):
            self.portconform(None, "respond", "--make-key", path)

    def write(self, name, content):
        with open(os.path.join(self.site, name), "w", encoding="utf-8") as file:
            file.write(content)

    def check(self, condition, message):
        if not condition:
            self.failures.append(message)
            print(f"    FAILED: {message}")

    def portconform(self, host, *arguments):
        where = ["ip", "netns", "exec", self.lab.ns(host)] if host else []
        return subprocess.run([*where, f"{self.build}/portconform", *map(str, arguments)], capture_output=True,
                              text=True, timeout=120, check=False)

    def respond(self, *arguments, by=()):
        """Returns when its first line is there: then every port is open. `by` is the command that starts it."""
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.lab.ns("mgr01"), *by, f"{self.build}/portconform", "respond", "-C", self.site, "-H",
             "mgr01", "--key", self.key, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lab.processes.setdefault("mgr01-responder", []).append(process)
        return process, process.stdout.readline()

    def end(self, process):
        process.send_signal(signal.SIGINT)
        out, err = process.stdout.read(), process.stderr.read()
        process.wait(timeout=30)
        self.check(err == "", f"the responder says on stderr: {err}")
        return process.returncode, out

    def verdicts(self, key=None):
        """{(transport, ports): (verdict, port)} as the check from the other zone sees them."""
        result = self.portconform("mon1", "check", "-C", self.site, "--vantage", "mon1", "--acceptance", key or self.key,
                                  "--format", "json")
        try:
            findings = json.loads(result.stdout)["findings"]
        except (ValueError, KeyError):
            self.check(False, f"no JSON: {result.stdout} {result.stderr}")
            return {}
        return {(f["transport"], f["ports"]): (f["verdict"], f["port"]) for f in findings}

    # --- situations -----------------------------------------------------------------------------------------------

    def all_open(self):
        process, line = self.respond("--for", "300")
        self.check(f"answers on {PORTS} ports" in line, f"the first line: {line}")
        seen = self.verdicts()
        wanted = {("tcp", "31000"): "conforming", ("tcp", "31006..31008"): "conforming", ("udp", "5060"): "conforming",
                  ("udp", "16384..32767"): "conforming", ("udp", "41005"): "conforming",
                  ("tcp", "22"): "unproven",  # somebody else's: open, but not by the key
                  ("tcp", "9092"): "unproven"}  # for the host alone: not opened, and no alarm
        for item, verdict in wanted.items():
            self.check(seen.get(item, ("absent", 0))[0] == verdict, f"{item}: {seen.get(item)}, wanted {verdict}")
        status, out = self.end(process)
        self.check("5 of 6 port items were reached" in out, f"the summary: {out[-400:]}")
        self.check("tcp 10.98.1.10:22: in use" in out, f"port 22 is left to its owner, and said: {out[:400]}")
        self.check(re.search(r"^  tcp 22 +stayed shut", out, re.M), f"port 22 is no success: {out[-400:]}")
        self.check(status == 1, f"not all was reached: status {status}")

    def two_openings_missing(self):
        self.lab.nft("fw", "table inet f { chain f { type filter hook forward priority 0;"
                           " tcp dport 31000 drop; udp dport 5060 drop\n}\n}")
        process, _ = self.respond()
        seen = self.verdicts()
        filtered = sorted(item for item, (verdict, _) in seen.items() if verdict == "filtered")
        self.check(filtered == [("tcp", "31000"), ("udp", "5060")], f"filtered: {filtered}")
        _, out = self.end(process)
        for line in ("tcp 31000", "udp 5060"):
            self.check(re.search(rf"^  {line} +never reached", out, re.M), f"never reached: {line} is not named")
        self.lab.nft("fw", "")

    def each_opening_missing(self):
        """A firewall that drops what it does not know: what is missing is filtered, and nothing else changes."""
        process, _ = self.respond()
        for missing in OPENINGS:
            rules = "\n".join(f"{opening} accept" for opening in ["tcp dport 22", *OPENINGS] if opening != missing)
            self.lab.nft("fw", "table inet f { chain f { type filter hook forward priority 0; policy drop;\n"
                               f"ct state established,related accept\n{rules}\n}}\n}}")
            seen = {item: verdict for item, (verdict, _) in self.verdicts().items()}
            wanted = {item: "filtered" if opening == missing else "conforming" for opening, item in OPENINGS.items()}
            self.check({item: seen.get(item) for item in wanted} == wanted, f"without {missing}: {seen}")
        self.lab.nft("fw", "")
        self.end(process)

    def led_astray(self):
        """A translation that swaps ports is no way to the port that was asked for."""
        self.lab.nft("fw", "table ip n { chain p { type nat hook prerouting priority -100;\n"
                           "udp dport 5060 dnat to 10.98.1.10:41005\n}\n}")
        process, _ = self.respond()
        seen = self.verdicts()
        self.check(seen.get(("udp", "5060"), ("", 0))[0] == "elsewhere", f"astray: {seen.get(('udp', '5060'))}")
        status, out = self.end(process)
        self.check("meant for another port" in out and re.search("^  udp 5060 +never reached", out, re.M),
                   f"the summary: {out[:400]}")
        self.lab.nft("fw", "")

    def without_the_right(self):
        """Root without the capability is like any other user where ports below 1024 are concerned."""
        process, line = self.respond(by=["setpriv", "--bounding-set", "-net_bind_service"])
        status, out = self.end(process)
        self.check(f"answers on {PORTS} ports" in line, f"the first line: {line}")
        self.check("tcp 10.98.1.10:22: this user may not open" in out, f"what stays shut: {out[:400]}")
        self.check(status == 1, f"not all was reached: status {status}")

    def few_descriptors(self):
        """The samples of a range come before the rest: what a check asks for is there as long as it can be."""
        process, _ = self.respond(by=["prlimit", "--nofile=400"])
        seen = self.verdicts()
        self.check(seen.get(("udp", "16384..32767"), ("", 0))[0] == "conforming", f"samples: {seen}")
        _, out = self.end(process)
        self.check(re.search(r"\d+ ports: the limit of open files", out), f"what stays shut: {out[:400]}")
        process, _ = self.respond(by=["prlimit", "--nofile=360"])
        seen = self.verdicts()
        self.check(seen.get(("udp", "16384..32767"), ("", 0))[0] == "closed", f"not all samples: {seen}")
        status, out = self.end(process)
        self.check(status == 1 and re.search(r"^  udp 16384\.\.32767 +\d+ of 64 reached", out, re.M), f"summary: {out}")

    def told_to_ignore_the_end_of_the_session(self):
        """As nohup(1) does: the session ends, and the test goes on."""
        process, _ = self.respond(by=["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"])
        process.send_signal(signal.SIGHUP)
        seen = self.verdicts()
        self.check(seen.get(("udp", "5060"), ("", 0))[0] == "conforming", f"after the session: {seen}")
        self.end(process)

    def hole_in_media_range(self):
        self.lab.nft("fw", "table inet f { chain f { type filter hook forward priority 0;"
                           " udp dport 20000-21000 reject with icmp type admin-prohibited\n}\n}")
        process, _ = self.respond()
        verdict, port = self.verdicts().get(("udp", "16384..32767"), ("absent", 0))
        self.check(verdict == "filtered" and 20000 <= port <= 21000, f"media range: {verdict} at {port}")
        self.end(process)
        self.lab.nft("fw", "")

    def no_responder(self):
        seen = self.verdicts()
        self.check(seen.get(("udp", "5060"), ("", 0))[0] == "closed", f"nobody answers at 5060: {seen.get(('udp', '5060'))}")
        self.check(seen.get(("udp", "41005"), ("", 0))[0] == "closed", "what may be absent later is to be there now")

    def another_key(self):
        process, _ = self.respond()
        seen = self.verdicts(self.other_key)
        self.check(seen.get(("tcp", "31000"), ("", 0))[0] == "unproven", f"tcp without the key: {seen.get(('tcp', '31000'))}")
        self.check(seen.get(("udp", "5060"), ("", 0))[0] == "indeterminate",
                   f"no firewall is blamed for another key: {seen.get(('udp', '5060'))}")
        status, out = self.end(process)
        self.check(status == 1 and "0 of 6 port items" in out and "came without it" in out, f"the summary: {out[:300]}")

    def strangers_hear_nothing(self):
        process, _ = self.respond()
        script = ("import socket,sys\n"
                  "u=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);u.settimeout(1)\n"
                  "for size in (0,1,95,96,97,1400):\n"
                  "    u.sendto(b'PCACCEPT'[:size].ljust(size,b'\\1'),('10.98.1.10',5060))\n"
                  "try: print('udp',u.recv(100))\n"
                  "except TimeoutError: print('udp silent')\n"
                  "t=socket.create_connection(('10.98.1.10',31000));t.settimeout(10)\n"
                  "t.sendall(b'GET / HTTP/1.1\\r\\n\\r\\n'.ljust(96,b'x'))\n"
                  "try: print('tcp',t.recv(100))\n"
                  "except ConnectionResetError: print('tcp reset')\n")
        out = self.lab.inside("mon1", sys.executable, "-c", script).stdout
        self.check(out == "udp silent\ntcp reset\n", f"strangers hear: {out}")
        self.end(process)

    def ends_by_itself(self):
        process, _ = self.respond("--for", "10")
        out, _ = process.communicate(timeout=60)
        self.check(process.returncode == 1 and "port items were reached" in out, f"its own end: {process.returncode} {out[:200]}")

    def refusals(self):
        os.chmod(self.other_key, 0o644)
        result = self.portconform("mgr01", "respond", "-C", self.site, "-H", "mgr01", "--key", self.other_key)
        self.check(result.returncode == 3 and "chmod 600" in result.stderr, f"an open key: {result.stderr}")
        os.chmod(self.other_key, 0o600)
        result = self.portconform("mon1", "respond", "-C", self.site, "-H", "mgr01", "--key", self.key)
        self.check(result.returncode == 3 and "not an address of this machine" in result.stderr,
                   f"the wrong machine: {result.stderr}")
        result = self.portconform(None, "respond", "--make-key", self.key)
        self.check(result.returncode == 3, "a key is not written over")


def main():
    build, actor = sys.argv[1:3]
    labs.need("ip", "nft")
    with labs.Lab(ZONES, HOSTS, actor) as lab:
        runner = Runner(lab, build)
        lab.start("mgr01", "sshd", "tcp:0.0.0.0:22")
        situations = ["all_open", "two_openings_missing", "hole_in_media_range", "each_opening_missing", "led_astray",
                      "no_responder", "another_key", "without_the_right", "few_descriptors", "strangers_hear_nothing",
                      "refusals", "told_to_ignore_the_end_of_the_session", "ends_by_itself"]
        for name in situations:
            print(name.replace("_", " "), flush=True)
            getattr(runner, name)()
    print(f"{len(situations)} situations, {len(runner.failures)} failures")
    return 1 if runner.failures else 0


if __name__ == "__main__":
    sys.exit(main())
