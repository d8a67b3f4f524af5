#!/usr/bin/python3
"""conf/icinga2/portconform.conf in a real Icinga 2: one host that conforms and one that does not.

    icinga2.py BUILD_DIR
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cores  # noqa: E402

MAIN = """
const NodeName = "node"
const ZoneName = "node"
const PluginDir = "{build}"
const PluginContribDir = "{build}"
const ManubulonPluginDir = "{build}"
include <itl>
include "{source}/conf/icinga2/portconform.conf"
object CheckerComponent "checker" {{ }}
object FileLogger "main-log" {{ severity = "information"; path = LogDir + "/icinga2.log" }}
object IcingaApplication "app" {{ }}
object Host "good" {{ address = "127.0.0.1"; check_command = "dummy"; vars.portconform = true }}
object Host "bad" {{ address = "127.0.0.2"; check_command = "dummy"; vars.portconform = true }}
apply Service "port-guide" {{
  check_command = "portconform"
  check_interval = 2s
  retry_interval = 2s
  max_check_attempts = 1
  vars.portconform_config = "{config}"
  assign where host.vars.portconform
}}
object PerfdataWriter "record" {{
  host_perfdata_path = "{w}/perfdata/host"
  service_perfdata_path = "{w}/perfdata/service"
  host_temp_path = "{w}/perfdata-temp/host"
  service_temp_path = "{w}/perfdata-temp/service"
  service_format_template = "$host.name$\t$service.state_id$\t$service.perfdata$\t$service.output$"
  rotation_interval = 1s
}}
"""


def results(folder):
    """host -> state, first line, perfdata of the last check that Icinga recorded, once both hosts have one."""
    found = {}
    for name in sorted(os.listdir(folder)):
        if not name.startswith("service"):
            continue
        with open(os.path.join(folder, name), encoding="utf-8") as lines:
            for line in lines:
                fields = line.rstrip("\n").split("\t")
                if len(fields) == 4:  # else a further line of the same output
                    host, state, perfdata, output = fields
                    found[host] = (int(float(state)), output, perfdata)
    return found if len(found) == 2 else None


def main():
    build = os.path.abspath(sys.argv[1])
    cores.need("icinga2")
    cores.need_root("icinga2 is started as somebody else")
    with cores.Site() as site:
        w = site.folder
        for folder in ("etc", "etc/zones.d", "lib", "log", "cache", "spool", "run", "perfdata", "perfdata-temp"):
            os.mkdir(os.path.join(w, folder))
        main_conf = f"{w}/etc/icinga2.conf"
        with open(main_conf, "w", encoding="utf-8") as out:
            out.write(MAIN.format(build=build, source=cores.SOURCE, config=site.config, w=w))
        paths = {"ConfigDir": "etc", "DataDir": "lib", "LogDir": "log", "CacheDir": "cache", "SpoolDir": "spool",
                 "InitRunDir": "run", "ZonesDir": "etc/zones.d"}
        options = [part for name, folder in paths.items() for part in ("-D", f"{name}={w}/{folder}")]
        options += ["-D", "RunAsUser=root", "-D", "RunAsGroup=root"]
        environment = {**os.environ, "ICINGA2_USER": "root", "ICINGA2_GROUP": "root"}
        valid = subprocess.run(["icinga2", "daemon", "-C", "-c", main_conf, *options], env=environment,
                               capture_output=True, text=True, check=False)
        assert valid.returncode == 0, valid.stdout + valid.stderr
        icinga = subprocess.Popen(["icinga2", "daemon", "-c", main_conf, *options], env=environment,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            found = cores.wait_for("both checks", lambda: results(f"{w}/perfdata"))
        finally:
            cores.end(icinga)
        good, bad = found["good"], found["bad"]
        print(*good)
        print(*bad)
        assert good[0] == 0 and good[1].startswith("PORTCONFORM OK - 1 conforming"), good
        assert bad[0] == 2 and "1 missing of 1" in bad[1], bad
        labels = [word.partition("=")[0] for word in bad[2].split()]
        assert labels == ["conforming", "nonconforming", "unproven", "unseen", "unknown", "unexpected", "waived", "time"], labels
    print("icinga2: both services as they should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
