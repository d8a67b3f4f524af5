#!/usr/bin/env python3
"""PORTCONFORM-MIB through a real snmpd, against what agents ship today: usage: snmp.py BUILD [RESULT.json]

Both sides run in one go, in turns; a ratio is the median of the pairs. BUILD is a Release build."""
import ctypes
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "peers"))
from cores import SKIP, end, need, wait_for  # noqa: E402
from loopback import free_udp_port  # noqa: E402

FINDINGS = ".1.3.6.1.4.1.8072.9999.9999.1.4.1"  # pcFindingEntry
COLUMNS = "3,6,7,8,10,14,15,16,17,18,19,35"  # host, address, port, verdict, severity, reason, blame, class, held
ITERATED = ".1.3.6.1.4.1.8072.9999.9998.1.1"
ITERATED_COLUMNS = ",".join(str(n) for n in range(2, 14))
TCP_CONN = ".1.3.6.1.2.1.6.13"
PAIRS, SLICES = 3, 60
NATIVE_SECONDS = 10
CONNECTIONS, CONNECTORS = 40000, 50  # in processes of their own: a process may have few descriptors
TICKS = os.sysconf("SC_CLK_TCK")


class Master:
    """A private snmpd with a socket for subagents."""

    def __init__(self, folder):
        self.port = free_udp_port()
        self.socket = os.path.join(folder, f"agentx-{self.port}")
        os.makedirs(os.path.join(folder, "empty"), exist_ok=True)
        config = os.path.join(folder, f"snmpd-{self.port}.conf")
        with open(config, "w", encoding="utf-8") as out:
            out.write(f"agentAddress udp:127.0.0.1:{self.port}\nmaster agentx\nagentXSocket {self.socket}\n"
                      "agentXTimeout 60\nrocommunity public 127.0.0.1\n")
        self.environment = dict(os.environ, MIBS="", SNMPCONFPATH=os.path.join(folder, "empty"),
                                SNMP_PERSISTENT_DIR=os.path.join(folder, "persist"))
        self.process = subprocess.Popen(["/usr/sbin/snmpd", "-f", "-C", "-c", config, "-LF", "0",
                                         os.path.join(folder, "snmpd.log"), "-I", "-smux,mteTrigger,mteTriggerConf"],
                                        env=self.environment, stdin=subprocess.DEVNULL)
        self.agent = f"127.0.0.1:{self.port}"
        wait_for("snmpd", lambda: os.path.exists(self.socket))

    def bulkwalk(self, oid, seconds):
        """Varbinds and seconds of what users type; ended after so many seconds."""
        out = tempfile.TemporaryFile()
        began = time.monotonic()
        walk = subprocess.Popen(["snmpbulkwalk", "-v2c", "-c", "public", "-Cr50", "-t", "60", "-On", "-Oq", self.agent, oid],
                                env=self.environment, stdout=out, stderr=subprocess.DEVNULL)
        try:
            walk.wait(seconds)
        except subprocess.TimeoutExpired:
            walk.kill()
            walk.wait()
        took = time.monotonic() - began
        out.seek(0)
        return sum(1 for _ in out), took


def subagent(command):
    # as conf/systemd/portconformd.service has it
    environment = dict(os.environ, GLIBC_TUNABLES="glibc.malloc.mxfast=0:glibc.malloc.tcache_count=120")
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                               env=environment)
    assert process.stdout.readline() == "ready\n"
    return process


