#!/usr/bin/env python3
"""Hazard: clock jump, suspend. Setting the wall clock by a day, to and fro, changes what is printed and nothing else; a machine
that slept throws away what was under way, and blames nobody."""
import datetime
import glob
import json
import os
import subprocess
import sys

from cores import check, finish, leave_out, skip, wait_for
from loopback import Daemon, LoopbackSite, preload

FAKETIME = next(iter(glob.glob("/usr/lib/*/faketime/libfaketime.so.1")), None)
DAY_S = 86400


def put(path, text):
    with open(path + ".new", "w", encoding="utf-8") as out:
        out.write(text)
    os.replace(path + ".new", path)


def ask(build, site, program, *arguments):
    where = (f"--daemon={site.path('control')}",) if program == "check_portconform" else ("--control", site.path("control"))
    return subprocess.run([os.path.join(build, program), *arguments, *where], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60)


def findings(build, site):
    """By port."""
    told = json.loads(ask(build, site, "portconform", "findings", "--format", "json").stdout)["findings"]
    return {finding["port"]: finding for finding in told}


def told(daemon):
    return [line for line in daemon.log().splitlines() if ": RAISED: " in line or ": CLEARED: " in line or
            ": CHANGED: " in line or "HOST_" in line]


def away(daemon):
    return [line for line in daemon.log().splitlines() if "begin anew" in line]


def moment(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def test_steps_of_the_wall_clock(build):
    with LoopbackSite() as site:
        put(site.path("clock"), "+0")
        faked = preload(FAKETIME, site, FAKETIME_TIMESTAMP_FILE=site.path("clock"), FAKETIME_NO_CACHE="1",
                        FAKETIME_DONT_FAKE_MONOTONIC="1", DONT_FAKE_MONOTONIC="1")
        with Daemon(build, site, "--agentx", "none", environment=faked) as daemon:
            wait_for("the finding", lambda: ": RAISED: " in daemon.log())
            daemon.look_now()
            before = findings(build, site)
            check(before[site.other_port]["verdict"] == "missing", "the finding", before)
            for step in (DAY_S, 0, -DAY_S, DAY_S, 0):
                put(site.path("clock"), f"{step:+}")
                daemon.look_now()
                now = findings(build, site)
                check(len(told(daemon)) == 1, f"nothing is told for a step to {step:+} s", daemon.log())
                for port, finding in before.items():
                    check({name: now[port][name] for name in ("verdict", "was", "severity", "since", "held")} ==
                          {name: finding[name] for name in ("verdict", "was", "severity", "since", "held")},
                          f"a finding stays as it was at {step:+} s", now[port])
                status = json.loads(ask(build, site, "portconform", "status", "--format", "json").stdout)
                check(not status["config"]["rejected"], "status", status)
                answer = ask(build, site, "check_portconform", "-H", "lo01")
                check(answer.returncode == 2 and "1 missing" in answer.stdout, "the plugin's answer", answer)
            check(not away(daemon), "nobody slept", daemon.log())
            change_at(build, site, daemon, DAY_S)
            change_at(build, site, daemon, -DAY_S)


def change_at(build, site, daemon, step):
    """What does change is told, with the time of the clock as it is by then."""
    put(site.path("clock"), f"{step:+}")
    count = len(told(daemon))
    site.serve_other()
    wait_for("the end of the finding", lambda: len(told(daemon)) == count + 1)
    site.end_other()
    wait_for("the finding", lambda: len(told(daemon)) == count + 2)
    daemon.look_now()
    since = moment(findings(build, site)[site.other_port]["since"])
    off = since - (datetime.datetime.now().timestamp() + step)
    check(abs(off) < 3600, f"since is of the clock at {step:+} s", off)


def test_time_namespace(build):
    """The two clocks may be far apart from the start: that is no sleep."""
    if os.geteuid() != 0:
        leave_out("clocks that are far apart", "only root may make a time namespace")
        return
    with LoopbackSite() as site:
        wrapper = ("unshare", "--time", "--boottime", str(30 * DAY_S), "--fork", "--kill-child=TERM")
        with Daemon(build, site, "--agentx", "none", wrapper=wrapper) as daemon:
            wait_for("the finding", lambda: ": RAISED: " in daemon.log())
            daemon.look_now()
            check(not away(daemon) and len(told(daemon)) == 1, "all is as ever", daemon.log())


def test_suspend(build, library):
    """An hour asleep: what was under way is looked at again, and nothing is told."""
    with LoopbackSite() as site:
        put(site.path("asleep"), "0")
        with Daemon(build, site, "--agentx", "none",
                    environment=preload(library, site, PC_ASLEEP=site.path("asleep"))) as daemon:
            wait_for("the finding", lambda: ": RAISED: " in daemon.log())
            for hours in (1, 2):
                put(site.path("asleep"), str(hours * 3600))
                wait_for("the notice", lambda: len(away(daemon)) == hours)
                check("this machine slept for 36" in away(daemon)[-1], "how long", away(daemon))
                daemon.look_now()
            check(len(told(daemon)) == 1, "nothing is told for it", daemon.log())


def main(build, library):
    if FAKETIME is None:
        skip("libfaketime is not installed (package faketime)")
    test_suspend(build, library)
    test_time_namespace(build)
    test_steps_of_the_wall_clock(build)
    finish()


if __name__ == "__main__":
    main(*sys.argv[1:])
