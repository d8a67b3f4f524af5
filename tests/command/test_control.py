"""The control socket from outside: the plugin and the commands against a daemon that serves a made-up publication."""
import fcntl
import json
import os
import pty
import re
import select
import socket
import struct
import subprocess
import sys
import termios
import time

from harness import BUILD, COMMAND, PLUGIN, Case, main, run

DAEMON = BUILD / "tests/command/control_daemon"


class Daemon:
    """control_daemon for a site; `tell` gives it a line and waits until it is done."""

    def __init__(self, site, path, *options, environment=None):
        self.path = path
        self.process = subprocess.Popen([DAEMON, site, path, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=os.environ | (environment or {}))
        self.ready = self.process.stdout.readline() == "ready\n"

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def stop(self):
        if self.process.poll() is None:
            self.process.stdin.close()
        self.process.stdin.close()
        status = self.process.wait(30)
        self.errors = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return status


class ControlCase(Case):
    def daemon(self, *options, environment=None):
        daemon = Daemon(self.folder, self.folder / "control", *options, environment=environment)
        self.addCleanup(lambda: daemon.process.poll() is None and daemon.stop())
        self.assertTrue(daemon.ready)
        return daemon

    def plugin(self, *arguments, **options):
        return run(PLUGIN, f"--daemon={self.folder}/control", *arguments, **options)

    def command(self, name, *arguments, **options):
        return run(COMMAND, name, "--control", self.folder / "control", *arguments, **options)


def without_time(text):
    """A look at one host reads fewer files, too."""
    text = re.sub(r"time=[0-9.]+s", "time=s", text)
    return re.sub(r"fingerprint [0-9a-f]+|[0-9.]+ ms", "-", text)


class Plugin(ControlCase):
    def setUp(self):
        super().setUp()
        self.open = self.listener()
        self.shut = self.free_port()
        self.host("lo01", f'''alias = ["one"]; addresses = ["127.0.0.1"]; listeners = "none";
            expect = ( {{ ports = "tcp {self.open}"; }}, {{ ports = "tcp {self.shut}"; }} );''')
        self.host("lo02", f'addresses = ["127.0.0.2"]; listeners = "none"; expect = ( {{ ports = "tcp {self.shut}"; }} );')
        self.host("lo03", 'addresses = ["127.0.0.3"]; listeners = "none";')

    def test_answers_are_those_of_a_look_of_its_own(self):
        self.daemon()
        for arguments in (["-H", "lo01"], ["-H", "lo02"], ["-H", "one"], ["-H", "127.0.0.1"], [], ["-H", "lo03"],
                          ["-H", "lo01", "-v"], ["-H", "lo01", "-vv"], ["-vvv"], ["-H", "lo01", "-w", "5"],
                          ["-H", "lo01", "-c", "0"], ["-H", "lo01", "-w", "0", "-c", "1"],
                          ["-H", "lo01", "--verdict", "conforming"], ["--rule", "site/*"], ["--rule", "none/*"],
                          ["-H", "lo01", "--guide", "nothing"], ["-H", "lo01", "--format", "tsv"],
                          ["-H", "lo01", "--format", "text"], ["-H", "lo01", "--blame", "network"]):
            with self.subTest(arguments=arguments):
                own, asked = self.check(*arguments), self.plugin(*arguments)
                self.assertEqual(own.status, asked.status, f"{own}\n{asked}")
                if "text" in arguments:  # which tells when, and proposes commands with the configuration's path
                    continue
                self.assertEqual(without_time(own.out), without_time(asked.out))
                self.assertEqual(asked.err, "")

    def test_json_is_that_of_a_check(self):
        self.daemon()
        own = json.loads(run(COMMAND, "check", "-C", self.folder, "-H", "lo01", "--format", "json").out)
        for asked in (self.plugin("-H", "lo01", "--format", "json"),
                      self.command("findings", "-H", "lo01", "--format", "json"),
                      run(COMMAND, "check", f"--daemon={self.folder}/control", "-H", "lo01", "--format", "json")):
            told = json.loads(asked.out)
            self.assertEqual(asked.status, 2)
            self.assertEqual(own.keys(), told.keys())
            self.assertEqual([f["key"] for f in own["findings"]], [f["key"] for f in told["findings"]])
            self.assertEqual([f["verdict"] for f in own["findings"]], [f["verdict"] for f in told["findings"]])

    def test_host_that_is_not_watched(self):
        self.daemon()
        self.assert_plugin(self.plugin("-H", "lo09"), "UNKNOWN", 'watches no host "lo09"', "did you mean")
        self.assert_plugin(self.plugin("-H", "a|b"), "UNKNOWN", "watches no host")

    def test_no_daemon(self):
        self.assert_plugin(self.plugin("-H", "lo01"), "UNKNOWN", f"no daemon answers at {self.folder}/control",
                           "is portconformd running?")
        self.assertEqual(json.loads(self.plugin("--format", "json").out)["severity"], "UNKNOWN")
        dead = socket.socket(socket.AF_UNIX)
        dead.bind(f"{self.folder}/control")
        dead.close()
        self.assert_plugin(self.plugin("-H", "lo01"), "UNKNOWN", "no daemon answers")
        self.assert_plugin(run(PLUGIN, "--daemon=relative"), "UNKNOWN", "whole path")
        self.assert_plugin(run(PLUGIN, "--daemon=/" + "x" * 200), "UNKNOWN", "too long")

    def test_daemon_that_does_not_answer(self):
        deaf = socket.socket(socket.AF_UNIX)
        self.addCleanup(deaf.close)
        deaf.bind(f"{self.folder}/control")
        deaf.listen()
        self.assert_plugin(self.plugin("-t", "1"), "UNKNOWN", "no answer in time")
        self.assert_plugin(self.plugin("-t", "1:critical"), "CRITICAL", "no answer in time")

    def test_something_else_answers(self):
        other = socket.socket(socket.AF_UNIX)
        self.addCleanup(other.close)
        other.bind(f"{self.folder}/control")
        other.listen()
        for answer, words in ((b"HTTP/1.0 200 OK\r\n\r\n", "no portconformd of this version"),
                              (b"PC1 R 9 4\nabcd", "no portconformd"), (b"PC1 R 0 10\nabc", "closed the connection"),
                              (b"", "closed the connection")):
            asking = subprocess.Popen([PLUGIN, f"--daemon={self.folder}/control"], stdout=subprocess.PIPE, text=True)
            client, _ = other.accept()
            client.recv(65536)
            client.sendall(answer)
            client.close()
            out = asking.communicate(timeout=30)[0]
            self.assertEqual(asking.returncode, 3)
            self.assertTrue(out.startswith("PORTCONFORM UNKNOWN - "), out)
            self.assertIn(words, out)

    def test_snapshot_that_is_too_old(self):
        daemon = self.daemon()
        daemon.tell("old 1000")
        self.assert_plugin(self.plugin("-H", "lo01"), "UNKNOWN", "100", "s old, more than 180 s")
        self.assert_plugin(self.plugin("-H", "lo01", "--max-age", "2000"), "OK", "2 conforming")
        self.assert_plugin(self.plugin("--max-age", "900"), "UNKNOWN", "more than 900 s")

    def test_daemon_without_a_look(self):
        self.daemon("--empty")
        self.assert_plugin(self.plugin("-H", "lo01"), "UNKNOWN", "has not looked yet")

    def test_hosts_that_were_not_looked_at_yet(self):
        daemon = self.daemon()
        daemon.tell("unlooked")
        self.assert_plugin(self.plugin("-H", "lo01"), "UNKNOWN", "has not looked at this host yet")
        self.assert_plugin(self.plugin(), "UNKNOWN", "2 hosts were not looked at yet")  # lo03 demands nothing
        self.assert_run(self.command("findings"), 3, "the check is not complete: 2 hosts were not looked at yet")
        self.assertEqual(json.loads(self.command("findings", "--format", "json").out)["severity"], "UNKNOWN")
        daemon.tell("look")
        self.assert_plugin(self.plugin("-H", "lo01"), "CRITICAL", "1 closed of 2")

    def test_what_needs_a_look_of_its_own(self):
        self.daemon()
        self.assert_plugin(self.plugin("--no-probes"), "UNKNOWN", "look of their own")
        self.assert_plugin(self.plugin("--vantage", "elsewhere"), "UNKNOWN", "not from elsewhere")

    def test_options_of_an_ini_file_are_read_on_this_side(self):
        self.daemon()
        ini = self.folder / "plugins.ini"
        ini.write_text(f"[check_portconform]\ndaemon = {self.folder}/control\nhostname = lo02\n")
        self.assert_plugin(run(PLUGIN, f"--extra-opts=@{ini}"), "CRITICAL", "of 1")
        os.chmod(ini, 0)
        if os.geteuid() != 0:
            self.assert_plugin(run(PLUGIN, f"--extra-opts=@{ini}"), "UNKNOWN")


class Commands(ControlCase):
    def setUp(self):
        super().setUp()
        self.loopback(f"tcp {self.listener()}", f"tcp {self.free_port()}")

    def test_status(self):
        self.daemon()
        result = self.command("status")
        self.assert_run(result, 0, "portconformd ", "up 3 d 04:11", "siem1 tls:siem1.example:6514  up", "sent 1,204",
                        "siem2 udp:10.0.9.5:514  down", "queued 3", "connection refused", "worst CRITICAL")
        told = json.loads(self.command("status", "--format", "json").out)
        self.assertEqual(told["syslog"][0]["sent"], 1204)
        self.assertEqual(told["config"]["generation"], 4)

    def test_reload(self):
        daemon = self.daemon()
        self.assert_run(self.command("reload"), 0, "in force")
        daemon.tell(r"reject site.conf:18:7: error: unknown key \nhosts.d/a.conf:1:1: error: no")
        result = self.command("reload")
        self.assert_run(result, 1)
        self.assertEqual(result.err, "site.conf:18:7: error: unknown key \nhosts.d/a.conf:1:1: error: no\n"
                         "the new configuration is rejected, the old one stays in force\n")
        self.assert_run(self.command("status"), 0, "rejected since", "site.conf:18:7")
        daemon.tell("silent")
        result = self.command("reload", "-t", "1")
        self.assertEqual(result.status, 3)
        self.assertIn("no answer in time", result.err)

    def test_check_now(self):
        daemon = self.daemon("--empty")
        self.assert_run(self.command("check-now", "lo01"), 2, "closed")
        self.assert_run(self.command("check-now"), 2, "closed")
        self.assert_run(self.command("check-now", "--no-wait"), 0, "asked for")
        self.assertIn("no host", self.command("check-now", "lo77").err)
        daemon.tell("silent")
        waiting = subprocess.Popen([COMMAND, "check-now", "--control", self.folder / "control"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        # the daemon ends while somebody waits
        while not self.fdinfo_connected(daemon):
            time.sleep(0.01)
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(waiting.wait(30), 3)
        self.assertRegex(waiting.communicate()[1], "the daemon ends|closed the connection")

    def fdinfo_connected(self, daemon):
        """Does somebody hold a connection to the daemon's socket?"""
        with open("/proc/net/unix") as sockets:
            lines = sockets.read().splitlines()
        return sum(str(daemon.path) in line and " 03 " in line for line in lines) > 0

    def test_history(self):
        daemon = self.daemon()
        daemon.tell("event lo01 tcp 31000 on lo01 is filtered")
        daemon.tell("event lo01 tcp 31000 on lo01 is still filtered")
        daemon.tell("event nobody the store is full")
        result = self.command("history", "lo01")
        self.assert_run(result, 0, "RAISED", "is filtered")
        self.assertEqual(result.out.count("\n"), 2)
        self.assertLess(result.out.index("still"), result.out.index("is filtered"))
        self.assertEqual(len(json.loads(self.command("history", "--format", "json").out)), 3)
        self.assertEqual(self.command("history", "--most", "1").out.count("\n"), 1)
        self.assertIn("is not a port", self.command("history", "lo01", "x").err)
        self.assert_run(self.command("history", "lo01", "9/udp"), 0, "nothing is recorded of lo01, port 9\n")
        self.assert_run(self.command("history", "lo77"), 0, "nothing is recorded of lo77; ", 'no host "lo77"')

    def test_errors_are_one_sentence_with_the_cure(self):
        for words in (["status"], ["findings"], ["history"], ["check-now"], ["reload"], ["findings", "--watch"]):
            result = self.command(words[0], *words[1:])
            self.assertEqual(result.status, 3, result)
            self.assertIn("is portconformd running?", result.out + result.err)
        result = run(COMMAND, "status", environment={"XDG_RUNTIME_DIR": "/nonexistent"})
        if not os.path.exists("/run/portconform/control"):
            self.assertIn("/run/portconform/control", result.err)

    def test_usual_place_of_a_user(self):
        runtime = self.folder / "run"
        (runtime / "portconform").mkdir(parents=True)
        daemon = Daemon(self.folder, runtime / "portconform/control")
        self.addCleanup(daemon.stop)
        if not os.path.exists("/run/portconform/control"):
            self.assert_run(run(COMMAND, "status", environment={"XDG_RUNTIME_DIR": str(runtime)}), 0, "siem1")


class Place(ControlCase):
    def setUp(self):
        super().setUp()
        self.loopback(f"tcp {self.listener()}")
        self.path = self.folder / "control"

    def refused(self, words):
        daemon = Daemon(self.folder, self.path)
        self.assertFalse(daemon.ready)
        self.assertEqual(daemon.stop(), 3)
        self.assertIn(words, daemon.errors)

    def test_socket_that_a_dead_daemon_left_is_replaced(self):
        first = self.daemon()
        first.process.kill()
        first.stop()
        self.assertTrue(self.path.is_socket())
        self.daemon()
        self.assert_run(self.command("status"), 0)

    def test_socket_of_a_living_daemon_is_not(self):
        self.daemon()
        self.refused("belongs to a daemon that answers there")
        self.assert_run(self.command("status"), 0)

    def test_folder_may_be_locked_by_others(self):
        """As the store locks its own, where the socket may stand as well."""
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(folder, fcntl.LOCK_EX)
        self.daemon()
        os.close(folder)
        self.assertEqual([name for name in os.listdir(self.folder) if "lock" in name], [])

    def test_something_that_is_no_socket_is_left_alone(self):
        self.path.write_text("mine")
        self.refused("something that is no socket")
        self.assertEqual(self.path.read_text(), "mine")

    def test_socket_is_gone_with_the_daemon_and_no_other_is_removed(self):
        daemon = self.daemon()
        self.assertEqual(daemon.stop(), 0)
        self.assertFalse(self.path.exists())
        daemon = self.daemon()
        self.path.unlink()
        self.path.write_text("somebody else's")
        self.assertEqual(daemon.stop(), 0)
        self.assertTrue(self.path.exists())

    def test_mode_and_group(self):
        daemon = self.daemon()
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o660)
        daemon.stop()
        self.refused_group()

    def refused_group(self):
        daemon = Daemon(self.folder, self.path, environment={"CONTROL_GROUP": "nobody-has-this-group"})
        self.assertFalse(daemon.ready)
        daemon.stop()
        self.assertIn("which this machine does not know", daemon.errors)

    def as_user(self, uid, gid, *command):
        return subprocess.run([str(word) for word in command], text=True, capture_output=True, timeout=60,
                              user=uid, group=gid, extra_groups=[], check=False)

    def test_peers(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        portconform = self.open_to_others(COMMAND)
        self.daemon(environment={"CONTROL_GROUP": "4242"})
        os.chmod(self.path, 0o666)  # so that the daemon decides, not the file system
        command = [portconform, "status", "--control", self.path]
        stranger = self.as_user(65534, 65534, *command)
        self.assertEqual(stranger.returncode, 3)
        self.assertIn("user 65534 may not ask this daemon", stranger.stderr)
        reader = self.as_user(65534, 4242, *command)
        self.assertEqual(reader.returncode, 0, reader)
        refused = self.as_user(65534, 4242, portconform, "reload", "--control", self.path)
        self.assertEqual(refused.returncode, 3)
        self.assertIn("reload is for root", refused.stderr)
        os.chmod(self.path, 0o660)
        shut = self.as_user(65534, 65534, *command)
        self.assertIn("is not open to this user", shut.stderr)


class Hostile(ControlCase):
    def setUp(self):
        super().setUp()
        self.loopback(f"tcp {self.listener()}")

    def connect(self):
        client = socket.socket(socket.AF_UNIX)
        self.addCleanup(client.close)
        client.connect(str(self.folder / "control"))
        client.settimeout(30)
        return client

    def answer(self, octets):
        client = self.connect()
        client.sendall(octets)
        told = b""
        while chunk := client.recv(65536):
            told += chunk
        return told

    def test_requests_that_are_none(self):
        self.daemon()
        good = b"status\x000\x000\x00text\x00"
        for octets in (b"GET / HTTP/1.0\r\n\r\n", b"PC1 99999999999\n", b"PC1 0\n", b"PC1 5\nabcde",
                       b"PC1 3\na\x00\x00", b"PC1 %d\n" % len(good) + good + b"more", b"PC1 7\nx\x00-1\x000\x00",
                       b"PC1 2001\n" + b"\x00" * 2001):
            with self.subTest(octets=octets[:40]):
                self.assertIn(b"that is no request", self.answer(octets))
        self.assertIn(b"knows no such command", self.answer(b"PC1 8\nxyz\x000\x000\x00"))
        # an ini file is for the asking side to read
        words = b"check\x000\x000\x00--extra-opts=@/etc/passwd\x00-H\x00lo01\x00"
        self.assertIn(b"PORTCONFORM OK", self.answer(b"PC1 %d\n" % len(words) + words))

    def test_clients_that_do_not_read_or_write_hold_nobody_up(self):
        self.daemon()
        idle = [self.connect() for _ in range(20)]
        words = b"watch\x000\x000\x00"
        watching = [self.connect() for _ in range(8)]
        for client in watching:
            client.sendall(b"PC1 %d\n" % len(words) + words)
        for _ in range(3):
            self.assert_run(self.command("status"), 0)
        self.assertEqual(len(idle), 20)

    def is_open(self, client):
        client.setblocking(False)
        try:
            return client.recv(1) != b""
        except BlockingIOError:
            return True

    def test_more_slow_clients_than_places_delay_nobody(self):
        """Each has sent a part of its request; the longest reading ones give way, the newest have still their time."""
        self.daemon()
        slow = []
        for _ in range(300):
            slow.append(self.connect())
            slow[-1].sendall(b"PC1 20\nstatus")
        self.assert_run(self.command("status"), 0)
        self.assertTrue(self.is_open(slow[-1]), "it was answered only after the slow ones' time")
        slow[0].setblocking(True)
        self.assertEqual(slow[0].recv(1), b"")  # gave way

    def test_a_user_has_a_part_of_the_places(self):
        """One who takes more harms itself: its oldest give way, and nobody else's."""
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        os.chmod(self.folder, 0o755)
        self.daemon(environment={"CONTROL_GROUP": "4242"})
        path = str(self.folder / "control")
        mine = self.connect()
        mine.sendall(b"PC1 20\nstatus")
        take = ("import socket, sys\nheld = []\n"
                "for _ in range(200):\n    held.append(socket.socket(socket.AF_UNIX))\n"
                f"    held[-1].connect({path!r})\n    held[-1].sendall(b'PC1 20\\nstatus')\n"
                "assert held[0].recv(1) == b''\nprint('full', flush=True)\nsys.stdin.read()\n")
        taker = subprocess.Popen([sys.executable, "-c", take], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                 user=65534, group=4242, extra_groups=[])
        self.addCleanup(taker.communicate)
        self.assertEqual(taker.stdout.readline(), "full\n")
        self.assertTrue(self.is_open(mine))
        self.assert_run(self.command("status"), 0)

    def test_watchers_of_users_leave_room_for_commands(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        os.chmod(self.folder, 0o755)
        self.daemon(environment={"CONTROL_GROUP": "4242"})
        path = str(self.folder / "control")
        words = b"watch\x000\x000\x00"
        request = b"PC1 %d\n" % len(words) + words
        watch = ("import socket, sys\nheld, refused = [], 0\n"
                 "while not refused:\n    held.append(socket.socket(socket.AF_UNIX))\n"
                 f"    held[-1].connect({path!r})\n    held[-1].sendall({request!r})\n"
                 "    refused = b'wait or watch already' in held[-1].recv(65536)\n"
                 "print(len(held), flush=True)\nsys.stdin.read()\n")
        watcher = subprocess.Popen([sys.executable, "-c", watch], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True, user=65534, group=4242, extra_groups=[])
        self.addCleanup(watcher.communicate)
        self.assertEqual(watcher.stdout.readline(), "13\n")
        self.assert_run(self.command("reload"), 0)

    def test_watchers_have_a_number(self):
        self.daemon()
        words = b"watch\x000\x000\x00"
        watching = []
        for _ in range(16):
            client = self.connect()
            client.sendall(b"PC1 %d\n" % len(words) + words)
            self.assertTrue(client.recv(65536).startswith(b"PC1 R 0 "))
            watching.append(client)
        self.assertIn(b"clients wait or watch already", self.answer(b"PC1 %d\n" % len(words) + words))
        watching.pop().close()
        self.assert_run(self.command("status"), 0)


class Watch(ControlCase):
    def setUp(self):
        super().setUp()
        self.loopback(f"tcp {self.listener()}", f"tcp {self.free_port()}")

    def test_changes_as_lines(self):
        daemon = self.daemon()
        watching = subprocess.Popen([COMMAND, "findings", "--control", daemon.path, "-H", "lo01", "--watch"],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(watching.stdout.close)
        self.addCleanup(watching.stderr.close)
        while "1 conforming" not in (line := watching.stdout.readline()):
            self.assertTrue(line)
        daemon.tell("event lo01 something came up")
        while "something came up" not in (line := watching.stdout.readline()):
            self.assertTrue(line)
        self.assertIn("RAISED", line)
        daemon.stop()
        self.assertEqual(watching.wait(30), 3)

    def screen(self, master, words, seconds=30):
        seen, until = b"", time.monotonic() + seconds
        while words not in seen:
            self.assertLess(time.monotonic(), until, seen)
            if select.select([master], [], [], 0.2)[0]:
                seen += os.read(master, 65536)
        return seen

    def test_live_view(self):
        daemon = self.daemon()
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        before = termios.tcgetattr(slave)
        watching = subprocess.Popen([COMMAND, "findings", "--control", daemon.path, "--watch"], stdin=slave, stdout=slave,
                                    stderr=slave, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
                                    env=os.environ | {"TERM": "xterm"})
        self.addCleanup(lambda: watching.poll() is None and watching.kill())
        seen = self.screen(master, b"q ends")
        self.assertIn(b"\033[?1049h", seen)
        self.screen(master, b"closed")
        daemon.tell("conforming")
        self.screen(master, b"Everything conforms")
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 50, 0, 0))
        self.screen(master, b"Everything conforms")
        daemon.stop()
        self.screen(master, b"trying again")
        self.daemon()
        self.screen(master, b"closed")
        os.write(master, b"q")
        self.assertEqual(watching.wait(30), 2)
        self.assertIn(b"\033[?1049l", self.screen(master, b"\033[?1049l"))
        self.assertEqual(before, termios.tcgetattr(slave))


if __name__ == "__main__":
    main()
