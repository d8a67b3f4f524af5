#!/usr/bin/env python3
"""The findings in a real Net-SNMP master: walked, read, denied; the master hung, restarted, and hung at the end."""
import os
import re
import resource
import signal
import subprocess
import sys

from cores import SOURCE, check, end, need, need_built, skip, wait_for
from loopback import Daemon, LoopbackSite, free_udp_port, start
from mib import base_mibs

ROOT = ".1.3.6.1.4.1.8072.9999.9999"
MIB = "PORTCONFORM-MIB::"
MANY_DESCRIPTORS = 1100


class Master:
    """snmpd with nothing of the machine's own: its configuration, state, socket and port are in the test's folder."""

    def __init__(self, site):
        self.site = site
        self.port = free_udp_port()
        self.socket = site.path("agentx")
        os.mkdir(site.path("persist"))
        os.mkdir(site.path("empty"))
        self.environment = dict(os.environ, SNMPCONFPATH=site.path("empty"), SNMP_PERSISTENT_DIR=site.path("persist"),
                                MIBS="")
        with open(site.path("snmpd.conf"), "w", encoding="utf-8") as out:
            out.write(f"agentAddress udp:127.0.0.1:{self.port}\n" + self.shipped() +
                      "rocommunity public 127.0.0.1 -V portconform\n")
        self.process = None

    def shipped(self):
        """The example of conf/, with a socket in the test's folder; the group that it names is made by installing."""
        with open(os.path.join(SOURCE, "conf", "snmpd", "portconform.conf"), encoding="utf-8") as example:
            lines = example.readlines()
        check(any("/var/agentx/master" in line for line in lines), "the example names a socket")
        return "".join(line.replace("/var/agentx/master", self.socket) for line in lines
                       if not line.startswith("agentXPerms"))

    def start(self):
        self.process = start(["/usr/sbin/snmpd", "-f", "-C", "-c", self.site.path("snmpd.conf"), "-Le",
                              "-I", "-smux,mteTrigger,mteTriggerConf"], self.site, "snmpd", self.environment)

    def run(self, tool, *arguments, names=True):
        path = base_mibs("mibs") + ":" + os.path.join(SOURCE, "mibs")
        known = ["-M", path, "-m", "PORTCONFORM-MIB"] if names else []
        result = subprocess.run([tool, *known, "-v2c", "-c", "public", "-t", "1", "-r", "1", *arguments],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
                                env=self.environment)
        return result.stdout

    def agent(self):
        return f"127.0.0.1:{self.port}"

    def walk(self, tool="snmpwalk"):
        lines = self.run(tool, "-Ob", "-On", self.agent(), ROOT, names=False).splitlines()
        return dict(line.split(" = ", 1) for line in lines if line.startswith(ROOT) and " = " in line
                    and "No more variables" not in line)

    def severity(self):
        return self.run("snmpget", "-Oqv", self.agent(), MIB + "pcOverallSeverity.0").strip()

    def rows(self):
        """indexes -> key"""
        text = self.run("snmpwalk", "-Oq", "-Oa", "-On", self.agent(), ROOT + ".1.4.1.2", names=False)
        return dict(re.findall(r'\.1\.4\.1\.2\.(\d+\.\d+) "(.*)"', text))


MOVING = re.compile(re.escape(ROOT) + r"\.1\.(1|3\.1\.(8|9|22)|4\.1\.(32|33|34)|5\.1\.21|6\.1\.14|7|8)\.")  # what moves by itself
LISTENER = re.compile(re.escape(ROOT) + r"\.1\.6\.1\.(\d+)\.(\d+\.\d+)$")  # column and row
PORT = "5"


def steady(walked, site):
    """Without what moves by itself: programs of others come and go, and so do the rows of what they listen on."""
    cells = {name: LISTENER.match(name) for name in walked}
    ours = {cell.group(2) for name, cell in cells.items()
            if cell and cell.group(1) == PORT and walked[name].split()[-1] == str(site.open_port)}
    check(ours, "the row of the listener", walked)
    return {name: value for name, value in walked.items()
            if not MOVING.match(name) and (cells[name] is None or cells[name].group(2) in ours)}


def test_reading(master, site):
    wait_for("the first findings", lambda: master.severity() == "critical")
    walked, bulk = (steady(master.walk(tool), site) for tool in ("snmpwalk", "snmpbulkwalk"))
    check(walked == bulk and len(walked) > 100, "bulk walk and walk agree", str(walked.keys() ^ bulk.keys()))
    names = list(walked)
    for begin in range(0, len(names), 20):
        part = names[begin:begin + 20]
        lines = master.run("snmpget", "-Ob", "-On", master.agent(), *part, names=False).splitlines()
        got = dict(line.split(" = ", 1) for line in lines if " = " in line)
        for name in part:
            check(name in got and got[name].split(":")[0] == walked[name].split(":")[0], "GET says what the walk says",
                  f"{name}: {got.get(name)} and {walked[name]}")
    table = master.run("snmptable", "-CB", "-Cb", "-Ci", "-Cf", ";", master.agent(), MIB + "pcFindingTable")
    named = master.run("snmpwalk", master.agent(), MIB + "portconformMIB")
    check("Wrong Type" not in named and "pcFindingWaived.2" in named, "values have the types of the MIB", named)
    missing = [line for line in table.splitlines() if f";{site.other_port};" in line]
    check(len(missing) == 1, "one row about the port that nobody serves", table)
    for word in ("lo01", "ipv4", "tcp", "missing", "critical", "server", "availability", "false", "required", "network"):
        check(word in missing[0].split(";"), f"the row says {word}", table)
    conforming = [line for line in table.splitlines() if f";{site.open_port};" in line]
    check(len(conforming) == 1 and "conforming" in conforming[0], "the other port conforms", table)
    check("7F 00 00 01" in master.run("snmpwalk", "-Ox", master.agent(), MIB + "pcFindingAddress"), "the address")
    for name in ("Problem", "Host", "Listener", "Verdict", "Event"):
        text = master.run("snmptable", "-CB", "-Cb", "-Ci", "-Cw", "150", master.agent(), MIB + f"pc{name}Table")
        print(text)
        check("SNMP table" in text and len(text.splitlines()) > 3, f"pc{name}Table has rows", text)
    problems = master.run("snmpwalk", "-Oqv", master.agent(), MIB + "pcProblemPort").split()
    check(problems == [str(site.other_port)], "the table of problems holds the problem alone", problems)


