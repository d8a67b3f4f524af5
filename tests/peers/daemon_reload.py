#!/usr/bin/env python3
"""Hazard: bad config on reload. Whatever a new configuration is, or makes of the process that reads it first, portconformd
stays the process that it was, with the configuration that it had, and says why."""
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading

from cores import SOURCE, check, wait_for
from loopback import Daemon, LoopbackSite, free_udp_port, preload

CASES = os.path.join(SOURCE, "tests", "bad-configs")
LONGEST_S = 120  # the child that loops is ended after 30 s


class Receiver:
    """Events over UDP: their MSGIDs and texts."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.target = f"udp:127.0.0.1:{self.socket.getsockname()[1]}"
        self.events = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        while True:
            text = self.socket.recv(65536).decode("utf-8", "replace")
            self.events.append((text.split(" ")[5], text))

    def texts(self, kind):
        return [text for event, text in self.events if event == kind]


class Watched:
    """A daemon with a link in the place of its configuration, and what it says about itself."""

    def __init__(self, build, site, receiver, **options):
        self.build, self.site, self.receiver = build, site, receiver
        self.home = site.config
        site.config = site.path("now")
        self.show(self.home)
        self.daemon = Daemon(build, site, "--agentx", "none", "--syslog", receiver.target, "--state", site.path("state"),
                             **options)
        site.config = self.home
        wait_for("a visit", lambda: self.daemon.cycles() > 0, LONGEST_S)
        self.pid = self.status()["pid"]

    def show(self, folder):
        link = self.site.path("next")
        os.symlink(folder, link)
        os.replace(link, self.site.path("now"))

    def status(self):
        result = subprocess.run([os.path.join(self.build, "portconform"), "status", "--control", self.site.path("control"),
                                 "--format", "json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
        return json.loads(result.stdout)

    def lines(self, words):
        return [line for line in self.daemon.log().splitlines() if words in line]

    def reload(self):
        """Returns the line that says how it ended."""
        def told():
            return self.lines("the old one stays in force") + self.lines("configuration read again")
        before = len(told())
        self.daemon.process.send_signal(signal.SIGHUP)
        wait_for("the end of the reload", lambda: len(told()) > before, LONGEST_S)
        new = [line for line in self.daemon.log().splitlines() if line in told()]
        return new[-1]

    def reject(self, what, *words):
        """A reload that must fail, and leave no trace but its reason."""
        rejected = len(self.receiver.texts("CONFIG_REJECTED"))
        visits = self.daemon.cycles()
        generation = self.status()["config"]["generation"]
        line = self.reload()
        check("the old one stays in force" in line, f"{what} is rejected", line)
        check(all(word in line for word in words), f"{what}: the reason", line)
        wait_for("the event", lambda: len(self.receiver.texts("CONFIG_REJECTED")) > rejected, LONGEST_S)
        config = wait_for("the status", lambda: self.status()["config"]["rejected"] and self.status()["config"], LONGEST_S)
        check(config["generation"] == generation and config["error"], f"{what}: status", config)
        check(self.daemon.running() and self.status()["pid"] == self.pid, f"{what}: the same process", self.daemon.log())
        wait_for("another visit", lambda: self.daemon.cycles() > visits, LONGEST_S)
        return line

    def accept(self):
        generation = self.status()["config"]["generation"]
        line = self.reload()
        check("configuration read again" in line, "it is accepted", line)
        config = wait_for("the status", lambda: not self.status()["config"]["rejected"] and
                          self.status()["config"]["generation"] > generation and self.status()["config"], LONGEST_S)
        check(config["generation"] == generation + 1, "a generation", config)


def do(site, deed):
    with open(site.path("deed.new"), "w", encoding="utf-8") as out:
        out.write(deed)
    os.replace(site.path("deed.new"), site.path("deed"))


def watched_with_mischief(build, site, library):
    do(site, "nothing")
    return Watched(build, site, Receiver(), environment=preload(library, site, PC_MISCHIEF=site.path("deed")))


def test_child_that_eats_memory(build, library):
    """Not for a build with a sanitizer, which reserves more than any bound."""
    with LoopbackSite() as site:
        watched = watched_with_mischief(build, site, library)
        with watched.daemon:
            do(site, "eat")
            watched.reject("one that eats memory", "a process that read it first ended with status 1")
            do(site, "nothing")
            watched.accept()


def test_child(build, library):
    """Whatever becomes of the child that reads first becomes of nobody else."""
    with LoopbackSite() as site:
        watched = watched_with_mischief(build, site, library)
        with watched.daemon as daemon:
            watched.accept()
            do(site, "crash")
            watched.reject("a crash", "a process that read it first died of signal 6")
            do(site, "exit")
            watched.reject("exit(2)", "a process that read it first ended with status 2")
            do(site, "hang")
            site.serve_other()
            daemon.process.send_signal(signal.SIGHUP)
            wait_for("what the hosts do meanwhile", lambda: watched.lines("CLEARED: "), LONGEST_S)
            check(not watched.lines("was not done in time"), "while the child hangs", daemon.log())
            wait_for("the end of the child", lambda: watched.lines("was not done in time"), LONGEST_S)
            do(site, "loop")
            watched.reject("an endless loop", "was not done in time, and was ended")
            do(site, "nothing")
            watched.accept()
            status, seconds = daemon.stop()
            check(status == 0 and seconds < 2, "it ends in time", f"{status}, {seconds:.2f} s\n{daemon.log()}")


def add(out, word, argument):
    """What a line of a recipe (tests/bad-configs/README.md) adds to the file that is being written."""
    if word == "text":
        out.write(argument.encode() + b"\n")
    elif word == "repeat":
        count, text = argument.split(" ", 1)
        out.write(text.encode() * int(count) + b"\n")
    elif word == "hex":
        out.write(bytes.fromhex(argument))
    elif word == "mode":
        os.fchmod(out.fileno(), int(argument, 8))
    elif word == "size":
        out.flush()
        out.truncate(int(argument))
    else:
        raise AssertionError(f"what is {word}?")


def follow_recipe(folder, recipe):
    with contextlib.ExitStack() as files:
        out = None
        for line in recipe:
            word, _, argument = line.rstrip("\n").partition(" ")
            if word == "file":
                out = files.enter_context(open(os.path.join(folder, argument), "wb"))
            elif word == "folder":
                os.mkdir(os.path.join(folder, argument))
            elif argument:
                add(out, word, argument)


def make_case(name, folder):
    shutil.copytree(os.path.join(CASES, name), folder)
    recipe = os.path.join(folder, "recipe")
    if os.path.exists(recipe):
        with open(recipe, encoding="utf-8") as lines:
            follow_recipe(folder, lines)


def is_error(name):
    with open(os.path.join(CASES, name, "expected.txt"), encoding="utf-8") as expected:
        return "error: " in expected.read()


def test_every_bad_configuration(build):
    names = sorted(name for name in os.listdir(CASES) if os.path.exists(os.path.join(CASES, name, "expected.txt")))
    wrong = [name for name in names if is_error(name)]
    check(len(wrong) > 50, "the cases are there", names)
    with LoopbackSite() as site:
        watched = Watched(build, site, Receiver())
        with watched.daemon as daemon:
            for name in wrong:
                folder = site.path(name)
                make_case(name, folder)
                watched.show(folder)
                line = watched.reload()
                check("the old one stays in force" in line, f"{name} is rejected", line)
                check("first: " in line and line.split("first: ", 1)[1].strip(), f"{name}: the reason", line)
                shutil.rmtree(folder)
            config = wait_for("the status", lambda: watched.status()["config"]["rejected"] and watched.status()["config"])
            check(config["generation"] == 1, "the configuration in force is the first", config)
            check(daemon.running() and watched.status()["pid"] == watched.pid, "the process is the same", daemon.log())
            check(daemon.log().count(": RAISED: ") == 1 and ": CLEARED: " not in daemon.log(), "nothing flaps", daemon.log())
            wait_for("an event for each", lambda: len(watched.receiver.texts("CONFIG_REJECTED")) == len(wrong))
            watched.show(watched.home)
            watched.accept()


def test_what_waits_for_a_restart(build):
    """net-snmp has one agent a process: what it does not follow is said, for as long as it is so."""
    with LoopbackSite() as site:
        watched = Watched(build, site, Receiver())
        with watched.daemon:
            for setting, waits in ((f'snmp_agent = {{ listen = "udp:127.0.0.1:{free_udp_port()}"; }};', True), ("", False)):
                site.write_site(setting)
                loaded = len(watched.receiver.texts("CONFIG_LOADED"))
                watched.accept()
                wait_for("the event", lambda: len(watched.receiver.texts("CONFIG_LOADED")) > loaded)
                event = watched.receiver.texts("CONFIG_LOADED")[-1]
                words = "waiting for a restart: the address that SNMP listens at"
                check((words in event) == waits, "the event", event)
                check(bool(watched.status()["config"]["waits_for_restart"]) == waits, "the status", watched.status())
            site.write_site("pen = 40000;")
            watched.accept()
            site.serve_other()
            cleared = wait_for("an event", lambda: watched.receiver.texts("CLEARED"), LONGEST_S)
            check("portconform@40000 " in cleared[-1], "syslog follows another enterprise number at once", cleared[-1])


def main(build, library, part="all"):
    if part == "memory":
        test_child_that_eats_memory(build, library)
        return
    test_what_waits_for_a_restart(build)
    test_every_bad_configuration(build)
    test_child(build, library)


if __name__ == "__main__":
    main(*sys.argv[1:])
