#!/usr/bin/env python3
"""How long the listeners of 200 hosts with 200 listeners each take over SNMP, against the slowest host alone. The agents
are replayed, each with a delay of its own; the slowest takes 40 ms for an answer.

    collect.py BUILD [--small]

In a network namespace of its own. Writes BUILD/bench/collect.json, one row a target, and prints it; --small only sees
whether it works.
"""
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))
import snmp_replay as replay  # noqa: E402

SKIP = 77
SLOWEST_S, RUNS, TARGET = 0.040, 5, 2.0


def rows_of(listeners):
    """A computer with that many listeners, half of them TCP, of ten programs."""
    rows = replay.system("Replayed agent", replay.LINUX)
    for pid in range(100, 110):
        rows += replay.process(pid, f"program{pid}", f"/usr/sbin/program{pid}")
    rows.append(replay.udp("0.0.0.0", 161, 100))
    for number in range(listeners // 2):
        rows.append(replay.tcp("0.0.0.0", 20000 + number, 100 + number % 10))
    for number in range(listeners - listeners // 2 - 1):
        rows.append(replay.udp("0.0.0.0", 30000 + number, 100 + number % 10))
    return rows


def address(number):
    return f"127.1.{number // 250}.{number % 250 + 1}"


def write_site(folder, hosts, listeners):
    os.makedirs(os.path.join(folder, "hosts.d"))
    with open(os.path.join(folder, "site.conf"), "w", encoding="utf-8") as out:
        out.write('site: { name = "bench"; guides = []; snmp = { version = "2c"; secrets = "snmp.secrets"; }; };\n')
    with open(os.open(os.path.join(folder, "snmp.secrets"), os.O_WRONLY | os.O_CREAT, 0o600), "w",
              encoding="utf-8") as out:
        out.write("default community public\n")
    for number in range(hosts):
        with open(os.path.join(folder, "hosts.d", f"h{number}.conf"), "w", encoding="utf-8") as out:
            out.write(f'host: {{ name = "h{number}"; addresses = ["{address(number)}"]; listeners = "snmp"; '
                      f'expect = ( {{ ports = "tcp 20000..{20000 + listeners // 2 - 1}"; }} ); }};\n')


def start_agents(hosts, listeners):
    """The child serves until it is ended; the first is the slowest."""
    delays = random.Random(1)
    rows, agents = rows_of(listeners), []
    for number in range(hosts):
        agent = replay.Agent(rows)
        agent.delay = SLOWEST_S if number == 0 else delays.uniform(0.001, 0.030)
        agents.append((replay.bind(address(number), 161), agent))
    child = os.fork()
    if child == 0:
        replay.serve(agents)
        os._exit(1)
    for one, _ in agents:
        one.close()
    return child


def look(build, folder, *arguments):
    """Seconds, and whether every host was read."""
    begin = time.monotonic()
    result = subprocess.run([os.path.join(build, "portconform"), "check", "-C", folder, "--no-probes", "-t", "120",
                             "--format", "json", *arguments], capture_output=True, text=True, check=False)
    seconds = time.monotonic() - begin
    report = json.loads(result.stdout)
    wrong = [f for f in report["findings"] if f["verdict"] != "unproven"]
    if wrong or result.stderr:
        raise SystemExit(f"not every listener was read: {wrong[:3]} {result.stderr[:500]}")
    return seconds


def measure(build, hosts, listeners):
    with tempfile.TemporaryDirectory(prefix="portconform-bench-") as folder:
        site = os.path.join(folder, "site")
        write_site(site, hosts, listeners)
        child = start_agents(hosts, listeners)
        try:
            look(build, site)  # the agents remember what they have encoded
            alone, together = [], []
            for _ in range(RUNS):
                alone.append(look(build, site, "-H", "h0"))
                together.append(look(build, site))
        finally:
            os.kill(child, 9)
            os.waitpid(child, 0)
    return statistics.median(alone), statistics.median(together)


def main():
    build = os.path.abspath(sys.argv[1])
    hosts, listeners = (5, 20) if "--small" in sys.argv else (200, 200)
    if os.geteuid() != 0:
        print("skipped: network namespaces need root")
        return SKIP
    if "--inside" not in sys.argv:
        return subprocess.run(["unshare", "-n", sys.executable, *sys.argv, "--inside"], check=False).returncode
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    alone, together = measure(build, hosts, listeners)
    ratio = together / alone
    row = {"work": f"read {hosts} hosts with {listeners} listeners each over SNMP: {together:.2f} s",
           "against": f"the slowest of them alone: {alone:.2f} s", "target": f"at most {TARGET:.1f}x",
           "ratio": round(ratio, 2), "met": ratio <= TARGET}
    if "--small" not in sys.argv:
        os.makedirs(os.path.join(build, "bench"), exist_ok=True)
        with open(os.path.join(build, "bench", "collect.json"), "w", encoding="utf-8") as out:
            json.dump([row], out, indent=1)
            out.write("\n")
    print(f"{row['work']}; {row['against']}; ratio {row['ratio']}, {row['target']}: {'met' if row['met'] else 'missed'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
