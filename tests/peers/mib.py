#!/usr/bin/env python3
"""PORTCONFORM-MIB in compilers that share no code: usage: mib.py BUILD smilint|snmpc|snmptranslate|pysmi"""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

from cores import SKIP, SOURCE, need

MODULE = "PORTCONFORM-MIB"
FILE = os.path.join(SOURCE, "mibs", MODULE + ".txt")


def base_mibs(kind):
    """The folder of the base modules that Erlang's SNMP brings along: Debian has no others."""
    found = sorted(glob.glob("/usr/lib/erlang/lib/snmp-*/" + kind))
    if not found:
        print("skipped: erlang-snmp, which has the base MIBs, is not installed")
        sys.exit(SKIP)
    return found[-1]


def run(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
                          **options)


def check(good, text):
    if not good:
        print(text)
        sys.exit(1)


def smilint():
    need("smilint")
    base = base_mibs("mibs")
    with tempfile.TemporaryDirectory() as folder:
        # only what is imported: smilint reads every file of its path that has a module's name
        for module in ("SNMPv2-SMI", "SNMPv2-TC", "SNMPv2-CONF", "SNMP-FRAMEWORK-MIB", "INET-ADDRESS-MIB"):
            shutil.copy(os.path.join(base, module + ".mib"), os.path.join(folder, module))
        result = run("smilint", "-l", "6", "-s", "-m", FILE, env=dict(os.environ, SMIPATH=folder))
    # its exit status is 0 whatever it finds: silence is the pass
    check(result.returncode == 0 and result.stdout.strip() == "", result.stdout)


def snmpc():
    need("erlc")
    include = base_mibs("priv/mibs")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(FILE, os.path.join(folder, MODULE + ".mib"))
        result = run("erlc", "-I", include, MODULE + ".mib", cwd=folder)
        made = os.path.exists(os.path.join(folder, MODULE + ".bin"))
    check(result.returncode == 0 and made and "[ERR]" not in result.stdout, result.stdout)


def snmptranslate():
    need("snmptranslate")
    path = base_mibs("mibs") + ":" + os.path.dirname(FILE)
    with tempfile.TemporaryDirectory() as persistent:
        clean = dict(os.environ, SNMPCONFPATH=persistent, SNMP_PERSISTENT_DIR=persistent, MIBS="")
        for name, oid in (("portconformMIB", ""), ("pcOverallSeverity.0", ".1.1.7.0"),
                          ("pcFindingVerdict.3", ".1.2.1.10.3"), ("pcFindingWaived.1", ".1.2.1.23.1")):
            result = run("snmptranslate", "-M", path, "-m", MODULE, "-On", f"{MODULE}::{name}", env=clean)
            # the last line: the tool may have told before that it made a folder
            check(result.stdout.split()[-1:] == [".1.3.6.1.4.1.8072.9999.9999" + oid], name + ": " + result.stdout)


def pysmi():
    need("mibdump")
    base = base_mibs("mibs")
    with tempfile.TemporaryDirectory() as folder:
        result = run("/usr/bin/python3", "/usr/bin/mibdump", "--mib-source=file://" + os.path.dirname(FILE),
                     "--mib-source=file://" + base, "--destination-format=json", "--destination-directory=" + folder,
                     "--no-dependencies", "--generate-mib-texts", MODULE)
        made = os.path.exists(os.path.join(folder, MODULE + ".json"))
    check(result.returncode == 0 and made, result.stdout)


COMPILERS = {"smilint": smilint, "snmpc": snmpc, "snmptranslate": snmptranslate, "pysmi": pysmi}

if __name__ == "__main__":
    COMPILERS[sys.argv[2]]()
