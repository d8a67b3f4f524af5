"""What the tests of portconformd share: a site on loopback whose port opens and closes, the daemon, and its log."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from cores import end, free_port, listen, wait_for


def free_udp_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def preload(library, site, **variables):
    """The environment in which a program runs with this library before its own. In LD_PRELOAD a blank ends a path."""
    link = site.path(os.path.basename(library))
    if not os.path.exists(link):
        os.symlink(os.path.abspath(library), link)
    return {"LD_PRELOAD": link, **variables,
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}


class LoopbackSite:
    """Host `lo01` with two expected ports: one is served as long as the test lasts, the other as the test wants."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="pc-peer-")
        self.config = os.path.join(self.folder, "site")
        self.server, self.open_port = listen()
        self.other_port = free_port()
        self.other = None
        os.makedirs(os.path.join(self.config, "hosts.d"))
        self.write_site()
        self.write_host()

    def write_host(self, roles=None, address="127.0.0.1"):
        """`roles`: in place of the host's own rules."""
        rules = roles or f'expect = ( {{ ports = "tcp {self.open_port}"; }}, {{ ports = "tcp {self.other_port}"; }} );'
        self._write("hosts.d/lo01.conf",
                    f'host: {{ name = "lo01"; addresses = ["{address}"]; listeners = "kernel";\n  {rules} }};')

    def write_site(self, more=""):
        self._write("site.conf", 'site: { name = "loop"; interval_s = 5; damping = { raise = 1; clear = 1; }; '
                    f'{more} }};\nteams: {{ server = "unix-ops@example.jp"; }};')

    def _write(self, name, text):
        with open(os.path.join(self.config, name), "w", encoding="utf-8") as out:
            out.write(text + "\n")

    def path(self, name):
        return os.path.join(self.folder, name)

    def serve_other(self):
        self.other = socket.create_server(("127.0.0.1", self.other_port))

    def end_other(self):
        self.other.close()
        self.other = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in (self.server, self.other):
            if server:
                server.close()
        shutil.rmtree(self.folder, ignore_errors=True)


# Takes the program's place with every descriptor up to a number taken. It fills them itself: what this process has open for
# its own use, or was started with, would be a hole among descriptors that are passed on.
FILL = """import os, sys
taken = 0
while taken < int(sys.argv[1]):
    taken = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(taken, True)
os.execvp(sys.argv[2], sys.argv[2:])
"""


class Daemon:
    """portconformd of a build folder, watched by its log."""

    def __init__(self, build, site, *arguments, inherited=0, environment=None, wrapper=()):
        """`inherited`: the descriptors up to this number are open when it is born; its own then have larger ones. `wrapper`:
        words that come before the program's, of one that takes its place."""
        self.log_path = site.path("portconformd.log")
        if inherited:
            wrapper = [sys.executable, "-c", FILL, str(inherited), *wrapper]
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([*wrapper, os.path.join(build, "portconformd"), "-f", "-v", "-C", site.config,
                                             *self.places(site, arguments), *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=dict(os.environ, **(environment or {})))

    def log(self):
        with open(self.log_path, encoding="utf-8") as log:
            return log.read()

    def running(self):
        return self.process.poll() is None

    @staticmethod
    def places(site, arguments):
        """State and socket of its own, unless the test says where: several daemons run at a time."""
        return [word for option, value in (("--state", "none"), ("--control", site.path("control")))
                if option not in arguments for word in (option, value)]

    def cycles(self):
        """How many visits of the site's one host were judged."""
        return self.log().count(": visit of ")

    def look_now(self):
        """Returns after a visit that began after the call: the second that ends from now on."""
        visits = self.cycles()
        wait_for("two visits", lambda: self.cycles() >= visits + 2)

    def stop(self):
        """Asks it to end. Returns the exit status and how long it took."""
        began = time.monotonic()
        self.process.terminate()
        status = self.process.wait(20)
        return status, time.monotonic() - began

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        end(self.process)
        if kind is not None:
            print("--- log of portconformd ---\n" + self.log())


def start(arguments, site, name, environment=None):
    """A counterpart in the background, with its output in a file of the site's folder."""
    with open(site.path(name + ".log"), "a", encoding="utf-8") as log:
        return subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
