#!/usr/bin/python3
"""What a plugin costs from start to exit, beside true and check_tcp: BUILD_DIR [ROUNDS].

In a network namespace of its own, with a daemon that serves one flow and one that serves 10,000. All programs are
started in turn within each round; the figures are medians of the ratios of a round. Writes BUILD_DIR/bench/plugin.json.
"""
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading

TCP = "/usr/lib/nagios/plugins/check_tcp"


def site(folder, flows, port):
    (folder / "hosts.d").mkdir(parents=True)
    (folder / "site.conf").write_text('site: { name = "bench"; };\n')
    entries = ", ".join(f'{{ ports = "tcp {port + i}"; }}' for i in range(flows))
    (folder / "hosts.d/lo01.conf").write_text(
        f'host: {{ name = "lo01"; addresses = ["127.0.0.1"]; listeners = "none"; expect = ( {entries} ); }};\n')


def serve():
    listening = socket.create_server(("127.0.0.1", 0), backlog=256)

    def accept():
        while True:
            listening.accept()[0].close()

    threading.Thread(target=accept, daemon=True).start()
    return listening.getsockname()[1]


def start(build, folder, path):
    daemon = subprocess.Popen([build / "tests/command/control_daemon", folder, path, "--empty"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    daemon.stdout.readline()
    daemon.stdin.write("conforming\n")
    daemon.stdin.flush()
    daemon.stdout.readline()
    return daemon


def measure(build, rounds, folder):
    port = serve()
    site(folder / "one", 1, port)
    site(folder / "many", 10000, 20000)
    daemons = [start(build, folder / name, folder / f"{name}.sock") for name in ("one", "many")]
    plugin = str(build / "check_portconform")
    commands = [["/bin/true"], [TCP, "-H", "127.0.0.1", "-p", str(port)],
                [plugin, f"--daemon={folder}/one.sock", "-H", "lo01"],
                [plugin, f"--daemon={folder}/many.sock", "-H", "lo01"], [plugin, "-C", str(folder / "one"), "-H", "lo01"]]
    for command in commands[2:]:
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert told.startswith("PORTCONFORM OK"), told
    arguments = [word for command in commands for word in ["--", *command]]
    out = subprocess.run([build / "tests/bench/spawn_times", str(rounds), *arguments], capture_output=True, text=True,
                         check=True).stdout
    for daemon in daemons:
        daemon.stdin.close()
        daemon.wait(30)
    return [[float(word) for word in line.split()] for line in out.splitlines()]


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    if os.environ.get("PORTCONFORM_BENCH_NETNS") != "1":
        os.environ["PORTCONFORM_BENCH_NETNS"] = "1"
        os.execvp("unshare", ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable, *sys.argv])
    with tempfile.TemporaryDirectory() as folder:
        times = measure(build, rounds, pathlib.Path(folder))

    def row(work, which, against, name, target):
        ratio = statistics.median(one[which] / one[against] for one in times)
        return {"work": work, "against": name, "target": f"at most {target}", "ratio": round(ratio, 3), "met": ratio <= target}

    many = "asks the daemon, with 10,000 flows behind it"
    rows = [row("asks the daemon", 2, 0, "true", 1.25), row("asks the daemon", 2, 1, "check_tcp", 0.30),
            row(many, 3, 0, "true", 1.5), row("looks itself at one local port", 4, 0, "true", 2.5),
            row("looks itself at one local port", 4, 1, "check_tcp", 0.6)]
    (build / "bench").mkdir(exist_ok=True)
    (build / "bench/plugin.json").write_text(json.dumps(rows, indent=1) + "\n")
    for one in rows:
        print(f'{one["work"]:48}{one["against"]:12}{one["ratio"]:6.2f}  {one["target"]:14}{"met" if one["met"] else "MISSED"}')
    return 0


if __name__ == "__main__":
    sys.exit(main())
