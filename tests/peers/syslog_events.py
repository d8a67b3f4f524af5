#!/usr/bin/env python3
"""Events at syslog receivers: usage: syslog_events.py BUILD sockets|rsyslog

sockets: a UDP socket and a datagram socket like /dev/log, read by a parser of RFC 5424 of our own.
rsyslog: a real rsyslogd, which parses the structured data."""
import json
import os
import re
import socket
import sys

from cores import check, need_built, wait_for
from loopback import Daemon, LoopbackSite, free_udp_port
from receivers import Rsyslog, is_bound, parse

PEN = "portconform@32473"


class Receiver:
    """A bound datagram socket whose messages are kept."""

    def __init__(self, family, address):
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(60)

    def next(self, accept):
        while True:
            octets = self.socket.recv(65536)
            check(len(octets) <= 2048, "a message of moderate size", octets)
            value = accept(octets)
            if value:
                return value

    def next_event(self, msgid, seen):
        def accept(octets):
            event = parse(octets)
            seen.append(event)
            return event if event["msgid"] == msgid else None
        return self.next(accept)

    def close(self):
        self.socket.close()


def check_raised(event, site):
    expected = {"v": "1", "site": "loop", "host": "lo01", "addr": "127.0.0.1", "transport": "tcp",
                "port": str(site.other_port), "ports": str(site.other_port), "verdict": "missing",
                "severity": "CRITICAL", "blame": "server", "class": "availability", "owner": "unix-ops@example.jp"}
    for name, value in expected.items():
        check(event["params"].get(name) == value, f"{name} is {value}", event)
    check(event["pri"] == 26 and event["app"] == "portconformd" and event["id"] == PEN, "the header", event)
    check(str(site.other_port) in event["message"] and "lo01" in event["message"], "a text that stands alone", event)


def check_cleared(event, raised):
    check(event["params"]["verdict"] == "conforming" and event["params"]["was"] == "missing", "what has changed", event)
    check(event["params"]["key"] == raised["params"]["key"], "the same key at both edges", event)
    check(event["pri"] == 30, "a level that wakes nobody", event)


def sockets(build):
    with LoopbackSite() as site:
        udp = Receiver(socket.AF_INET, ("127.0.0.1", 0))
        local = Receiver(socket.AF_UNIX, site.path("log"))
        seen = []
        targets = ["--syslog", f"udp:127.0.0.1:{udp.socket.getsockname()[1]}", "--syslog", "local:" + site.path("log")]
        try:
            with Daemon(build, site, "--agentx", "none", *targets) as daemon:
                raised = udp.next_event("RAISED", seen)
                check_raised(raised, site)
                line = local.next(lambda octets: b"RAISED: " in octets and octets)
                check(re.match(rb"<26>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d portconformd\[\d+\]: RAISED: ", line),
                      "the form of /dev/log", line)
                site.serve_other()
                daemon.look_now()
                check_cleared(udp.next_event("CLEARED", seen), raised)
                local.next(lambda octets: b"CLEARED: " in octets)
                site.write_site("unheard_of = 1;")
                daemon.process.send_signal(1)  # SIGHUP
                udp.next_event("CONFIG_REJECTED", seen)
                check("unheard_of" in daemon.log(), "the log names the mistake")
                local.close()  # the receiver goes, and so does its socket: nobody waits for it
                os.unlink(site.path("log"))
                site.end_other()
                udp.next_event("RAISED", seen)
                wait_for("the log to say so", lambda: "log takes no messages" in daemon.log())
                status, seconds = daemon.stop()
                check(status == 0 and seconds < 2, "it ends in less than two seconds", f"{status}, {seconds:.2f} s")
                udp.next_event("STOPPED", seen)
        finally:
            udp.close()
        check([int(event["params"]["seq"]) for event in seen] == list(range(1, len(seen) + 1)), "seq has no gap", seen)
        check(len({event["params"]["boot"] for event in seen}) == 1, "one boot", seen)
        check(len({event["params"]["id"] for event in seen}) == len(seen), "ids are unique", seen)
        check([seen[0]["msgid"], seen[-1]["msgid"]] == ["STARTED", "STOPPED"], "the story", seen)


def rsyslog(build):
    with LoopbackSite() as site:
        port = free_udp_port()
        receiver = Rsyslog(site.folder, 'module(load="imudp")',
                           f'input(type="imudp" address="127.0.0.1" port="{port}" ruleset="in" name="udp")',
                           lambda: is_bound(port)).start()

        def event(msgid):
            read = (json.loads(line) for line in receiver.lines())
            found = next((e for e in read if e["msgid"] == msgid and e["app"] == "portconformd"), None)
            return found and {**found, "sd": json.loads(found["sd"])}

        try:
            with Daemon(build, site, "--agentx", "none", "--syslog", f"udp:127.0.0.1:{port}") as daemon:
                raised = wait_for("RAISED", lambda: event("RAISED"))
                params = raised["sd"][PEN]
                check(params["verdict"] == "missing" and params["port"] == str(site.other_port), "the finding", raised)
                check(str(site.other_port) in raised["msg"], "the text", raised)
                site.serve_other()
                daemon.look_now()
                cleared = wait_for("CLEARED", lambda: event("CLEARED"))
                check(cleared["sd"][PEN]["key"] == params["key"], "the same key at both edges", cleared)
        finally:
            receiver.end()


if __name__ == "__main__":
    need_built(sys.argv[1], "portconformd")
    {"sockets": sockets, "rsyslog": rsyslog}[sys.argv[2]](sys.argv[1])
