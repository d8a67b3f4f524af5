#!/usr/bin/env python3
"""The examples in conf/ as their own programs read them: usage: conf.py BUILD systemd|rsyslog"""
import os
import shutil
import subprocess
import sys
import tempfile

from certificates import Authority
from cores import SOURCE, check, need, need_built
from receivers import need_rsyslog
from syslog_receivers import MODULES, find_syslog_ng

# Tenths, as `systemd-analyze security` counts; less is better. The unit as it comes, and with what may be permitted.
MOST_EXPOSURE = {(): 20, ("owners.conf",): 24, ("namespaces.conf",): 26, ("namespaces.conf", "owners.conf"): 27}
MARKS = {"owners.conf": "CAP_SYS_PTRACE", "namespaces.conf": "CAP_SYS_ADMIN"}  # a capability of each


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)


def systemd(build):
    need("systemd-analyze")
    need_built(build, "portconformd")
    with open(os.path.join(SOURCE, "conf", "systemd", "portconformd.service"), encoding="utf-8") as unit:
        text = unit.read()
    check("/usr/sbin/portconformd" in text, "the unit starts portconformd")
    for line in ("Type=notify", "WatchdogSec=", "StateDirectory=portconform", "RuntimeDirectory=portconform"):
        check(f"\n{line}" in text, f"the unit has {line}")
    with tempfile.TemporaryDirectory() as folder:
        path, programs = os.path.join(folder, "portconformd.service"), os.path.join(folder, "programs")
        os.symlink(os.path.abspath(build), programs)  # in the unit a path with a blank would be two words
        with open(path, "w", encoding="utf-8") as out:
            # the program and its manual are not installed here
            out.write("".join(line.replace("/usr/sbin/portconformd", programs + "/portconformd")
                              .replace("/usr/bin/portconform ", programs + "/portconform ")
                              for line in text.splitlines(True)
                              if not line.startswith("Documentation=")))
        verified = run("systemd-analyze", "verify", path)
        # it also speaks about other units of the machine, and its exit status means little
        ours = [line for line in verified.stdout.splitlines() if "portconform" in line]
        check(not ours, "\n".join(ours))
        for drop_ins, most in MOST_EXPOSURE.items():
            shutil.rmtree(f"{path}.d", ignore_errors=True)
            os.mkdir(f"{path}.d")
            for name in drop_ins:
                shutil.copyfile(os.path.join(SOURCE, "conf", "systemd", name), os.path.join(f"{path}.d", name))
            secured = run("systemd-analyze", "security", "--offline=true", f"--threshold={most}", path)
            check(secured.returncode == 0, secured.stdout)
            for name in drop_ins: # each was read
                check(f"CapabilityBoundingSet=~{MARKS[name]}" in secured.stdout, secured.stdout)
                line = next(line for line in secured.stdout.splitlines() if f"BoundingSet=~{MARKS[name]}" in line)
                check(line.startswith("✗"), line)
            ours = [line for line in run("systemd-analyze", "verify", path).stdout.splitlines() if "portconform" in line]
            check(not ours, "\n".join(ours))


def rsyslog(_build):
    need_rsyslog("mmpstrucdata")
    conf = os.path.join(SOURCE, "conf", "rsyslog")
    ways = [name for name in os.listdir(conf) if name != "portconform.conf"]
    check(len(ways) == 3, "three ways in")
    for way in ways:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "rsyslog.conf")
            Authority(folder).issue("siem", "DNS:siem.example.jp")
            with open(path, "w", encoding="ascii") as out:
                for name in ("portconform.conf", way):
                    with open(os.path.join(conf, name), encoding="ascii") as text:
                        out.write(text.read().replace("/etc/rsyslog.d/tls", folder))
            result = run("rsyslogd", "-N1", "-f", path)
        complaints = [line for line in result.stdout.splitlines()
                      if "error" in line.lower() or "warning" in line.lower()]
        check(result.returncode == 0 and not complaints, result.stdout)


def syslog_ng(_build):
    program, options, environment = find_syslog_ng()
    with open(os.path.join(SOURCE, "conf", "syslog-ng", "portconform.conf"), encoding="ascii") as conf:
        text = conf.read()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "syslog-ng.conf")
        with open(path, "w", encoding="ascii") as out:
            out.write("@version: 3.38\n" + "".join(f"@module {name}\n" for name in MODULES))
            out.write(text.replace("/etc/syslog-ng/tls", folder))
        for name in ("siem.key", "siem.pem", "ca.pem"):
            shutil.copyfile("/dev/null", os.path.join(folder, name))
        result = subprocess.run([program, "-s", "-f", path, *options], env=environment, capture_output=True, text=True,
                                check=False)
    check(result.returncode == 0 and "rror" not in result.stderr, result.stderr)


if __name__ == "__main__":
    {"systemd": systemd, "rsyslog": rsyslog, "syslog-ng": syslog_ng}[sys.argv[2]](sys.argv[1])
