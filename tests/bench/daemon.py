#!/usr/bin/env python3
"""What portconformd costs: memory and processor time with 100,000 expectations at an interval of 60 s, and with one host of
200. In a network namespace of its own, where a whole /16 is local and something answers on every port.

    daemon.py BUILD [--seconds N] [--small]

Writes BUILD/bench/daemon.json, one row a target, and prints a table.
"""
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

PORT = 20000
TICKS = os.sysconf("SC_CLK_TCK")

GUIDE = """guide: {{ id = "demo"; title = "Demo product"; }};
components: ( {{ name = "server"; }} );
rules: (
{rules}
);
"""


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def write_site(folder, hosts, each):
    rules = ",\n".join(f'  {{ ref = "table/{i + 1}"; listens = "server"; ports = "tcp {PORT + i}"; '
                       f'about = "Communication of the server, row {i + 1}"; }}' for i in range(each))
    write(f"{folder}/guides/demo.conf", GUIDE.format(rules=rules))
    write(f"{folder}/site.conf", 'site: { name = "bench"; guides = ["demo"]; interval_s = 60; '
          'probe = { per_second = 100000; per_target_per_second = 1000; }; };\n')
    for i in range(hosts):
        name = f"pc{i:04}"
        write(f"{folder}/hosts.d/{name}.conf", f'host: {{ name = "{name}"; addresses = ["10.97.{i >> 8}.{i & 255}"]; '
              'roles = ( { guide = "demo"; component = "server"; } ); };\n')


SERVER = """import select, socket, sys
poll = select.epoll()
sockets = {}
for port in range(int(sys.argv[1]), int(sys.argv[1]) + int(sys.argv[2])):
    s = socket.create_server(("0.0.0.0", port), backlog=1024)
    s.setblocking(False)
    sockets[s.fileno()] = s
    poll.register(s.fileno(), select.EPOLLIN)
print("ready", flush=True)
while True:
    for fd, _ in poll.poll():
        try:
            while True:
                sockets[fd].accept()[0].close()
        except OSError:
            pass
"""


def usage(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_kb(pid, key="VmRSS"):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key + ":"))


def measure(build, namespace, hosts, each, seconds):
    folder = tempfile.mkdtemp(prefix="portconform-bench-")
    inside = ("ip", "netns", "exec", namespace)
    server = daemon = None
    try:
        write_site(folder + "/site", hosts, each)
        server = subprocess.Popen([*inside, "python3", "-c", SERVER, str(PORT), str(each)], stdout=subprocess.PIPE)
        server.stdout.readline()
        with open(folder + "/log", "w", encoding="utf-8") as log:
            daemon = subprocess.Popen([*inside, os.path.join(build, "portconformd"), "-C", folder + "/site", "--agentx",
                                       "none", "--state", folder + "/state", "--control", folder + "/control"],
                                      stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        begun = time.monotonic()
        time.sleep(75)  # the first round is over: every host has been judged
        first = usage(daemon.pid)
        time.sleep(seconds)
        used = (usage(daemon.pid) - first) / seconds
        figures = {"rss_kb": memory_kb(daemon.pid), "peak_kb": memory_kb(daemon.pid, "VmHWM"), "cpu": used,
                   "first_s": first, "seconds": time.monotonic() - begun}
        daemon.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        daemon.wait(20)
        figures["stop_s"] = time.monotonic() - asked
        with open(folder + "/log", encoding="utf-8") as log:
            sys.stderr.write("".join(log.readlines()[:12]))
        return figures
    finally:
        for process in (daemon, server):
            if process and process.poll() is None:
                process.kill()
                process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def measure_apart(build, namespace, hosts, each, seconds):
    run("ip", "netns", "add", namespace)
    try:
        run("ip", "-n", namespace, "link", "set", "lo", "up")
        run("ip", "-n", namespace, "route", "add", "local", "10.97.0.0/16", "dev", "lo")
        return measure(build, namespace, hosts, each, seconds)
    finally:
        run("ip", "netns", "del", namespace)


def rows(work, figures, most_mb, most_cpu):
    megabytes = figures["rss_kb"] / 1024
    return [{"work": f"memory, {work}", "against": "-", "target": f"at most {most_mb} MB", "value": f"{megabytes:.1f} MB",
             "met": megabytes <= most_mb},
            {"work": f"processor, {work}", "against": "one core", "target": f"at most {most_cpu:.1%}",
             "value": f"{figures['cpu']:.2%}", "met": figures["cpu"] <= most_cpu},
            {"work": f"from SIGTERM to the end, {work}", "against": "-", "target": "under 2 s",
             "value": f"{figures['stop_s']:.2f} s", "met": figures["stop_s"] < 2}]


def main():
    build = sys.argv[1]
    seconds = int(sys.argv[sys.argv.index("--seconds") + 1]) if "--seconds" in sys.argv else 60
    if os.geteuid() != 0:
        print("skipped: network namespaces need root")
        sys.exit(77)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard) if hard > soft else (soft, hard))
    sites = [("1 host, 200 expectations every 60 s", 1, 200, 15, 0.002)]
    if "--small" not in sys.argv:
        sites.insert(0, ("4,000 hosts, 100,000 expectations every 60 s", 4000, 25, 150, 0.1))
    # side by side, each in a namespace of its own: what is taken is each daemon's own time and memory
    with ThreadPoolExecutor() as pool:
        jobs = [pool.submit(measure_apart, build, f"pcb{os.getpid()}-{i}", site[1], site[2], seconds)
                for i, site in enumerate(sites)]
        table = [row for site, job in zip(sites, jobs) for row in rows(site[0], job.result(), *site[3:])]
    os.makedirs(os.path.join(build, "bench"), exist_ok=True)
    with open(os.path.join(build, "bench", "daemon.json"), "w", encoding="utf-8") as out:
        json.dump(table, out, indent=1)
    for row in table:
        print(f"{row['work']:70} {row['value']:>10}  {row['target']:16} {'met' if row['met'] else 'missed'}")


if __name__ == "__main__":
    main()
