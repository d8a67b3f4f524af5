#!/usr/bin/env python3
"""The outage matrix: usage: syslog_outages.py BUILD [TRANSPORT [TROUBLE]]

For each transport and each trouble: events go to a receiver that writes down each message before it reads the next,
trouble comes and goes, more events follow. At the end the receiver has every number from 1 on, or was told the gap by
EVENTS_LOST, and a number that came twice is the same event. UDP alone cannot hold this where the receiver does not read:
nobody tells that datagrams were dropped, and the gap is seen in seq."""
import os
import resource
import signal
import subprocess
import sys
import time

from certificates import Authority
from cores import check, free_port, is_sanitized, need_built, wait_for
from loopback import free_udp_port
from receivers import Driver, HERE, folder, parse

PATIENCE_S = int(os.environ.get("PC_PATIENCE_S", "120"))
TRANSPORTS = ("local", "udp", "tcp", "tls")


class Case:
    """One transport in a folder of its own: the receiver's process, the driver, and what arrived."""

    def __init__(self, build, place, transport):
        self.build, self.place, self.transport = build, place, transport
        self.file, self.store = os.path.join(place, "received"), os.path.join(place, "store")
        self.keys, self.receiver, self.driver, self.made = {}, None, None, 0
        self.target_keys, self.most_queued = "", 100000
        self.address = {"local": lambda: os.path.join(place, "log"), "udp": free_udp_port}.get(transport, free_port)()
        if transport == "tls":
            self.make_certificates()

    def make_certificates(self):
        self.ours, self.others = Authority(self.place, "ours"), Authority(self.place, "others")
        self.good = self.ours.issue("good", "DNS:siem.example.jp")
        client, key = self.ours.issue("client", "DNS:mon1.example.jp")
        self.present(self.good, self.ours)
        self.target_keys = f"ca={self.ours.certificate} certificate={client} key={key} name=siem.example.jp"

    def present(self, pair, clients):
        self.keys = {"certificate": pair[0], "key": pair[1], "authority": clients.certificate}

    def target(self):
        if self.transport == "local":
            return f"siem local:{self.address} format=rfc5424 header=rfc5424"
        return f"siem {self.transport}:127.0.0.1:{self.address} {self.target_keys}"

    def start_receiver(self, **keys):
        words = [f"{key}={value}" for key, value in {**self.keys, **keys}.items()]
        self.receiver = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "fake_receiver.py"), self.transport, str(self.address), self.file, *words],
            stdout=subprocess.PIPE)
        check(self.receiver.stdout.readline() == b"ready\n", "the receiver starts")

    def kill_receiver(self):
        self.receiver.kill()
        self.receiver.wait()
        self.receiver.stdout.close()

    def start_driver(self):
        self.driver = Driver(self.build, self.store, self.target(), most_queued=self.most_queued)

    def events(self, count):
        self.driver.events(count)
        self.made += count

    def received(self):
        try:
            with open(self.file, "rb") as log:
                lines = log.read().split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        return [parse(line) for line in lines]

    def numbers(self, events=None):
        """Each number that the receiver has or knows to be lost."""
        known = set()
        for event in self.received() if events is None else events:
            params = event["params"]
            known.add(int(params["seq"]))
            if event["msgid"] == "EVENTS_LOST":
                known.update(range(int(params["from"]), int(params["to"]) + 1))
        return known

    def wait_for_all(self):
        wait_for(f"{self.made} numbers at the receiver", lambda: len(self.numbers()) >= self.made, PATIENCE_S)

    def wait_for_some(self, count):
        wait_for(f"{count} messages", lambda: len(self.received()) >= count)

    def wait_for_error(self, *words):
        return wait_for(f"an error with one of {words}",
                        lambda: next((word for word in words if word in self.driver.status()["error"]), None))

    def wait_for_stall(self):
        """Until the sender has noticed that its receiver takes nothing, or has handed over everything all the same."""
        def noticed():
            status = self.driver.status()
            return status["queued"] == 0 or status["error"]
        wait_for("the stall", noticed)

    def close(self):
        if self.driver:
            self.driver.__exit__()
        if self.receiver and self.receiver.poll() is None:
            self.receiver.send_signal(signal.SIGCONT)
            self.kill_receiver()


