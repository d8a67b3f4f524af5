#!/usr/bin/python3
"""The responder of the acceptance test among people who mean no good: hazard "hostile peers".

    respond_hostile.py BUILD_DIR ACTOR

Callers that hang, drip and never finish their handshake, floods of garbage, asks that somebody recorded and sends again,
to other ports and in the name of others. A check goes on as if they were not there, nobody gets more octets than he
sent, and the responder ends when it is told to.
"""
import hashlib
import hmac
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab as labs  # noqa: E402
import respond  # noqa: E402

TARGET = "10.98.1.10"
SPOOFED = "10.98.2.99"  # in the callers' network, and nobody's
HANGING, DRIPPING, HALF_OPEN, GARBAGE, REPLAYED = 1500, 200, 500, 20000, 1000


# --- what runs in the namespace of the callers ------------------------------------------------------------------------

def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


def packet(protocol, payload, source=SPOOFED):
    """An IPv4 packet with somebody else's name on it; the kernel fills in length and checksum of the header."""
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, protocol, 0, socket.inet_aton(source),
                       socket.inet_aton(TARGET)) + payload


def syn(port, number):
    header = struct.pack("!HHIIBBHHH", 1024 + number, port, number, 0, 5 << 4, 2, 1024, 0, 0)
    pseudo = socket.inet_aton(SPOOFED) + socket.inet_aton(TARGET) + struct.pack("!BBH", 0, 6, len(header))
    return packet(6, header[:16] + struct.pack("!H", checksum(pseudo + header)) + header[18:])


def udp(port, payload):
    return packet(17, struct.pack("!HHHH", 4000, port, 8 + len(payload), 0) + payload)


def ask(key, transport, port):
    message = b"PCACCEPT" + bytes([1, 1, transport, 0]) + struct.pack("!HH", port, 0) + b"recorded nonce.." + bytes(32)
    return message + hmac.new(key, message, hashlib.sha256).digest()


def hang():
    """Callers in every stage of rudeness, until standard input ends."""
    calls = []
    for i in range(HANGING + DRIPPING):
        call = socket.socket()
        call.setblocking(False)
        call.connect_ex((TARGET, (31000, 31006, 31007, 31008)[i % 4]))
        calls.append(call)
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for i in range(HALF_OPEN):
        raw.sendto(syn(31000 if i % 2 else 31006, i), (TARGET, 0))
    print("ready", flush=True)
    garbage = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    os.set_blocking(0, False)
    for i in range(GARBAGE):
        try:
            garbage.sendto(os.urandom(i % 200), (TARGET, 5060 if i % 2 else 16384 + i % 16384))
            calls[HANGING + i % DRIPPING].send(b"P")
        except OSError:
            pass
        if i % 200 == 0:
            time.sleep(0.05)  # a flood of some thousands a second, on two cores that others need too
            if sys.stdin.buffer.read(1) == b"":
                return


def replay(key, port, to_port):
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    recorded = ask(bytes.fromhex(key), 17, int(port))
    for i in range(REPLAYED):
        raw.sendto(udp(int(to_port), recorded), (TARGET, 0))
        if i % 100 == 0:
            time.sleep(0.01)


# --- the test ---------------------------------------------------------------------------------------------------------