def our_agent(build, master, rows):
    process = subagent([os.path.join(build, "tests", "peers", "snmp_world"), "--socket", "unix:" + master.socket,
                        "--hosts", str(rows // 100), "--findings", "100"])
    process.stdin.write("connected\n")
    process.stdin.flush()
    assert process.stdout.readline().startswith("done")
    return process


def columns(build, master, entry, numbers, rows, *part):
    """Varbinds per second of a whole table, twelve columns a request; or of so many rows behind an index."""
    out = subprocess.run([os.path.join(build, "tests", "bench", "snmp_columns"), master.agent, entry, numbers, *part],
                         stdout=subprocess.PIPE, check=True, text=True, env=master.environment).stdout
    varbinds, got, microseconds = (int(word) for word in out.split())
    assert got == rows, f"{got} rows of {rows}"
    return varbinds / microseconds * 1e6


def cpu_seconds(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def row(work, against, target, ratio, **more):
    met = ratio >= target if more.pop("least", True) else ratio <= target
    return {"work": work, "against": against, "target": target, "ratio": round(ratio, 2), "met": met, **more}


def flat(build, folder):
    """A hundred thousand rows as fast as a thousand."""
    small, large = Master(folder), Master(folder)
    few, many = our_agent(build, small, 1000), our_agent(build, large, 100000)
    ratios, rates, shares = [], [], []
    try:
        # a thousand rows of each in turns, those of the large table at places all over it
        for place in random.sample(range(1, 90000), SLICES):
            slow = columns(build, small, FINDINGS, COLUMNS, 1000, "0.0", "1000")
            fast = columns(build, large, FINDINGS, COLUMNS, 1000, f"{place}.0", "1000")
            ratios.append(fast / slow)
        for _ in range(PAIRS):
            before = cpu_seconds(many), cpu_seconds(large.process)
            rates.append(columns(build, large, FINDINGS, COLUMNS, 100000))
            ours, theirs = cpu_seconds(many) - before[0], cpu_seconds(large.process) - before[1]
            shares.append((ours / theirs, ours / 1.2, theirs / 1.2))  # of 1.2 million varbinds, in microseconds
    finally:
        for process in (few, many, small.process, large.process):
            end(process)
    share = sorted(shares)[len(shares) // 2]
    return [row("100,000 rows, 12 columns a request, varbinds/s", "1,000 rows", 0.95, statistics.median(ratios),
                varbinds_per_s=round(statistics.median(rates))),
            row("our CPU a varbind", "snmpd's own in the same walk", 1.0, share[0], least=False,
                us_a_varbind=[round(share[1], 2), round(share[2], 2)])]


def iterated(build, folder):
    """5,000 rows of twelve columns against the same on table_iterator."""
    ours, theirs = Master(folder), Master(folder)
    agent = our_agent(build, ours, 5000)
    other = subagent([os.path.join(build, "tests", "bench", "snmp_iterator"), theirs.socket, "5000"])
    ratios = []
    try:
        wait_for("the other subagent", lambda: theirs.bulkwalk(ITERATED + ".2", 2)[0] > 1)
        for _ in range(2):
            slow = columns(build, theirs, ITERATED, ITERATED_COLUMNS, 5000)
            fast = statistics.median(columns(build, ours, FINDINGS, COLUMNS, 5000) for _ in range(5))
            ratios.append(fast / slow)
    finally:
        for process in (agent, other, ours.process, theirs.process):
            end(process)
    return [row("5,000 rows of 12 columns", "net-snmp's table_iterator", 20, statistics.median(ratios))]


def connect(count):
    """So many TCP connections of this process with itself, two rows each, until the input ends."""
    server = socket.create_server(("127.0.0.1", 0), backlog=128)
    kept = []
    for _ in range(count // 2):
        kept.append(socket.create_connection(server.getsockname()))
        kept.append(server.accept()[0])
    print("ready", flush=True)
    sys.stdin.read()
    return kept


def native(build, folder):
    """What users type, against snmpd's own table of TCP connections, in a network namespace of our own."""
    if ctypes.CDLL(None, use_errno=True).unshare(0x40000000) < 0:
        raise OSError(ctypes.get_errno(), "a network namespace needs root")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    connecting = [subprocess.Popen([sys.executable, __file__, "--connect", str(CONNECTIONS // CONNECTORS)],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(CONNECTORS)]
    for process in connecting:
        process.stdout.readline()
    master = Master(folder)
    agent = our_agent(build, master, 5000)
    ratios, rates = [], []
    try:
        for _ in range(2):
            varbinds, took = master.bulkwalk(FINDINGS, 60)
            fast = varbinds / took
            varbinds, took = master.bulkwalk(TCP_CONN, NATIVE_SECONDS)
            ratios.append(fast / (max(varbinds, 1) / took))
            rates.append([round(fast), round(varbinds / took)])
            end(master.process)  # it may still be at it
            master = Master(folder)
            end(agent)
            agent = our_agent(build, master, 5000)
    finally:
        end(agent)
        end(master.process)
        for process in connecting:
            end(process)
    return [row("snmpbulkwalk of 5,000 rows, varbinds/s", "snmpd's tcpConnTable at 40,000 connections", 20,
                statistics.median(ratios), varbinds_per_s=rates)]


def main(build, result):
    need("snmpd", "snmpbulkwalk")
    if not os.path.exists(os.path.join(build, "tests", "bench", "snmp_columns")):
        print("skipped: not built")
        sys.exit(SKIP)
    folder = tempfile.mkdtemp(prefix="pc-bench-snmp-")
    rows = []
    try:
        for measure in (flat, iterated, native):
            for line in measure(build, folder):
                print(json.dumps(line), flush=True)
                rows.append(line)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.dirname(result), exist_ok=True)
    with open(result, "w", encoding="utf-8") as out:
        json.dump(rows, out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    if sys.argv[1] == "--connect":
        connect(int(sys.argv[2]))
        sys.exit()
    BUILD = os.path.abspath(sys.argv[1])
    main(BUILD, sys.argv[2] if len(sys.argv) > 2 else os.path.join(BUILD, "bench", "snmp.json"))
