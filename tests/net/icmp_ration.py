#!/usr/bin/python3
"""Hazard: ICMP rationing. A single check of thirty closed UDP ports of a usual Linux target, which tells six at once and
then one a second: nothing that is only the target's ration is told as anything else, and the control is not fooled by
it. Usage: icmp_ration.py BUILD ACTOR"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab, need  # noqa: E402

FIRST, COUNT, OPEN = 20000, 30, 20005
SECONDS = 8


def check(lab, build, config, *more):
    told = lab.inside("mon", os.path.join(build, "portconform"), "check", "-C", config, *more, check=False)
    if told.returncode not in (0, 1, 2, 3) or told.stderr:
        raise RuntimeError(f"exit {told.returncode}: {told.stderr}")
    return told.stdout


def main(build, actor):
    need("ip")
    failed = []
    with Lab({"server": 1}, {"mon": ("server", 5), "srv": ("server", 10)}, actor) as lab:
        lab.sysctl("srv", "net.ipv4.icmp_ratelimit", "1000")
        os.makedirs(os.path.join(lab.folder, "hosts.d"))
        config = os.path.join(lab.folder, "site.conf")
        rows = [f'{{ ports = "udp {port}"; }}' for port in range(FIRST, FIRST + COUNT)]
        rows.append('{ ports = "udp 53"; service = "dns"; }')
        with open(config, "w", encoding="utf-8") as out:
            out.write('site: { name = "ration"; };\n')
        with open(os.path.join(lab.folder, "hosts.d", "srv.conf"), "w", encoding="utf-8") as out:
            out.write(f'host: {{ name = "srv"; addresses = ["{lab.address("srv")}"]; listeners = "none"; '
                      f'expect = ( {", ".join(rows)} ); }};\n')
        lab.start("srv", "srv", f"udp:0.0.0.0:{OPEN}")
        lines = [line.split("\t") for line in check(lab, build, config, "-t", str(SECONDS), "--format", "tsv").splitlines()]
        head = lines[0]
        found = {int(row[head.index("port")]): (row[head.index("verdict")], row[head.index("reason")])
                 for row in lines[1:]}
        closed = [port for port, seen in found.items() if seen == ("closed", "port-unreachable")]
        untold = [port for port, seen in found.items() if seen[0] == "unproven"]
        print(f"{len(closed)} closed, {len(untold)} unproven")
        if len(closed) + len(untold) != COUNT + 1 or len(found) != COUNT + 1:
            failed.append(f"neither closed nor unproven: {found}")
        if OPEN in closed:
            failed.append("the open port is closed")
        # the first six, and one a second; the ration is the kernel's, its clock the machine's
        if len(closed) < 7 or len(untold) < COUNT - 6 - SECONDS:
            failed.append(f"closed are {closed}")
        if any(found[port][1] not in ("icmp-rationed", "silent-by-nature") for port in untold):
            failed.append(f"unproven for another reason: {found}")
        if found.get(53, ("",))[0] != "closed":
            failed.append(f"the service that would have alarmed comes first: {found.get(53)}")
        words = check(lab, build, config, "-t", "3", "-v", "-v")  # at once: the target has no message left
        if "filtered" in words:
            failed.append(f"a ration that another check has used up is taken for a filter:\n{words}")
        if "ICMP messages that it sends" not in words:
            failed.append(f"nothing says why:\n{words}")
    for text in failed:
        print(text)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
