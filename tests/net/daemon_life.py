#!/usr/bin/env python3
"""portconformd through what happens to a process: killed, stopped, woken, told to read again, out of descriptors; a thousand
targets in a namespace of its own, half of them silent. Whatever happens, nothing flaps and nothing is told twice."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import need, run  # noqa: E402
from needs import check, is_sanitized  # noqa: E402

HOSTS, PORT = 1000, 20000
SITE = 'site: {{ name = "many"; interval_s = 5; damping = {{ raise = 1; clear = 1; }}; probe = {{ timeout_ms = 500; }}; {} }};\n'


class Bed:
    def __init__(self, build):
        self.build = build
        self.namespace = f"pcl{os.getpid()}"
        self.folder = tempfile.mkdtemp(prefix="portconform-life-")
        self.processes = []

    def __enter__(self):
        run("ip", "netns", "add", self.namespace)
        run("ip", "-n", self.namespace, "link", "set", "lo", "up")
        run("ip", "-n", self.namespace, "route", "add", "local", "10.97.0.0/17", "dev", "lo")
        run("ip", "-n", self.namespace, "route", "add", "10.97.128.0/17", "dev", "lo")  # sent, and lost
        os.makedirs(self.path("site/hosts.d"))
        self.write_site()
        for i in range(HOSTS):
            silent = i % 10 == 9
            self.write(f"site/hosts.d/pc{i:04}.conf",
                       f'host: {{ name = "pc{i:04}"; addresses = ["10.97.{(i >> 8) + (128 if silent else 0)}.{i & 255}"]; '
                       f'expect = ( {{ ports = "tcp {PORT}"; }}, {{ ports = "tcp {PORT + 1}"; }} ); }};')
        server = self.start("python3", "-c", SERVER, str(PORT), stdout=subprocess.PIPE)
        server.stdout.readline()
        return self

    def __exit__(self, kind, *_):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        run("ip", "netns", "del", self.namespace, check=False)
        if kind is None:
            run("rm", "-rf", self.folder)
        else:
            print(f"left for reading: {self.folder}")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as out:
            out.write(text + "\n")

    def write_site(self, more=""):
        self.write("site/site.conf", SITE.format("events = { storm = 0; heartbeat_s = 0; }; " + more))

    def start(self, *command, **options):
        process = subprocess.Popen(["ip", "netns", "exec", self.namespace, *command], stdin=subprocess.DEVNULL, **options)
        self.processes.append(process)
        return process

    def daemon(self, log, *wrapper):
        with open(self.path(log), "w", encoding="utf-8") as out:
            process = self.start(*wrapper, os.path.join(self.build, "portconformd"), "-v", "-C", self.path("site"),
                                 "--agentx", "none", "--state", self.path("state"), "--control", self.path("control"),
                                 stdout=out, stderr=out)
        return process

    def lines(self, log, *words):
        with open(self.path(log), encoding="utf-8") as text:
            return [line for line in text if any(word in line for word in words)]

    def transitions(self, log):
        return self.lines(log, "RAISED: ", "CLEARED: ", "CHANGED: ", "HOST_")

    def visited(self, log):
        return len({line.split("visit of ")[1].split(":")[0] for line in self.lines(log, ": visit of ")})

    def recorded(self):
        """Transitions that are on the disk. A daemon that has no time for the question is asked again."""
        result = subprocess.run([os.path.join(self.build, "portconform"), "status", "--control", self.path("control"),
                                 "--format", "json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
        return json.loads(result.stdout)["store"]["transitions"] if result.returncode == 0 else 0

    def wait_for(self, what, test, seconds=400):
        end = time.monotonic() + seconds
        while not test():
            if time.monotonic() > end:
                raise RuntimeError(f"waited {seconds} s for {what}")
            time.sleep(0.1)


SERVER = """import select, socket, sys
listener = socket.create_server(("0.0.0.0", int(sys.argv[1])), backlog=4096)
print("ready", flush=True)
while True:
    listener.accept()[0].close()
