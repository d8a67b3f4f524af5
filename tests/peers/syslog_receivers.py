#!/usr/bin/env python3
"""Events at real receivers: usage: syslog_receivers.py BUILD rsyslog|syslog-ng udp|tcp|tls|json

Each must have every event with its structured data taken apart, whatever transport it came by; over TLS both sides show
certificates. In the middle the receiver is ended and started again."""
import json
import os
import shutil
import subprocess
import sys

from certificates import Authority
from cores import SOURCE, check, end, free_port, need_built, skip, wait_for
from loopback import free_udp_port
from receivers import Driver, LIBRARIES, Rsyslog, folder, is_bound, listens, need_rsyslog

EVENTS = 300


MODULES = ("afsocket", "affile", "syslogformat", "json-plugin", "basicfuncs")


def find_syslog_ng():
    """Its program, its options and environment: installed, or unpacked where tests/run puts it, since Debian's package
    conflicts with rsyslog's."""
    unpacked = os.path.join(SOURCE, "build", "syslog-ng")
    installed = shutil.which("syslog-ng")
    if installed:
        return installed, [], dict(os.environ)
    for path in ("/usr/lib", *LIBRARIES):
        modules = os.path.join(unpacked + path, "syslog-ng", "3.38")
        if os.path.exists(modules):
            search = ":".join([os.path.dirname(modules)] + [unpacked + folder for folder in LIBRARIES])
            return (os.path.join(unpacked, "usr", "sbin", "syslog-ng"), ["--module-path=" + modules],
                    {**os.environ, "LD_LIBRARY_PATH": search})
    return skip("syslog-ng is neither installed nor unpacked in build/syslog-ng, where tests/run puts it")


class SyslogNg:
    """A real syslog-ng that writes each event as a line of JSON."""

    CONFIG = "@version: 3.38\n" + "".join(f"@module {name}\n" for name in MODULES) + """
options { flush-lines(1); };
source in { syslog(ip(127.0.0.1) port(%(port)d) %(transport)s); };
destination out { file("%(place)s/all.json"
  template("$(format-json --scope rfc5424 --key .SDATA.* --key MSGID --key MESSAGE)\\n") template-escape(no)); };
log { source(in); destination(out); };
"""

    def __init__(self, place, port, transport):
        self.place, self.port, self.process = place, port, None
        self.program, self.options, self.environment = find_syslog_ng()
        with open(os.path.join(place, "sng.conf"), "w", encoding="ascii") as out:
            out.write(self.CONFIG % {"place": place, "port": port, "transport": transport})

    def start(self):
        path = {name: os.path.join(self.place, name) for name in ("sng.conf", "persist", "control", "pid")}
        command = [self.program, "-F", "-f", path["sng.conf"], "-R", path["persist"], "-c", path["control"], "-p",
                   path["pid"], "--no-caps", *self.options]
        self.process = subprocess.Popen(command, env=self.environment)
        wait_for("syslog-ng", lambda: listens(self.port))
        return self

    def events(self):
        try:
            with open(os.path.join(self.place, "all.json"), encoding="utf-8") as log:
                lines = [json.loads(line) for line in log if line.endswith("\n")]
        except FileNotFoundError:
            return []
        found = []
        for line in lines:
            data = line.get("_SDATA") or line.get("SDATA")
            if data:
                data = data["portconform@32473"] if "portconform@32473" in data else data
                found.append((line["MSGID"], data, line["MESSAGE"]))
        return found

    def end(self):
        end(self.process)


class RsyslogEvents(Rsyslog):
    """What mmpstrucdata made of the messages."""

    def events(self):
        found = []
        for line in self.lines():
            message = json.loads(line)
            data = json.loads(message["sd"]) if isinstance(message["sd"], str) and message["sd"] else message["sd"]
            if data and "portconform@32473" in data:
                found.append((message["msgid"], data["portconform@32473"], message["msg"]))
        return found


def certificates(place):
    authority = Authority(place)
    server, client = authority.issue("siem", "DNS:siem.example.jp"), authority.issue("client", "DNS:mon1.example.jp")
    keys = f" ca={authority.certificate} certificate={client[0]} key={client[1]} name=siem.example.jp"
    return authority.certificate, server, keys


