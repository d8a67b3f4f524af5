"""What the tests of syslog share: the driver of store and senders, and a real rsyslogd."""
import os
import re
import socket
import subprocess
import tempfile

from cores import check, end, need, skip, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARIES = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib")  # of Debian and others


def folder():
    return tempfile.TemporaryDirectory(prefix="pc-syslog-")


class Driver:
    """syslog_driver: the store in `store` ("-": in memory), and senders to `targets` (lines of the driver)."""

    def __init__(self, build, store, *targets, most_queued=100000):
        program = os.path.join(build, "tests", "peers", "syslog_driver")
        self.process = subprocess.Popen([program, store, str(most_queued)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        for target in targets:
            self.do("target " + target)
        self.do("start")

    def do(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = []
        for line in self.process.stdout:
            if line == "done\n":
                return answer
            answer.append(line.rstrip("\n"))
        raise RuntimeError(f"the driver ended at '{command}'")

    def events(self, count):
        self.do(f"events {count}")

    def status(self, which=0):
        name, state, sent, queued, dropped, resent, failed, last, error = self.do("status")[which].split(" ", 8)
        return {"name": name, "state": state, "sent": int(sent), "queued": int(queued), "dropped": int(dropped),
                "resent": int(resent), "failed": int(failed), "last": int(last), "error": error}

    def memory_kib(self):
        return {line.split(":")[0]: int(line.split()[1]) for line in self.do("memory")}

    def stop(self, milliseconds=10000):
        self.do(f"stop {milliseconds}")
        self.process.stdin.close()
        check(self.process.wait(60) == 0, "the driver ends well")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()


def need_rsyslog(*modules):
    need("rsyslogd")
    for module in modules:
        if not any(os.path.exists(f"{path}/rsyslog/{module}.so") for path in LIBRARIES):
            skip(f"this rsyslog has no module {module}")


class Rsyslog:
    """A real rsyslogd on loopback with the inputs that `inputs` configures; every message is a line of JSON."""

    CONFIG = """
global(workDirectory="%(place)s" maxMessageSize="64k" net.enableDNS="off" %(globals)s)
module(load="mmpstrucdata")
%(modules)s
template(name="j" type="list" option.jsonf="on") {
  property(outname="pri" name="pri" format="jsonf") property(outname="host" name="hostname" format="jsonf")
  property(outname="app" name="app-name" format="jsonf") property(outname="msgid" name="msgid" format="jsonf")
  property(outname="sd" name="$!rfc5424-sd" format="jsonf") property(outname="msg" name="msg" format="jsonf")
  property(outname="input" name="inputname" format="jsonf") }
ruleset(name="in" queue.type="Direct") {
  action(type="mmpstrucdata" sd_name.lowercase="off")
  action(type="omfile" file="%(place)s/all.json" template="j") }
%(inputs)s
"""

    def __init__(self, place, modules, inputs, ready, extra=""):
        need_rsyslog("mmpstrucdata")
        self.place, self.ready = place, ready
        with open(os.path.join(place, "rsyslog.conf"), "w", encoding="ascii") as out:
            out.write(self.CONFIG % {"place": place, "modules": modules, "inputs": inputs, "globals": extra})
        self.process = None

    def start(self):
        config, pid = os.path.join(self.place, "rsyslog.conf"), os.path.join(self.place, "rsyslog.pid")
        if os.path.exists(pid):
            os.unlink(pid)
        self.process = subprocess.Popen(["rsyslogd", "-n", "-f", config, "-i", pid],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("rsyslogd", self.ready)
        return self

    def lines(self):
        try:
            with open(os.path.join(self.place, "all.json"), encoding="utf-8") as log:
                return [line for line in log if line.endswith("\n")]  # one may be half written
        except FileNotFoundError:
            return []

    def end(self):
        end(self.process)

    def kill(self):
        self.process.kill()
        self.process.wait()


def listens(port):
    """Is somebody there by TCP?"""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def is_bound(port):
    with open("/proc/net/udp", encoding="ascii") as table:
        return f"0100007F:{port:04X} " in table.read()


def parse(octets):
    """RFC 5424, section 6, as strictly as it is written."""
    text = octets.decode("utf-8") if isinstance(octets, bytes) else octets
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
