"""What the tests with monitoring cores share: a loopback site that this machine can be checked against."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from needs import (SKIP, SOURCE, check, finish, installed, is_sanitized, leave_out, need, need_built,  # noqa: E402
                   need_root, skip)
import by_hand  # noqa: E402

# passed on, so that a test here has one place to import from
__all__ = ["SKIP", "SOURCE", "Site", "check", "end", "finish", "free_port", "installed", "is_sanitized", "leave_out",
           "listen", "need", "need_built", "need_root", "skip", "wait_for"]


def listen():
    """A server that takes each connection and closes it: of one that takes none the queue would fill with our probes."""
    server = by_hand.serve("127.0.0.1", 0, lambda peer: None)
    return server, server.getsockname()[1]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_for(what, test, seconds=60):
    end = time.monotonic() + seconds
    while True:
        value = test()
        if value:
            return value
        if time.monotonic() > end:
            raise RuntimeError(f"waited {seconds} s for {what}")
        time.sleep(0.1)


class Site:
    """One host on loopback: one port that is served, and, for host `bad`, one that nobody serves."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="portconform-core-")
        self.server, self.open_port = listen()
        self.closed_port = free_port()
        self.config = os.path.join(self.folder, "site", "site.conf")
        os.makedirs(os.path.join(self.folder, "site", "hosts.d"))
        self._write("site.conf", 'site: { name = "loop"; };')
        self._write("hosts.d/good.conf", 'host: { name = "good"; addresses = ["127.0.0.1"]; listeners = "kernel";\n'
                    f'  expect = ( {{ ports = "tcp {self.open_port}"; }} ); }};')
        self._write("hosts.d/bad.conf", 'host: { name = "bad"; addresses = ["127.0.0.2"]; listeners = "kernel";\n'
                    f'  expect = ( {{ ports = "tcp {self.closed_port}"; }} ); }};')

    def _write(self, name, text):
        with open(os.path.join(self.folder, "site", name), "w", encoding="utf-8") as out:
            out.write(text + "\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def end(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
