#!/usr/bin/python3
"""portconformd with capabilities: BUILD_DIR ACTOR. The daemon has none of them all the same and is confined; its helpers
have the few they need, name the programs of other users and look into a network namespace. They end with it, and it
goes on without them."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from lab import Lab, need

NOBODY, OTHER = 65534, 65533
PTRACE, DAC_READ_SEARCH, SYS_ADMIN = 1 << 19, 1 << 2, 1 << 21
JOBS = {"pc-owners": PTRACE | DAC_READ_SEARCH, "pc-namespaces": SYS_ADMIN | PTRACE}

GUIDE = """guide: { id = "lab"; title = "Lab"; vendor = "Lab"; source = "-"; product_version = "-"; published = "-"; revision = 1; };
components: ( { name = "server"; about = "Server"; owner = ["exe:product"]; } );
rules: ( { ref = "t/1"; listens = "server"; ports = "tcp %d"; about = "Service"; },
         { ref = "t/2"; listens = "server"; ports = "tcp %d"; about = "Second"; } );
"""


def equal(got, wanted, about=""):
    assert got == wanted, f"{got!r}, not {wanted!r} {about}"


def wait_for(what, test):
    """For an event; a machine that is busy may take its time."""
    end = time.monotonic() + 60
    while not (got := test()):
        assert time.monotonic() < end, what
        time.sleep(0.05)
    return got


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return dict(line.rstrip("\n").split(":\t", 1) for line in lines if ":\t" in line)


def helpers_of(pid):
    found = {}
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        for child in children.read().split():
            found[status_of(child)["Name"]] = int(child)
    return found


def gone(pid):
    try:
        return status_of(pid)["State"].startswith("Z")
    except FileNotFoundError:
        return True


class Daemon:
    def __init__(self, build, folder, *prefix):
        self.build, self.folder, self.log_path = build, folder, folder / "log"
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [*prefix, build / "portconformd", "-v", "-C", folder / "etc", "--state", folder / "state", "--control",
                 folder / "run/control", "--agentx", "none"], stderr=log, stdin=subprocess.DEVNULL)
        wait_for("a look", lambda: "visit of inside" in self.log() and "visit of here" in self.log())

    def log(self):
        return self.log_path.read_text(encoding="utf-8")

    def ask(self, command, *arguments):
        return subprocess.run([self.build / "portconform", command, "--control", self.folder / "run/control", *arguments],
                              capture_output=True, text=True, timeout=60, check=False)

    def status(self):
        return json.loads(self.ask("status", "--format", "json").stdout)

    def verdicts(self):
        """(host, port) -> (verdict, who listens)"""
        told = json.loads(self.ask("findings", "--all", "--format", "json").stdout)
        return {(f["host"], f["port"]): (f["verdict"], json.dumps(f["listener"])) for f in told["findings"]}

    def stop(self):
        self.process.terminate()
        equal(self.process.wait(60), 0, self.log())

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def is_confined(daemon, bounds):
    own = status_of(daemon.process.pid)
    equal(own["NoNewPrivs"], "1")
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        equal(int(own[name], 16), 0, name)
    equal(int(own["CapBnd"], 16), bounds)
    told = daemon.status()
    assert told["confinement"].startswith("Landlock") and told["confinement"].endswith("; no capability"), told


def helpers_are_bounded(found, bounds):
    for name, pid in found.items():
        helper = status_of(pid)
        for which in ("CapEff", "CapPrm"):
            equal(int(helper[which], 16), JOBS[name], f"{which} of {name}")
        for which in ("CapInh", "CapAmb"):
            equal(int(helper[which], 16), 0, f"{which} of {name}")
        equal(int(helper["CapBnd"], 16), bounds, name)
        equal(helper["NoNewPrivs"], "1")
        equal(len(os.listdir(f"/proc/{pid}/fd")), 5 if name == "pc-namespaces" else 4, f"descriptors of {name}")


def names_others(daemon, ports):
    """The right program conforms, another one does not: so it was named, although it is another user's."""
    right, wrong = ports
    verdicts = wait_for("both verdicts", lambda: (found := daemon.verdicts()) and
                        found.get(("here", wrong), "?")[0] == "impostor" and found)
    equal(verdicts["here", right][0], "conforming")
    assert "other-program" in verdicts["here", wrong][1], verdicts
    assert daemon.status()["owners_known"], daemon.status()


def as_root(build, folder, ports):
    daemon = Daemon(build, folder)
    try:
        is_confined(daemon, 0)
        found = helpers_of(daemon.process.pid)
        equal(sorted(found), sorted(JOBS))
        helpers_are_bounded(found, 0)
        names_others(daemon, ports)
        # a namespace that nobody else shows: the right program conforms, by the listener alone
        wait_for("the namespace", lambda: daemon.verdicts()["inside", ports[0]][0] == "unproven")
        # a signal for the whole group is for the daemon to act upon
        os.kill(found["pc-owners"], signal.SIGTERM)
        os.kill(found["pc-owners"], signal.SIGINT)
        assert daemon.status()["owners_known"]
        goes_on_without(daemon, found, ports)
        daemon.stop()
        wait_for("the end of helpers", lambda: all(gone(pid) for pid in found.values()))
    finally:
        daemon.kill()


