#!/usr/bin/python3
"""portconformd as a user without any right: BUILD_DIR. What it gave up, what the service manager hears, and that
everything but other users' program names works all the same: looks, DNS names, the store, the control socket and its
readers, a reload with new files, the plugin, a log socket that comes anew, TLS with a key; a log that nobody reads stops
nothing."""
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "peers"))
# pylint: disable=wrong-import-position
from certificates import Authority
from cores import need_root

NOBODY, READER, STRANGER = 65534, 65532, 65531
BUILD = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None


class World:
    def __init__(self, folder):
        self.folder = folder
        (folder / "etc/hosts.d").mkdir(parents=True)
        self.site(f'{{ name = "here"; target = "local:{folder}/log"; }}')
        self.log = self.listen_for_log()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        self.host("lo01", "127.0.0.1")
        for name in ("run", "state"):
            (folder / name).mkdir()
            os.chown(folder / name, NOBODY, NOBODY)
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(folder / "notify"))
        os.chmod(folder / "notify", 0o777)
        self.manager.settimeout(60)

    def accept(self):
        """Probes are not made where the accept queue does not drain."""
        while True:
            self.listening.accept()[0].close()

    def site(self, syslog):
        (self.folder / "etc/site.conf").write_text(
            f'site: {{ name = "lab"; interval_s = 5; syslog = ( {syslog} );\n'
            f'  control = {{ socket = "{self.folder}/run/control"; readers = ["{READER}"]; }}; }};\n')

    def listen_for_log(self):
        path = self.folder / "log"
        path.unlink(missing_ok=True)
        log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        log.bind(str(path))
        os.chmod(path, 0o666)
        log.settimeout(60)
        return log

    def logged(self, word):
        while word not in (told := self.log.recv(65536).decode()):
            pass
        return told

    def host(self, name, address):
        (self.folder / f"etc/hosts.d/{name}.conf").write_text(
            f'host: {{ name = "{name}"; addresses = ["{address}"]; expect = ( {{ ports = "tcp {self.port}"; }} ); }};\n')

    def start(self, stderr):
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "NOTIFY_SOCKET": str(self.folder / "notify"),
                       "WATCHDOG_USEC": "2000000"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        return subprocess.Popen([BUILD / "portconformd", "-C", self.folder / "etc", "--state", self.folder / "state",
                                 "--agentx", "none", "-v"], user=NOBODY,
                                group=NOBODY, extra_groups=[], env=environment, stderr=stderr)

    def hear(self, word):
        """Datagrams until one says so."""
        while word not in (told := self.manager.recv(4096).decode()):
            pass
        return told

    def ask(self, command, *arguments, **who):
        return subprocess.run([BUILD / "portconform", command, "--control", self.folder / "run/control", *arguments],
                              capture_output=True, text=True, timeout=60, check=False, **who)


def equal(got, wanted):
    assert got == wanted, f"{got!r}, not {wanted!r}"


def is_confined(world, pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in lines if ":\t" in line)
    equal(status["NoNewPrivs"], "1")
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        equal(int(status[name], 16), 0)
    told = json.loads(world.ask("status", "--format", "json").stdout)
    assert "no capability" in told["confinement"], told
    assert not told["owners_known"] and told["owners"], told
    equal(told["store"]["state"], "good")
    equal(told["snmp"], None)
    return told