class Hostile(respond.Runner):
    def start_inside(self, *arguments):
        return subprocess.Popen(["ip", "netns", "exec", self.lab.ns("mon1"), sys.executable, os.path.abspath(__file__),
                                 "inside", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def octets(self):
        """What went to UDP ports of the target, and what came back from there, IP headers included."""
        counters = self.lab.inside("fw", "nft", "list", "counters").stdout
        return [int(re.search(rf"counter {name} .*?bytes (\d+)", counters, re.S)[1]) for name in ("there", "back")]

    def count_octets(self, more=""):
        self.lab.nft("fw", "table inet f { counter there { }\ncounter back { }\n"
                           "chain f { type filter hook forward priority 0;\n"
                           f"ip daddr {TARGET} meta l4proto udp counter name there\n"
                           f"ip saddr {TARGET} meta l4proto udp counter name back\n{more}\n}}\n}}")

    def rude_callers(self):
        process, _ = self.respond("--for", "120")
        callers = self.start_inside("hang")
        self.check(callers.stdout.readline() == "ready\n", "the rude callers did not start")
        began = time.monotonic()
        seen = {item: verdict for item, (verdict, _) in self.verdicts().items()}
        took = time.monotonic() - began
        for item in respond.OPENINGS.values():
            self.check(seen.get(item) == "conforming", f"among rude callers {item} is {seen.get(item)}")
        began = time.monotonic()
        status, out = self.end(process)
        print(f"    a check among them took {took:.1f} s, the end {time.monotonic() - began:.2f} s; {out.splitlines()[0][:120]}")
        self.check("5 of 5 port items" in out and status == 0, f"the summary: {out[:300]}")
        callers.communicate(timeout=30)

    def replays(self):
        """Asks that somebody recorded, sent again in the name of another: to their own port and to others."""
        key = open(self.key, encoding="ascii").read().strip()
        self.count_octets("udp dport 41005 drop")
        process, _ = self.respond("--for", "120")
        self.start_inside("replay", key, "5060", "5060").communicate(timeout=30)
        self.start_inside("replay", key, "41005", "5060").communicate(timeout=30)
        there, back = self.octets()
        print(f"    asks sent again: {there} octets there, {back} back ({back / there:.2f})")
        self.check(0 < back <= there and there >= 2 * REPLAYED * (96 + 28), f"{there} octets there, {back} back")
        seen = self.verdicts()
        self.check(seen.get(("udp", "41005"), ("", 0))[0] == "filtered", f"a way that is shut: {seen.get(('udp', '41005'))}")
        _, out = self.end(process)
        self.check(re.search("^  udp 41005 +never reached", out, re.M), f"nor does the responder believe it: {out[:400]}")
        self.check(f"{REPLAYED} were meant for another port" in out, f"and it says so: {out[:200]}")

    def silence(self):
        """Whoever has no key gets nothing for his octets."""
        self.count_octets()
        process, _ = self.respond("--for", "120")
        self.start_inside("replay", "00" * 32, "5060", "5060").communicate(timeout=30)
        there, back = self.octets()
        print(f"    without the key: {there} octets there, {back} back")
        self.check(back == 0 and there >= REPLAYED * (96 + 28), f"{there} octets there, {back} back")
        self.end(process)

    def killed_by_time(self):
        """Nobody tells it to end, and callers hang on: its time is up all the same."""
        process, _ = self.respond("--for", "10")
        callers = self.start_inside("hang")
        callers.stdout.readline()
        out, _ = process.communicate(timeout=60)
        self.check(process.returncode == 1 and "port items were reached" in out, f"its own end: {process.returncode} {out[:200]}")
        callers.communicate(timeout=30)

    def ended_by_term(self):
        process, _ = self.respond("--for", "120")
        callers = self.start_inside("hang")
        callers.stdout.readline()
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=10)
        self.check(process.returncode == 1 and "port items were reached" in out, f"TERM: {process.returncode} {out[:200]}")
        callers.communicate(timeout=30)


def main():
    if sys.argv[1] == "inside":
        {"hang": hang, "replay": replay}[sys.argv[2]](*sys.argv[3:])
        return 0
    build, actor = sys.argv[1:3]
    labs.need("ip", "nft")
    with labs.Lab(respond.ZONES, respond.HOSTS, actor) as lab:
        runner = Hostile(lab, build)
        runner.write("guides/product.conf", re.sub(r'\{ ref = "t/7".*?\},\n', "", respond.GUIDE))
        situations = ["rude_callers", "replays", "silence", "ended_by_term", "killed_by_time"]
        for name in situations:
            print(name.replace("_", " "), flush=True)
            getattr(runner, name)()
    print(f"{len(situations)} situations, {len(runner.failures)} failures")
    return 1 if runner.failures else 0


if __name__ == "__main__":
    sys.exit(main())
