#!/usr/bin/env python3
"""Hazard: the SNMP master restarts or hangs. Fifty times under a thousand running probes: no false finding, no event lost or
told twice, and the tables are back each time. Usage: snmp_restarts.py BUILD [TIMES]"""
import re
import signal
import socket
import sys
import time

from cores import check, end, need, need_built, wait_for
from loopback import Daemon, LoopbackSite
from mib import base_mibs
from snmp_agent import MIB, Master
from snmp_alone import Syslog, parameter

HOSTS, PORTS = 10, 100
UPTIME = ".1.3.6.1.2.1.1.3.0"


class Busy(LoopbackSite):
    """Ten hosts of a hundred ports each that are served, and one port that comes and goes."""

    def __init__(self):
        super().__init__()
        self.servers = [socket.create_server(("0.0.0.0", 0)) for _ in range(PORTS)]
        ports = ", ".join('{ ports = "tcp %d"; }' % server.getsockname()[1] for server in self.servers)
        for number in range(1, HOSTS + 1):
            self._write(f"hosts.d/busy{number}.conf",
                        f'host: {{ name = "busy{number}"; addresses = ["127.0.1.{number}"]; listeners = "kernel"; '
                        f'expect = ( {ports} ); }};')
        self.drain()

    def drain(self):
        """A server that never accepts fills its queue: a thread takes what comes."""
        import selectors
        import threading
        selector = selectors.DefaultSelector()
        for server in self.servers:
            server.setblocking(False)
            selector.register(server, selectors.EVENT_READ)

        def serve():
            while True:
                for key, _ in selector.select():
                    try:
                        key.fileobj.accept()[0].close()
                    except OSError:
                        pass
        threading.Thread(target=serve, daemon=True).start()


def interrupt(master, turn):
    """Killed, ended or stopped in turns."""
    if turn % 3 == 2:
        master.process.send_signal(signal.SIGSTOP)
        time.sleep(1.5)  # longer than the agent waits: it gives the session up
        master.process.send_signal(signal.SIGCONT)
        return
    if turn % 3 == 1:
        master.process.kill()
        master.process.wait()
    else:
        end(master.process)
    master.start()


def flap(site, turn):
    if turn % 10 == 0:
        site.serve_other()
    elif turn % 10 == 5:
        site.end_other()


def run(site, master, daemon, times):
    """Returns how long the tables were away after each return of the master, in seconds."""
    away = []
    wait_for("the first findings", lambda: master.severity() == "critical")
    wait_for("a row for each expectation", lambda: len(master.rows()) == HOSTS * PORTS + 2)
    rows = master.rows()
    for turn in range(times):
        flap(site, turn)
        interrupt(master, turn)
        wait_for("the master", lambda: "Timeticks" in master.run("snmpget", master.agent(), UPTIME, names=False))
        began = time.monotonic()
        wait_for("the tables", lambda: master.run("snmpget", "-Oqv", master.agent(), MIB + "pcSite.0").strip() == "loop", 20)
        away.append(time.monotonic() - began)
        check(daemon.running(), "the daemon still runs")
    check(master.rows() == rows, "rows keep their indexes")
    return away


def check_events(syslog, site):
    """Transitions are those of the one port, each once, in order."""
    key = f"lo01|-|site/tcp-{site.other_port}|tcp-{site.other_port}"
    events = [line for line in syslog.lines if "[portconform@" in line]
    ids = [int(parameter(line, "id")) for line in events]
    check(ids == sorted(set(ids)), "no event twice, and in order", ids)
    sequence = [int(parameter(line, "seq")) for line in events]
    check(sequence == list(range(sequence[0], sequence[0] + len(sequence))), "no event lost", sequence)
    changes = [line for line in events if re.search(" (RAISED|CHANGED|CLEARED|HOST_UNREACHABLE) ", line[:200])]
    check({parameter(line, "key") for line in changes} == {key}, "no false finding", [line[:300] for line in changes])
    verbs = [re.search(" (RAISED|CLEARED) ", line[:200]).group(1) for line in changes]
    check(verbs == [("RAISED", "CLEARED")[i % 2] for i in range(len(verbs))] and len(verbs) >= 3, "each change once", verbs)


def main(build, times):
    need("snmpd", "snmpget", "snmpwalk")
    base_mibs("mibs")
    need_built(build, "portconformd")
    with Busy() as site:
        syslog = Syslog()
        site.write_site(f'syslog = ( {{ name = "siem"; target = "udp:127.0.0.1:{syslog.port}"; }} );')
        master = Master(site)
        master.start()
        try:
            with Daemon(build, site, "--agentx", "unix:" + master.socket) as daemon:
                away = run(site, master, daemon, times)
                check_events(syslog, site)
                print(f"{times} interruptions; the tables were back {sorted(away)[len(away) // 2]:.2f} s (median), "
                      f"{max(away):.2f} s (longest) after the master; events: {len(syslog.lines)}")
        finally:
            end(master.process)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 50)