# --- troubles: each begins with a receiver and a driver that has told 200 events ---

def restarted(case):
    """stopped, and started again"""
    case.receiver.terminate()
    case.receiver.wait()
    case.events(300)
    case.start_receiver()


def killed(case):
    """killed in the middle of a burst, and started again"""
    case.events(3000)
    case.kill_receiver()
    case.events(300)
    case.start_receiver()


def not_reading(case):
    """stopped by a signal, and continued"""
    case.receiver.send_signal(signal.SIGSTOP)
    case.events(3000)
    case.wait_for_stall()
    case.receiver.send_signal(signal.SIGCONT)


def not_reading_then_killed(case):
    """stopped by a signal, killed with what its kernel holds unread, and started again"""
    case.receiver.send_signal(signal.SIGSTOP)
    case.events(3000)
    case.wait_for_stall()
    case.kill_receiver()
    case.start_receiver()


def closing(case):
    """closes each connection after 150 messages with the rest unread"""
    case.kill_receiver()
    case.start_receiver(after=150)
    case.events(600)
    case.wait_for_all()


def talking(case):
    """sends what nobody asked for"""
    case.kill_receiver()
    case.start_receiver(talk=1)
    case.events(300)


def disk_full(case):
    """its disk takes no more for a while"""
    size = os.path.getsize(case.file)
    _, hard = resource.prlimit(case.receiver.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(case.receiver.pid, resource.RLIMIT_FSIZE, (size + 1000, hard))
    case.events(2000)
    wait_for("the full disk", lambda: os.path.getsize(case.file) >= size + 1000)
    check(os.path.getsize(case.file) == size + 1000, "the disk was full")
    resource.prlimit(case.receiver.pid, resource.RLIMIT_FSIZE, (hard, hard))


def refuses_us(case):
    """takes no certificate of ours"""
    case.kill_receiver()
    case.present(case.good, case.others)
    case.start_receiver()
    before = len(case.received())
    case.events(300)
    case.wait_for_error("alert")
    failed = case.driver.status()["failed"]
    wait_for("another attempt", lambda: case.driver.status()["failed"] > failed)
    check(len(case.received()) == before, "nothing arrived")
    case.kill_receiver()
    case.present(case.good, case.ours)
    case.start_receiver()


def wrong_certificate(case, pair, word):
    case.kill_receiver()
    case.present(pair, case.ours)
    case.start_receiver()
    before = len(case.received())
    case.events(300)
    case.wait_for_error(word)
    check(len(case.received()) == before, "nothing was told to a stranger")
    case.kill_receiver()
    case.present(case.good, case.ours)
    case.start_receiver()


def expired(case):
    """its certificate has expired"""
    wrong_certificate(case, case.ours.issue("expired", "DNS:siem.example.jp", days=-1), "expired")


def wrong_name(case):
    """its certificate names another"""
    wrong_certificate(case, case.ours.issue("other", "DNS:other.example.jp"), "mismatch")


def unknown_authority(case):
    """its certificate is of another authority"""
    wrong_certificate(case, case.others.issue("stranger", "DNS:siem.example.jp"), "unable to get local issuer")


def overflow(case):
    """away for longer than the queue holds"""
    case.kill_receiver()
    case.events(2000)
    case.start_receiver()


def we_are_killed(case):
    """the daemon is killed at many moments, and started again"""
    for moment in range(8):
        case.driver.process.stdin.write("events 200\n")
        case.driver.process.stdin.flush()
        time.sleep(0.02 * moment)
        case.driver.kill()
        case.start_driver()
    last = wait_for("the queue to empty", lambda: settled(case))
    case.made = last


def settled(case):
    """The last number, once it is at the receiver and nothing waits."""
    numbers, status = case.numbers(), case.driver.status()
    return max(numbers) if numbers and status["queued"] == 0 and status["last"] in (0, max(numbers)) else None


TROUBLES = {
    restarted: TRANSPORTS, killed: TRANSPORTS, not_reading: TRANSPORTS, not_reading_then_killed: ("local", "tcp", "tls"),
    closing: ("tcp", "tls"), talking: ("tcp", "tls"), disk_full: TRANSPORTS, refuses_us: ("tls",), expired: ("tls",),
    wrong_name: ("tls",), unknown_authority: ("tls",), overflow: TRANSPORTS, we_are_killed: TRANSPORTS}
# A datagram that finds the receiver's buffer full is gone, and nobody says so.
SILENT_LOSS = {("udp", not_reading), ("udp", disk_full), ("udp", killed), ("udp", we_are_killed)}


def judge(case, may_lose):
    ids, lost = {}, 0
    events = case.received()
    for event in events:
        params = event["params"]
        known = ids.setdefault((params["boot"], int(params["seq"])), params["id"])
        check(known == params["id"], "a number that comes twice is the same event", event)
        if event["msgid"] == "EVENTS_LOST":
            lost += int(params["count"])
    missing = set(range(1, case.made + 1)) - case.numbers(events)
    check(not missing or may_lose, "no gap that nobody told", sorted(missing)[:20])
    check(len({boot for boot, _ in ids}) == 1, "one boot")
    return len(ids), len(events) - len(ids), lost, len(missing)


def run(build, transport, trouble):
    may_lose = (transport, trouble) in SILENT_LOSS
    with folder() as place:
        case = Case(build, place, transport)
        try:
            case.start_receiver()
            case.most_queued = 500 if trouble is overflow else 100000
            case.start_driver()
            case.events(200)
            case.wait_for_some(200)
            trouble(case)
            case.events(200)
            if may_lose:
                wait_for("the last number", lambda: case.made in case.numbers())
            else:
                case.wait_for_all()
            status = case.driver.status()
            case.driver.stop()
            arrived, twice, lost, missing = judge(case, may_lose)
        finally:
            case.close()
    print(f"| {transport} | {trouble.__doc__} | {case.made} | {arrived} | {twice} | {lost} | {missing} | "
          f"{status['resent']} |", flush=True)


MANY, MOST_MIB = 100000, 32


def slow(build):
    """A hundred thousand events for a receiver that takes a few thousand a second: they wait on the disk, not in memory.
    The bound is for a plain build; what a sanitizer needs beside is not ours."""
    with folder() as place:
        case = Case(build, place, "tcp")
        try:
            case.start_receiver(pause=0.00005)
            case.start_driver()
            before = case.driver.memory_kib()["VmRSS"]
            case.events(MANY)
            waiting = case.driver.status()["queued"]

            def all_lines():
                with open(case.file, "rb") as log:
                    return log.read().count(b"\n") >= MANY
            wait_for("all of them", all_lines, 600)
            most = case.driver.memory_kib()["VmHWM"]
            case.driver.stop()
            arrived, twice, lost, missing = judge(case, False)
        finally:
            case.close()
    check(arrived == MANY and lost == 0 and missing == 0, "all arrived", f"{arrived} {lost} {missing}")
    check(waiting > MANY // 10, "the receiver was slow", waiting)
    print(f"{MANY} events, {waiting} waiting at once, {twice} twice; resident {before} KiB before, {most} KiB at most")
    check(is_sanitized(build) or most < MOST_MIB * 1024, f"less than {MOST_MIB} MiB resident", most)


if __name__ == "__main__":
    need_built(sys.argv[1], "tests/peers/syslog_driver")
    if sys.argv[3:] == ["slow"]:
        slow(sys.argv[1])
        sys.exit(0)
    print("| transport | the receiver | events | arrived | of them twice | told lost | silently lost | sent again |")
    print("|---|---|---|---|---|---|---|---|")
    for trouble, transports in TROUBLES.items():
        for transport in transports:
            if sys.argv[2:3] in ([], [transport]) and sys.argv[3:4] in ([], [trouble.__name__]):
                run(sys.argv[1], transport, trouble)
