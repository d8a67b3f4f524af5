#!/usr/bin/python3
"""portconformd and the ports that are for a host alone: looked at once a day, and as long as one of them is open.

    daemon_exposure.py BUILD_DIR ACTOR

A firewall's counter on the host tells how often somebody called.
"""
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab as labs  # noqa: E402

COUNTER = "table inet count { chain in { type filter hook input priority 0; tcp dport 31007 tcp flags syn counter; }; }"


class Daemon:
    def __init__(self, lab, build, site):
        self.path = os.path.join(lab.folder, "portconformd.log")
        with open(self.path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(["ip", "netns", "exec", lab.ns("mon1"), os.path.join(build, "portconformd"),
                                             "-f", "-v", "-C", site, "--agentx", "none", "--state", "none", "--control", "none"], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)

    def log(self):
        with open(self.path, encoding="utf-8") as log:
            return log.read()

    def wait_for(self, what, test, seconds=60):
        end = time.monotonic() + seconds
        while not test():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"no {what}\n{self.log()}")
            time.sleep(0.1)

    def wait_cycles(self, count):
        """Until so many more have ended, and began after now but for the first."""
        before = self.log().count(": visit of ")
        self.wait_for(f"{count} cycles", lambda: self.log().count(": visit of ") >= before + count)


def calls(lab):
    return int(re.search(r"counter packets (\d+)", lab.inside("mgr01", "nft", "list", "ruleset").stdout).group(1))


def expect_quiet(lab, daemon):
    before = calls(lab)
    daemon.wait_cycles(2)
    assert calls(lab) == before, f"{calls(lab) - before} calls in cycles that are not the day's look\n{daemon.log()}"


def check(lab, daemon):
    daemon.wait_cycles(1)
    assert calls(lab) > 0, "the first cycle looks\n" + daemon.log()
    expect_quiet(lab, daemon)
    lab.start("mgr01", "jdn_manager", "tcp:0.0.0.0:31007")
    daemon.process.send_signal(signal.SIGHUP)  # a new configuration is looked at whole
    daemon.wait_for("finding after a second look", lambda: "RAISED: " in daemon.log())
    assert "31007" in daemon.log().partition("RAISED: ")[2].partition("\n")[0], daemon.log()
    daemon.wait_cycles(2)
    assert "CLEARED" not in daemon.log(), daemon.log()
    lab.stop("mgr01")
    daemon.wait_for("end of the finding", lambda: "CLEARED: " in daemon.log())
    expect_quiet(lab, daemon)


def main():
    build, actor = sys.argv[1:]
    labs.need("ip", "nft")
    with labs.Lab({"mon": 0, "server": 1}, {"mon1": ("mon", 5), "mgr01": ("server", 10)}, actor) as lab:
        site = os.path.join(lab.folder, "site")
        os.makedirs(os.path.join(site, "hosts.d"))
        with open(os.path.join(site, "site.conf"), "w", encoding="utf-8") as out:
            out.write('site: { name = "lab"; interval_s = 5; damping = { raise = 2; clear = 1; }; };\n')
        with open(os.path.join(site, "hosts.d", "mgr01.conf"), "w", encoding="utf-8") as out:
            out.write(f'host: {{ name = "mgr01"; addresses = ["{lab.address("mgr01")}"]; listeners = "none";\n'
                      '  expect = ( { ports = "tcp 31007"; scope = "host"; } ); };\n')
        lab.nft("mgr01", COUNTER)
        daemon = Daemon(lab, os.path.abspath(build), site)
        try:
            check(lab, daemon)
        finally:
            daemon.process.terminate()
            daemon.process.wait(20)
    print("ok")


if __name__ == "__main__":
    main()
