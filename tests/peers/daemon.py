#!/usr/bin/env python3
"""portconformd as its starter sees it: exit statuses, log, signals, and a machine that runs out of descriptors."""
import os
import signal
import subprocess
import sys
import time

from cores import check, finish, installed, leave_out, need_built, wait_for
from loopback import Daemon, LoopbackSite

EX_USAGE, EX_SOFTWARE, EX_CONFIG = 64, 70, 78


def run(build, *arguments, **options):
    return subprocess.run([os.path.join(build, "portconformd"), *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False, **options)


def test_options(build):
    result = run(build, "--help")
    check(result.returncode == 0 and "--agentx" in result.stdout and not result.stderr, "--help", result)
    check(all(len(line) <= 80 for line in result.stdout.splitlines()), "help fits a terminal", result.stdout)
    check(run(build, "-V").stdout.startswith("portconformd "), "-V")
    for wrong in (["--sylog", "local"], ["--syslog", "tcp"], ["site.conf"], ["-C"]):
        result = run(build, *wrong)
        check(result.returncode == EX_USAGE and len(result.stderr.splitlines()) == 1, "one line about a mistake", result)


def test_first_run(build, site):
    """Three lines say how to get a configuration. None is made up: what listens here is blessed by nobody."""
    default = installed(build, "sysconf", "portconform", "site.conf")
    if os.path.exists(default):
        leave_out("the first run", f"there is a site already: {default}")
        return
    folder = site.path("first")
    os.mkdir(folder)
    result = run(build, cwd=folder, env=dict(os.environ, HOME=folder, XDG_STATE_HOME=folder, STATE_DIRECTORY=folder))
    lines = result.stderr.splitlines()
    check(result.returncode == EX_CONFIG and len(lines) == 3, "three lines", result)
    check('"portconform adopt"' in lines[1] and '"portconform lint ' in lines[2], "adopt first, then lint", result)
    check(not os.listdir(folder) and not os.path.exists(default), "nothing is made", result)


def test_configuration(build, site):
    result = run(build, "-C", site.path("nowhere"))
    check(result.returncode == EX_CONFIG and "nowhere" in result.stderr, "no such configuration", result)
    site.write_site("intervall_s = 5;")
    result = run(build, "-C", site.config)
    check(result.returncode == EX_CONFIG and "interval_s" in result.stderr, "a mistake and its cure", result)
    site.write_site()


def test_hangup_at_the_very_start(build, site):
    """systemd may reload a service that has only just begun."""
    with Daemon(build, site, "--agentx", "none") as daemon:
        wait_for("the mask of signals", lambda: hangup_is_blocked(daemon.process.pid))
        daemon.process.send_signal(signal.SIGHUP)
        wait_for("the reload", lambda: "configuration read again" in daemon.log())


def hangup_is_blocked(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        mask = next(line.split()[1] for line in status if line.startswith("SigBlk:"))
    return int(mask, 16) & 1 << signal.SIGHUP - 1


def test_reload_keeps_the_old(build, site):
    """Hazard: bad config on reload. Whatever comes, the process stays and goes on with what it has."""
    with Daemon(build, site, "--agentx", "none") as daemon:
        wait_for("a cycle", lambda: daemon.cycles() > 0)
        for wrong in ("unheard_of = 1;", "@include \"/etc\"", "interval_s = 1;", "name = ;", "\0"):
            before = daemon.log().count("the old one stays in force")
            site.write_site(wrong)
            daemon.process.send_signal(signal.SIGHUP)
            wait_for("the rejection", lambda: daemon.log().count("the old one stays in force") > before)
        cycles = daemon.cycles()
        wait_for("the next cycle", lambda: daemon.cycles() > cycles)
        site.write_site()
        for _ in range(20):
            daemon.process.send_signal(signal.SIGHUP)
        wait_for("a reload", lambda: "configuration read again" in daemon.log())
        check(daemon.log().count("RAISED") == 1 and "CLEARED" not in daemon.log(), "a reload tells nothing new",
              daemon.log())
        status, seconds = daemon.stop()
        check(status == 0 and seconds < 2, "it ends in time", f"{status}, {seconds:.2f} s")


GUIDE = """guide: { id = "demo"; title = "Demo product"; };
components: ( { name = "server"; } );
rules: ( { ref = "a/1"; listens = "server"; ports = "tcp %d"; when = "phase == 'installation'"; } );
"""


def seconds_before_midnight(seconds):
    """A time zone in which the day ends so soon, and the date of that day."""
    now = int(time.time())
    west = (now + seconds) % 86400  # POSIX counts westward: there the clock is behind by so much
    zone = f"TST{west // 3600}:{west // 60 % 60:02}:{west % 60:02}"
    return zone, time.strftime("%Y-%m-%d", time.gmtime(now - west))


def test_day_ends(build, site):
    """A phase that ends takes effect at midnight, without anybody's doing."""
    os.makedirs(site.path("site/guides"))
    with open(site.path("site/guides/demo.conf"), "w", encoding="utf-8") as out:
        out.write(GUIDE % site.other_port)
    zone, day = seconds_before_midnight(15)
    site.write_host('roles = ( { guide = "demo"; component = "server"; phase = "installation"; '
                    f'phase_until = "{day}"; }} );')
    site.write_site('guides = ["demo"];')
    with Daemon(build, site, "--agentx", "none", environment={"TZ": zone}) as daemon:
        wait_for("the finding", lambda: "RAISED: " in daemon.log())
        check("CLEARED" not in daemon.log(), "the phase holds until its day ends", daemon.log())
        wait_for("the end of the phase", lambda: "CLEARED: " in daemon.log())
        cycles = daemon.cycles()
        wait_for("another cycle", lambda: daemon.cycles() > cycles)
        check(daemon.log().count("RAISED: ") == 1 == daemon.log().count("CLEARED: "), "once each", daemon.log())
    site.write_host()
    site.write_site()


def test_names(build, site):
    """A name holds for one cycle; while nobody answers for it, its addresses stay as they were."""
    if os.geteuid() != 0:
        leave_out("names", "only root may put other files in the place of the machine's")
        return
    hosts = site.path("hosts")

    def name_is(text):
        with open(hosts, "w", encoding="utf-8") as out:
            out.write(text)

    with open(site.path("resolv.conf"), "w", encoding="utf-8") as out:
        out.write("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    name_is("127.0.0.1 lo01.portconform.test\n")
    site.write_host(address="lo01.portconform.test")
    mounts = f"mount --bind {hosts} /etc/hosts && mount --bind {site.path('resolv.conf')} /etc/resolv.conf"
    with Daemon(build, site, "--agentx", "none",
                wrapper=("unshare", "-m", "sh", "-c", mounts + ' && exec "$@"', "sh")) as daemon:
        wait_for("a finding", lambda: f"RAISED: tcp {site.other_port} on lo01 (127.0.0.1)" in daemon.log())
        check(f"RAISED: tcp {site.open_port}" not in daemon.log(), "the other port is as it should be", daemon.log())
        name_is("127.0.0.2 lo01.portconform.test\n")
        wait_for("the new address", lambda: f"RAISED: tcp {site.open_port} on lo01 (127.0.0.2)" in daemon.log())
        name_is("# nobody\n")
        wait_for("the name to be missed", lambda: '"lo01.portconform.test" of host lo01 has no address' in daemon.log())
        cycles = daemon.cycles()
        wait_for("another cycle", lambda: daemon.cycles() > cycles + 1)
        check("not judged" not in daemon.log(), "it goes on with the addresses it had", daemon.log())
        check(daemon.log().count("has no address") == 1, "told once", daemon.log())
        name_is("127.0.0.1 lo01.portconform.test\n")
        wait_for("the end of the trouble", lambda: "every name has an address again" in daemon.log())
        wait_for("the old address", lambda: f"CLEARED: tcp {site.open_port} on lo01 (127.0.0.1)" in daemon.log())
    site.write_host()


def test_descriptors_run_out(build, site):
    """Hazard: EMFILE. It goes on as well as it can, and never blames the host; with too few to begin with it says so."""
    log_path = site.path("few.log")

    def log():
        with open(log_path, encoding="utf-8") as text:
            return text.read()

    for limit in (32, 16, 10, 7, 4):
        with open(log_path, "w", encoding="utf-8") as out:
            process = subprocess.Popen(["prlimit", f"--nofile={limit}:{limit}", os.path.join(build, "portconformd"),
                                        "-v", "-C", site.config, "--agentx", "none", "--state", "none", "--control",
                                        "none"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=out)
        try:
            wait_for("a look, or the end", lambda: ": visit of " in log() or process.poll() is not None)
            if process.poll() is None:
                process.send_signal(signal.SIGHUP)
                wait_for("the end of the reload",
                         lambda: "configuration read again" in log() or "stays in force" in log())
        finally:
            if process.poll() is None:
                process.terminate()
            status = process.wait(20)
        begun = ": visit of " in log()
        check(begun or limit < 10, f"{limit} descriptors are enough to begin with", log())
        check(status == (0 if begun else EX_SOFTWARE), f"its status with {limit} descriptors", f"{status}\n{log()}")
        check(begun or "cannot start: Too many open files" in log(), "it says why it ends", log())
        about = [line for line in log().splitlines() if f"RAISED: tcp {site.open_port} " in line]
        check(all("is not judged: too many open files here" in line for line in about), "no false finding", log())
        check(":0:0:" not in log(), "a whole file has no line 0", log())


def test_journal(build, site):
    path = site.path("journal")
    with open(path, "w", encoding="utf-8") as log:
        status = os.fstat(log.fileno())
        for stream, prefixed in ((f"{status.st_dev}:{status.st_ino}", True), ("1:1", False)):
            begin = os.path.getsize(path)
            subprocess.run([os.path.join(build, "portconformd"), "-C", site.path("nowhere")], stderr=log, check=False,
                           stdin=subprocess.DEVNULL, env=dict(os.environ, JOURNAL_STREAM=stream), timeout=60)
            with open(path, encoding="utf-8") as text:
                text.seek(begin)
                lines = text.read()
            check(lines.startswith("<3>" if prefixed else "portconformd: "), "the journal's prefix", lines)


def main(build):
    need_built(build, "portconformd")
    with LoopbackSite() as site:
        test_options(build)
        test_first_run(build, site)
        test_configuration(build, site)
        test_journal(build, site)
        test_hangup_at_the_very_start(build, site)
        test_reload_keeps_the_old(build, site)
        test_day_ends(build, site)
        test_names(build, site)
        test_descriptors_run_out(build, site)
    finish()


if __name__ == "__main__":
    main(sys.argv[1])