def rsyslog(place, transport):
    if transport == "udp":
        port = free_udp_port()
        inputs = f'input(type="imudp" address="127.0.0.1" port="{port}" ruleset="in" name="udp")'
        return RsyslogEvents(place, 'module(load="imudp")', inputs, lambda: is_bound(port)), f"udp:127.0.0.1:{port}"
    port = free_port()
    if transport == "tcp":
        inputs = (f'input(type="imptcp" address="127.0.0.1" port="{port}" ruleset="in" name="tcp" '
                  'supportOctetCountedFraming="on")')
        return RsyslogEvents(place, 'module(load="imptcp")', inputs, lambda: listens(port)), f"tcp:127.0.0.1:{port}"
    need_rsyslog("lmnsd_ossl")
    ca, server, keys = certificates(place)
    modules = ('module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/name" '
               'PermittedPeer=["mon1.example.jp"])')
    inputs = f'input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="in" name="tls")'
    extra = (f'defaultNetstreamDriverCAFile="{ca}" defaultNetstreamDriverCertFile="{server[0]}" '
             f'defaultNetstreamDriverKeyFile="{server[1]}"')
    return RsyslogEvents(place, modules, inputs, lambda: listens(port), extra), f"tls:127.0.0.1:{port}{keys}"


def syslog_ng(place, transport):
    port = free_port()
    if transport == "tcp":
        return SyslogNg(place, port, 'transport("tcp")'), f"tcp:127.0.0.1:{port}"
    ca, server, keys = certificates(place)
    words = (f'transport("tls") tls(key-file("{server[1]}") cert-file("{server[0]}") ca-file("{ca}") '
             'peer-verify(required-trusted) trusted-dn("CN=client"))')
    return SyslogNg(place, port, words), f"tls:127.0.0.1:{port}{keys}"


def check_events(events, made):
    by_number = {}
    for msgid, data, text in events:
        by_number.setdefault(int(data["seq"]), (msgid, data, text))
    check(set(by_number) == set(range(1, made + 1)), "every number", sorted(by_number))
    for number, (msgid, data, text) in by_number.items():
        cleared = number % 2 == 0
        check(msgid == ("CLEARED" if cleared else "RAISED"), "the MSGID", msgid)
        for name, value in {"v": "1", "host": "mgr01", "addr": "10.0.1.10", "rule": "jp1-itdm/agent/2",
                            "verdict": "conforming" if cleared else "missing"}.items():
            check(data[name] == value, f"{name} is {value}", data)
        check(f"event {number - 1}: tcp " in text, "the text", text)


def run(build, receiver, transport):
    with folder() as place:
        server, target = {"rsyslog": rsyslog, "syslog-ng": syslog_ng}[receiver](place, transport)
        server.start()
        try:
            with Driver(build, "-", "siem " + target) as driver:
                driver.events(EVENTS)
                wait_for("the events", lambda: len(server.events()) >= EVENTS)
                server.end()
                driver.events(EVENTS)
                server.start()
                wait_for("the other events", lambda: len({event[1]["seq"] for event in server.events()}) == 2 * EVENTS)
                driver.stop()
            check_events(server.events(), 2 * EVENTS)
        finally:
            server.end()


def rsyslog_json(build):
    """JSON behind the cookie, which rsyslog takes apart by itself."""
    with folder() as place:
        port = free_port()
        config = Rsyslog.CONFIG.replace('action(type="mmpstrucdata" sd_name.lowercase="off")', 'action(type="mmjsonparse")') \
            .replace('name="$!rfc5424-sd"', 'name="$!"')
        RsyslogEvents.CONFIG = config
        server = RsyslogEvents(place, 'module(load="imptcp") module(load="mmjsonparse")',
                               f'input(type="imptcp" address="127.0.0.1" port="{port}" ruleset="in" name="tcp")',
                               lambda: listens(port)).start()
        try:
            with Driver(build, "-", f"siem tcp:127.0.0.1:{port} format=cee") as driver:
                driver.events(2)
                wait_for("the events", lambda: len(server.lines()) == 2)
                driver.stop()
            first = json.loads(server.lines()[0])["sd"]
            first = json.loads(first) if isinstance(first, str) else first
            check(first["event"]["action"] == "missing" and first["event"]["sequence"] == 1, "ECS", first)
            check(first["destination"]["port"] == 1024 and first["host"]["name"] == "mgr01", "ECS", first)
        finally:
            server.end()


if __name__ == "__main__":
    need_built(sys.argv[1], "tests/peers/syslog_driver")
    if sys.argv[3] == "json":
        rsyslog_json(sys.argv[1])
    else:
        run(*sys.argv[1:4])