def works(world):
    looked = world.ask("check-now", "lo01")
    equal(looked.returncode, 0)
    assert "Everything conforms" in looked.stdout, looked
    world.host("lo02", "127.0.0.2")
    equal(world.ask("reload").returncode, 0)
    world.hear("READY=1")
    equal(len(json.loads(world.ask("findings", "--format", "json").stdout)["hosts"]) >= 1, True)
    world.ask("check-now")
    (world.folder / "etc/hosts.d/lo03.conf").write_text("host: { nme = 1; };\n")
    rejected = world.ask("reload")
    equal(rejected.returncode, 1)
    assert "lo03.conf:1:9" in rejected.stderr, rejected
    assert "rejected" in world.hear("READY=1")
    assert "CONFIG_REJECTED" in world.ask("history").stdout
    told = subprocess.run([BUILD / "check_portconform", f"--daemon={world.folder}/run/control", "-H", "lo02"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert told.stdout.startswith("PORTCONFORM "), told
    assert "watches no host" not in told.stdout, told


def readers(world):
    for user, may in ((READER, True), (STRANGER, False)):
        asked = world.ask("status", user=user, group=user, extra_groups=[])
        equal(asked.returncode == 0, may)
        reload = world.ask("reload", user=user, group=user, extra_groups=[])
        assert reload.returncode != 0, reload


def says_what_it_cannot(world):
    looked = subprocess.run([BUILD / "portconform", "check", "-C", world.folder / "etc", "-v"], user=NOBODY, group=NOBODY,
                            extra_groups=[], capture_output=True, text=True, timeout=60, check=False)
    equal(looked.stdout.count("programs of other users are not known to this user"), 1)


def names(world):
    """By c-ares, which reads its files when it is asked: below Landlock."""
    (world.folder / "etc/hosts.d/lo01.conf").unlink() # the name's address is its own
    world.host("lo04", "localhost")
    equal(world.ask("reload").returncode, 0)
    looked = world.ask("check-now", "lo04")
    equal(looked.returncode, 0)
    assert "Everything conforms" in looked.stdout, looked


def log_comes_anew(world):
    world.logged("portconformd 0")
    world.log.close()
    world.log = world.listen_for_log()
    equal(world.ask("reload").returncode, 0)
    world.logged("configuration read again")


def serve_tls(context, listening, heard):
    """The first message, from a client with a certificate."""
    with listening, context.wrap_socket(listening.accept()[0], server_side=True) as client:
        heard.append(client.getpeercert())
        heard.append(client.recv(65536))


def tls_with_new_files(world):
    place = world.folder / "tls"
    place.mkdir()
    authority = Authority(str(place))
    certificate, key = authority.issue("siem", "IP:127.0.0.1")
    own, own_key = authority.issue("watcher", "DNS:watcher.example.jp")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    os.chown(own_key, NOBODY, NOBODY)
    heard, listening = [], socket.create_server(("127.0.0.1", 0))
    listening.settimeout(60)
    receiver = threading.Thread(target=serve_tls, args=(context, listening, heard), daemon=True)
    receiver.start()
    world.site(f'{{ name = "siem"; target = "tls:127.0.0.1:{listening.getsockname()[1]}";\n  tls = {{ ca = '
               f'"{authority.certificate}"; certificate = "{own}"; key = "{own_key}"; }}; }}')
    equal(world.ask("reload").returncode, 0)
    receiver.join(60)
    equal(len(heard), 2)
    assert ("DNS", "watcher.example.jp") in heard[0]["subjectAltName"], heard
    assert b" portconformd " in heard[1], heard


def main():
    need_root("it starts the daemon as somebody else")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="portconform-confined-"))
    os.chmod(folder, 0o755)
    # the build tree may be closed to others: they run copies
    global BUILD
    programs = folder / "bin"
    programs.mkdir()
    for name in ("portconformd", "portconform", "check_portconform"):
        shutil.copy2(BUILD / name, programs / name)
    BUILD = programs
    reader, writer = os.pipe() # nobody reads it
    os.set_blocking(writer, False)
    try:
        while os.write(writer, b"x" * 4096):
            pass
    except BlockingIOError:
        os.set_blocking(writer, True)
    world = World(folder)
    daemon = world.start(writer)
    try:
        world.hear("READY=1")
        told = is_confined(world, daemon.pid)
        print(told["confinement"])
        world.hear("WATCHDOG=1")
        readers(world)
        works(world)
        (folder / "etc/hosts.d/lo03.conf").unlink()
        says_what_it_cannot(world)
        names(world)
        log_comes_anew(world)
        tls_with_new_files(world)
        daemon.send_signal(signal.SIGTERM)
        equal(daemon.wait(30), 0)
        world.hear("STOPPING=1")
        equal(os.listdir(folder / "run"), [])
    finally:
        if daemon.poll() is None:
            daemon.kill()
            daemon.wait()
        os.close(reader)
        os.close(writer)
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