"""


def stop(bed, process):
    began = time.monotonic()
    process.terminate()
    status = process.wait(60)
    seconds = time.monotonic() - began
    most = 30 if is_sanitized(bed.build) else 2  # leaks are looked for at the end, among all that a thousand hosts have
    check(status == 0 and seconds < most, "it ends in under two seconds, whatever is in flight", f"{status}, {seconds:.2f} s")


def first_run(bed):
    """Every host is judged; those that are silent are unreachable. Then it is killed in the middle of things."""
    daemon = bed.daemon("first.log")
    bed.wait_for("every host", lambda: bed.visited("first.log") == HOSTS)
    bed.wait_for("the silent hosts", lambda: len(bed.lines("first.log", "HOST_UNREACHABLE")) >= HOSTS // 10)
    bed.wait_for("the closed ports", lambda: len(bed.lines("first.log", "RAISED: ")) >= HOSTS - HOSTS // 10)
    bed.wait_for("the record", lambda: bed.recorded() >= HOSTS)
    daemon.send_signal(signal.SIGKILL)
    daemon.wait()
    told = bed.transitions("first.log")
    check(len(told) == HOSTS, "one event for each host: a closed port, or that it is gone", f"{len(told)}")


def restart(bed):
    """Hazard: kill -9. What was found before is known: no host flaps, nothing is told again. Reloads change nothing."""
    daemon = bed.daemon("again.log")
    bed.wait_for("every host", lambda: bed.visited("again.log") == HOSTS)
    check(not bed.transitions("again.log"), "a restart tells nothing", "".join(bed.transitions("again.log")[:5]))
    for _ in range(10):
        before = len(bed.lines("again.log", "configuration read again"))
        daemon.send_signal(signal.SIGHUP)
        bed.wait_for("the reload", lambda: len(bed.lines("again.log", "configuration read again")) > before)
    check(not bed.transitions("again.log"), "reloads under load tell nothing", "".join(bed.transitions("again.log")[:5]))
    return daemon


def suspend(bed, daemon):
    """Hazard: suspend. A process that was not run for a while blames nobody for the answers that it did not read."""
    daemon.send_signal(signal.SIGSTOP)
    time.sleep(7)
    daemon.send_signal(signal.SIGCONT)
    bed.wait_for("the notice", lambda: bed.lines("again.log", "this process was not run"))
    seen = len(bed.lines("again.log", ": visit of "))
    bed.wait_for("another round", lambda: len(bed.lines("again.log", ": visit of ")) >= seen + HOSTS)
    check(not bed.transitions("again.log"), "nothing is told for it", "".join(bed.transitions("again.log")[:5]))
    stop(bed, daemon)


def few_descriptors(bed):
    """Hazard: EMFILE. 64 descriptors for a thousand targets: it is slower, and no host is blamed."""
    daemon = bed.daemon("few.log", "prlimit", "--nofile=64:64")
    bed.wait_for("every host", lambda: bed.visited("few.log") == HOSTS)
    check(not bed.transitions("few.log"), "nothing is told for it", "".join(bed.transitions("few.log")[:5]))
    stop(bed, daemon)


def little_memory(bed):
    """Hazard: ENOMEM. It goes on or says why not, and no host is blamed. Not for a build with a sanitizer, which takes more
    than any bound."""
    for megabytes in (40, 60, 90):
        log = f"memory{megabytes}.log"
        daemon = bed.daemon(log, "prlimit", f"--as={megabytes << 20}")
        bed.wait_for("every host, or its end", lambda: bed.visited(log) == HOSTS or daemon.poll() is not None)
        if daemon.poll() is None:
            stop(bed, daemon)
        check(daemon.returncode >= 0, f"no crash with {megabytes} MB", f"{daemon.returncode}")
        blamed = [line for line in bed.transitions(log) if "not judged" not in line]
        check(not blamed, "nobody is blamed for it", "".join(blamed[:5]))


def main(build, part="life"):
    need("ip", "prlimit")
    with Bed(build) as bed:
        first_run(bed)
        if part == "memory":
            little_memory(bed)
            return
        suspend(bed, restart(bed))
        few_descriptors(bed)


if __name__ == "__main__":
    main(*sys.argv[1:])
