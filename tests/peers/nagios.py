#!/usr/bin/python3
"""conf/nagios/portconform.cfg in a real Nagios Core 4: one host that conforms and one that does not.

    nagios.py BUILD_DIR
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cores  # noqa: E402

MAIN = """
log_file={w}/nagios.log
cfg_dir={w}/objects
object_cache_file={w}/objects.cache
precached_object_file={w}/precached
resource_file={w}/resource.cfg
status_file={w}/status.dat
command_file={w}/rw/nagios.cmd
lock_file={w}/lock
temp_file={w}/temp
temp_path={w}
check_result_path={w}/checkresults
query_socket={w}/rw/nagios.qh
state_retention_file={w}/retention
log_archive_path={w}/archives
nagios_user=root
nagios_group=root
check_external_commands=0
use_syslog=0
interval_length=1
status_update_interval=1
check_result_reaper_frequency=1
service_check_timeout=30
check_for_updates=0
retain_state_information=0
date_format=iso8601
illegal_macro_output_chars=`~$&|'"<>
"""
OBJECTS = """
define timeperiod {
    timeperiod_name 24x7
    alias always
    sunday 00:00-24:00
    monday 00:00-24:00
    tuesday 00:00-24:00
    wednesday 00:00-24:00
    thursday 00:00-24:00
    friday 00:00-24:00
    saturday 00:00-24:00
}
define command {
    command_name notify
    command_line /bin/true
}
define contact {
    contact_name admin
    host_notifications_enabled 0
    service_notifications_enabled 0
    host_notification_period 24x7
    service_notification_period 24x7
    host_notification_options n
    service_notification_options n
    host_notification_commands notify
    service_notification_commands notify
}
define contactgroup {
    contactgroup_name admins
    alias admins
    members admin
}
"""
HOST = """
define host {{
    host_name {name}
    address {address}
    max_check_attempts 1
    check_period 24x7
    contact_groups admins
    notification_interval 0
}}
define service {{
    use portconform
    host_name {name}
    max_check_attempts 1
    check_interval 2
    retry_interval 2
}}
"""


def services(status_file):
    """host -> (state, first line, perfdata, long output) of every service that was checked."""
    try:
        with open(status_file, encoding="utf-8") as status:
            text = status.read()
    except OSError:
        return {}
    found = {}
    for block in re.findall(r"servicestatus \{(.*?)\n\t\}", text, re.S):
        fields = dict(line.strip().split("=", 1) for line in block.splitlines() if "=" in line)
        if fields.get("has_been_checked") == "1":
            found[fields["host_name"]] = fields
    return found


def write(path, text):
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def main():
    build = os.path.abspath(sys.argv[1])
    cores.need("nagios4")
    cores.need_root("nagios4 is started as somebody else")
    with cores.Site() as site:
        w = site.folder
        for folder in ("objects", "rw", "checkresults", "archives"):
            os.mkdir(os.path.join(w, folder))
        with open(os.path.join(cores.SOURCE, "conf/nagios/portconform.cfg"), encoding="utf-8") as shipped:
            commands = shipped.read().replace("/etc/portconform/site.conf", site.config)
        write(f"{w}/objects/portconform.cfg", commands)
        write(f"{w}/objects/base.cfg", OBJECTS)
        write(f"{w}/objects/hosts.cfg", HOST.format(name="good", address="127.0.0.1") +
              HOST.format(name="bad", address="127.0.0.2"))
        os.symlink(build, f"{w}/plugins")  # a shell reads the command, and takes blanks in a path for ends of words
        write(f"{w}/resource.cfg", f"$USER1$={w}/plugins\n")
        write(f"{w}/nagios.cfg", MAIN.format(w=w))
        checked = subprocess.run(["nagios4", "-v", f"{w}/nagios.cfg"], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout
        nagios = subprocess.Popen(["nagios4", f"{w}/nagios.cfg"], stdout=subprocess.DEVNULL, start_new_session=True)
        try:
            found = cores.wait_for("both services", lambda: len(s := services(f"{w}/status.dat")) == 2 and s)
        finally:
            cores.end(nagios)
        good, bad = found["good"], found["bad"]
        print(good["plugin_output"], "|", good["performance_data"])
        print(bad["plugin_output"], "|", bad["performance_data"], bad["long_plugin_output"])
        assert good["current_state"] == "0" and good["plugin_output"].startswith("PORTCONFORM OK - 1 conforming"), good
        assert bad["current_state"] == "2" and "1 missing of 1" in bad["plugin_output"], bad
        assert f"tcp/{site.closed_port} missing" in bad["long_plugin_output"], bad
        for label in ("conforming=", "nonconforming=", "unproven=", "unseen=", "unknown=", "unexpected=", "waived=", "time="):
            assert label in bad["performance_data"], label
    print("nagios: both services as they should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