def test_refusals(master):
    text = master.run("snmpget", master.agent(), MIB + "pcFindingVerdict.1.4242")
    check("No Such Instance" in text, "a row that is not there", text)
    text = master.run("snmpget", "-On", master.agent(), ROOT + ".1.4.1.99.1.1", names=False)
    check("No Such Object" in text, "a column that is not there", text)
    text = master.run("snmpset", master.agent(), MIB + "pcSite.0", "s", "other")
    check("Reason: " in text and re.search("noAccess|notWritable", text), "nothing can be written", text)


def test_hung_master(master, daemon):
    rows = master.rows()
    check(len(rows) == 2, "a row for each expectation", rows)
    master.process.send_signal(signal.SIGSTOP)
    try:
        wait_for("the agent to notice", lambda: "failed to respond" in daemon.log() or "takes no messages" in daemon.log())
        looks = daemon.log().count(": visit of ")
        wait_for("looks that do not wait for the master", lambda: daemon.log().count(": visit of ") >= looks + 2)
    finally:
        master.process.send_signal(signal.SIGCONT)
    wait_for("the rows after the hang", lambda: master.rows() == rows, 20)


def test_restarted_master(master, daemon):
    rows = master.rows()
    for _ in range(3):
        end(master.process)
        master.start()
        wait_for("the rows after a restart", lambda: master.rows() == rows, 20)
    check(daemon.running(), "the daemon still runs")


def test_descriptors(daemon):
    folder = f"/proc/{daemon.process.pid}/fdinfo"
    sockets = [int(name) for name in os.listdir(folder)
               if os.readlink(f"/proc/{daemon.process.pid}/fd/{name}").startswith("socket:")]
    check(max(sockets) >= 1024, "the session with the master has a large number", sockets)
    for name in os.listdir(folder):
        if int(name) <= 2:
            continue
        with open(os.path.join(folder, name), encoding="ascii") as info:
            flags = int(re.search(r"flags:\s+(\d+)", info.read()).group(1), 8)
        check(flags & os.O_CLOEXEC, "every descriptor is close-on-exec",
              name + ": " + os.readlink(f"/proc/{daemon.process.pid}/fd/{name}"))


def test_update(master, daemon, site):
    """The port comes up: the same row says so."""
    rows = master.rows()
    index = next(i for i, key in rows.items() if str(site.other_port) in key)
    site.serve_other()
    daemon.look_now()
    verdict = MIB + f"pcFindingVerdict.{index}"
    # nobody accepts there: once its queue shows that, it is left alone, and unproven
    wait_for("the row to change",
             lambda: master.run("snmpget", "-Oqv", master.agent(), verdict).strip() in ("conforming", "unproven"))
    check(master.rows() == rows, "rows keep their numbers")
    wait_for("the overall severity", lambda: master.severity() == "ok")


def test_end_while_the_master_hangs(master, daemon):
    master.process.send_signal(signal.SIGSTOP)
    try:
        status, seconds = daemon.stop()
    finally:
        master.process.send_signal(signal.SIGCONT)
    with open(master.site.path("snmpd.log"), encoding="utf-8") as log:
        text = log.read()
    check("Error" not in text and "Warning" not in text, "snmpd takes the example of conf/snmpd", text)
    check(status == 0 and seconds < 10, "SIGTERM ends it although the master hangs", f"{status}, {seconds:.2f} s")


def leak_of_theirs(site):
    """net-snmp 5.9.3 sometimes loses the peer's address of a packet when its master goes or hangs: 110 octets, which no
    caller can free. Whole stacks are taken, so that nothing else is let pass."""
    with open(site.path("leaks"), "w", encoding="ascii") as out:
        out.write("leak:netsnmp_transport_recv\n")
    return {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":fast_unwind_on_malloc=0",
            "LSAN_OPTIONS": f"suppressions={site.path('leaks')}:print_suppressions=0"}


def main(build):
    need("snmpd", "snmpget", "snmpwalk", "snmpbulkwalk", "snmptable", "snmpset")
    base_mibs("mibs")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < 2 * MANY_DESCRIPTORS:
        skip(f"the hard limit of open files is {hard}; {2 * MANY_DESCRIPTORS} are needed (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * MANY_DESCRIPTORS, hard))
    need_built(build, "portconformd")
    with LoopbackSite() as site:
        master = Master(site)
        master.start()
        try:
            # hazard: a descriptor of 1024 and more is no member of an fd_set
            with Daemon(build, site, "--agentx", "unix:" + master.socket, inherited=MANY_DESCRIPTORS,
                        environment=leak_of_theirs(site)) as daemon:
                test_reading(master, site)
                test_refusals(master)
                test_descriptors(daemon)
                test_hung_master(master, daemon)
                test_restarted_master(master, daemon)
                test_update(master, daemon, site)
                test_end_while_the_master_hangs(master, daemon)
        finally:
            end(master.process)


if __name__ == "__main__":
    main(sys.argv[1])