def goes_on_without(daemon, found, ports):
    os.kill(found["pc-owners"], signal.SIGKILL)
    told = wait_for("that it is told", lambda: (s := daemon.status()) and not s["owners_known"] and s)
    assert "has ended" in told["owners"], told
    looked = daemon.ask("check-now", "here")
    assert looked.returncode in (0, 2) and "tcp" in looked.stdout, looked
    equal(daemon.verdicts()["here", ports[0]][0], "conforming")
    assert "pc-owners" not in helpers_of(daemon.process.pid)
    equal(daemon.log().count("the process that names them has ended"), 1, daemon.log())
    os.kill(found["pc-namespaces"], signal.SIGKILL)
    wait_for("that it is told", lambda: "looks into network namespaces has ended" in daemon.log())
    daemon.ask("check-now", "inside")
    wait_for("no guess", lambda: daemon.verdicts()["inside", ports[0]][0] in ("unseen", "not-judged"))


def die_with_it(build, folder):
    daemon = Daemon(build, folder)
    found = helpers_of(daemon.process.pid)
    equal(sorted(found), sorted(JOBS))
    daemon.kill()
    wait_for("the end of helpers", lambda: all(gone(pid) for pid in found.values()))


def as_the_unit(build, folder, ports):
    """As systemd starts it with owners.conf: another user, ambient capabilities, bounds that it may not shrink."""
    given = "-all,+sys_ptrace,+dac_read_search"
    for name in ("state", "run"):
        shutil.rmtree(folder / name)
        (folder / name).mkdir()
        os.chown(folder / name, NOBODY, NOBODY)
    daemon = Daemon(build, folder, "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                    f"--inh-caps={given}", f"--ambient-caps={given}", f"--bounding-set={given}")
    try:
        is_confined(daemon, PTRACE | DAC_READ_SEARCH)
        equal(status_of(daemon.process.pid)["Uid"].split()[1], str(NOBODY))
        found = helpers_of(daemon.process.pid)
        equal(list(found), ["pc-owners"])
        helpers_are_bounded(found, PTRACE | DAC_READ_SEARCH)
        names_others(daemon, ports)
        daemon.stop()
    finally:
        daemon.kill()


def start_other(folder, actor, name, *sockets, inside=()):
    path = folder / "bin" / name
    shutil.copy2(actor, path)
    process = subprocess.Popen([*inside, "setpriv", f"--reuid={OTHER}", f"--regid={OTHER}", "--clear-groups", path,
                                *sockets], stdout=subprocess.PIPE, text=True)
    equal(process.stdout.readline(), "ready\n")
    return process


def main():
    need("ip", "setpriv")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="portconform-helpers-"))
    os.chmod(folder, 0o755)
    for name in ("etc/hosts.d", "guides", "bin", "run", "state"):
        (folder / name).mkdir(parents=True)
    for name in ("portconformd", "portconform"):  # the build tree may be closed to others: they run copies
        shutil.copy2(pathlib.Path(sys.argv[1]) / name, folder / "bin" / name)
    ports = (21901, 21902)
    processes = []
    with Lab({"zone": 1}, {"box": ("zone", 10)}, sys.argv[2]) as lab:
        try:
            (folder / "etc/guides").mkdir()
            (folder / "etc/guides/lab.conf").write_text(GUIDE % ports)
            (folder / "etc/site.conf").write_text('site: { name = "lab"; guides = ["lab"]; interval_s = 5; };\n')
            role = 'roles = ( { guide = "lab"; component = "server"; } );'
            (folder / "etc/hosts.d/here.conf").write_text(
                f'host: {{ name = "here"; addresses = ["127.0.0.1"]; {role} listeners = "kernel"; }};\n')
            (folder / "etc/hosts.d/inside.conf").write_text(
                f'host: {{ name = "inside"; addresses = ["{lab.address("box")}"]; {role} listeners = "kernel";\n'
                f'  probe = "none"; netns = "{lab.netns_path("box")}"; }};\n')
            processes = [start_other(folder, sys.argv[2], "product", f"tcp:127.0.0.1:{ports[0]}"),
                         start_other(folder, sys.argv[2], "other-program", f"tcp:127.0.0.1:{ports[1]}")]
            lab.start("box", "product", f"tcp:0.0.0.0:{ports[0]}")
            as_root(folder / "bin", folder, ports)
            die_with_it(folder / "bin", folder)
            as_the_unit(folder / "bin", folder, ports)
        finally:
            for process in processes:
                process.kill()
                process.wait()
                process.stdout.close()
            shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
