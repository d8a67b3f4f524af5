#!/usr/bin/env python3
"""Events at syslog receivers: usage: syslog_events.py BUILD sockets|rsyslog

sockets: a UDP socket and a datagram socket like /dev/log, read by a parser of RFC 5424 of our own.
rsyslog: a real rsyslogd, which parses the structured data."""
import json
import os
import re
import shutil
import socket
import sys

from cores import SKIP, end, need, wait_for
from loopback import Daemon, LoopbackSite, free_udp_port, start

PEN = "portconform@32473"


def check(good, what, detail=""):
    if not good:
        raise AssertionError(f"{what}\n{detail}")


def parse(octets):
    """RFC 5424, section 6, as strictly as it is written."""
    text = octets.decode("utf-8")
    head = re.match(r"<(\d{1,3})>1 (\S+) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) ", text)
    check(head, "a header", text)
    check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}(Z|[+-]\d\d:\d\d)", head.group(2)), "a timestamp", text)
    rest = text[head.end():]
    data = re.match(r'\[([^ \]="]{1,32})((?: [^ \]="]{1,32}="(?:[^"\\\]]|\\.)*")*)\](?: |$)', rest)
    check(data, "structured data", text)
    params = {name: re.sub(r'\\(["\\\]])', r"\1", value)
              for name, value in re.findall(r' ([^ \]="]{1,32})="((?:[^"\\\]]|\\.)*)"', data.group(2))}
    return {"pri": int(head.group(1)), "app": head.group(4), "msgid": head.group(6), "id": data.group(1),
            "params": params, "message": rest[data.end():]}


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


RSYSLOG = """
global(workDirectory="%(folder)s" maxMessageSize="64k" net.enableDNS="off")
module(load="mmpstrucdata") module(load="imudp")
template(name="j" type="list" option.jsonf="on") {
  property(outname="msgid" name="msgid" format="jsonf") property(outname="app" name="app-name" format="jsonf")
  property(outname="pri" name="pri" format="jsonf") property(outname="sd" name="$!rfc5424-sd" format="jsonf")
  property(outname="msg" name="msg" format="jsonf") }
ruleset(name="in") {
  action(type="mmpstrucdata" sd_name.lowercase="off")
  action(type="omfile" file="%(folder)s/all.json" template="j") }
input(type="imudp" address="127.0.0.1" port="%(port)d" ruleset="in")
"""


def rsyslog(build):
    need("rsyslogd")
    if not any(os.path.exists(folder + "/rsyslog/mmpstrucdata.so") for folder in
               ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib")):
        print("skipped: this rsyslog has no mmpstrucdata")
        sys.exit(SKIP)
    with LoopbackSite() as site:
        port = free_udp_port()
        with open(site.path("rsyslog.conf"), "w", encoding="utf-8") as out:
            out.write(RSYSLOG % {"folder": site.folder, "port": port})
        receiver = start([shutil.which("rsyslogd", path="/usr/sbin:/sbin"), "-n", "-f", site.path("rsyslog.conf"), "-i",
                          site.path("rsyslogd.pid")], site, "rsyslogd")

        def events():
            if not os.path.exists(site.path("all.json")):
                return []
            with open(site.path("all.json"), encoding="utf-8") as lines:
                read = [json.loads(line) for line in lines if line.endswith("\n")]
            for entry in read:
                entry["sd"] = json.loads(entry["sd"]) if entry["sd"] else {}
            return read

        def event(msgid):
            return next((e for e in events() if e["msgid"] == msgid and e["app"] == "portconformd"), None)

        try:
            wait_for("rsyslogd", lambda: os.path.exists(site.path("rsyslogd.pid")))
            wait_for("its port", lambda: is_bound(port))
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
            end(receiver)


def is_bound(port):
    with open("/proc/net/udp", encoding="ascii") as table:
        return f"0100007F:{port:04X} " in table.read()


if __name__ == "__main__":
    if not os.path.exists(os.path.join(sys.argv[1], "portconformd")):
        print("skipped: portconformd is not built")
        sys.exit(SKIP)
    {"sockets": sockets, "rsyslog": rsyslog}[sys.argv[2]](sys.argv[1])
