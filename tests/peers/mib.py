#!/usr/bin/env python3
"""PORTCONFORM-MIB in compilers that share no code: usage: mib.py BUILD smilint|smidump|snmpc|snmptranslate|pysmi

The file, and the module that export writes for an enterprise number."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

from cores import SOURCE, check, need, skip

MODULE = "PORTCONFORM-MIB"
FILE = os.path.join(SOURCE, "mibs", MODULE + ".txt")


def base_mibs(kind):
    """The folder of the base modules that Erlang's SNMP brings along: Debian has no others."""
    found = sorted(glob.glob("/usr/lib/erlang/lib/snmp-*/" + kind))
    if not found:
        skip("erlang-snmp, which has the base MIBs, is not installed")
    return found[-1]


def run(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
                          **options)


def imports(folder):
    """Only what is imported: libsmi reads every file of its path that has a module's name."""
    base = base_mibs("mibs")
    for module in ("SNMPv2-SMI", "SNMPv2-TC", "SNMPv2-CONF", "SNMP-FRAMEWORK-MIB", "INET-ADDRESS-MIB"):
        shutil.copy(os.path.join(base, module + ".mib"), os.path.join(folder, module))
    return dict(os.environ, SMIPATH=folder)


def exported(folder, build):
    """The module for the enterprise number 32473."""
    site = os.path.join(folder, "site.conf")
    with open(site, "w", encoding="utf-8") as out:
        out.write('site: { name = "s"; pen = 32473; };\n')
    result = run(os.path.join(build, "portconform"), "export", "mib", "-C", site)
    check("{ enterprises 32473 }" in result.stdout and "8072" not in result.stdout, result.stdout[:2000])
    path = os.path.join(folder, "exported.txt")
    with open(path, "w", encoding="utf-8") as out:
        out.write(result.stdout[result.stdout.index(MODULE):])
    return path


def smilint():
    need("smilint")
    with tempfile.TemporaryDirectory() as folder:
        environment = imports(folder)
        for path in (FILE, exported(folder, sys.argv[1])):
            result = run("smilint", "-l", "6", "-s", "-m", path, env=environment)
            # its exit status is 0 whatever it finds: silence is the pass
            check(result.returncode == 0 and result.stdout.strip() == "", result.stdout)


def smidump():
    need("smidump")
    with tempfile.TemporaryDirectory() as folder:
        result = run("smidump", "-f", "identifiers", FILE, env=imports(folder))
    for line in ("pcProblemVerdict", "pcHostSummary", "pcEventId"):
        check(result.returncode == 0 and line in result.stdout, result.stdout)


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
        for name, oid in (("portconformMIB", ""), ("pcOverallSeverity.0", ".1.1.18.0"),
                          ("pcFindingVerdict.2.3", ".1.4.1.14.2.3"), ("pcHostSeverity.2", ".1.3.1.5.2"),
                          ("pcFindingRaised", ".0.1"), ("pcHostSummary", ".0.20")):
            result = run("snmptranslate", "-M", path, "-m", MODULE, "-On", f"{MODULE}::{name}", env=clean)
            # the last line: the tool may have told before that it made a folder
            check(result.stdout.split()[-1:] == [".1.3.6.1.4.1.8072.9999.9999" + oid], name + ": " + result.stdout)


def pysmi():
    need("mibdump")
    base = base_mibs("mibs")
    with tempfile.TemporaryDirectory() as folder:
        result = run(sys.executable, shutil.which("mibdump"), "--mib-source=file://" + os.path.dirname(FILE),
                     "--mib-source=file://" + base, "--destination-format=json", "--destination-directory=" + folder,
                     "--no-dependencies", "--generate-mib-texts", MODULE)
        made = os.path.exists(os.path.join(folder, MODULE + ".json"))
    check(result.returncode == 0 and made, result.stdout)


COMPILERS = {"smilint": smilint, "smidump": smidump, "snmpc": snmpc, "snmptranslate": snmptranslate, "pysmi": pysmi}

if __name__ == "__main__":
    COMPILERS[sys.argv[2]]()
