#!/usr/bin/python3
"""A program that calls: the clients of the test hosts, and the ground truth that portconform is held against.

It reads one JSON object a line, {"calls": [[transport, address, port, hoped], ...], "quiet_ms": N}, makes all calls at
once and writes one JSON list of what became of each: "open", "refused" or "silent". A UDP call is "open" when a
listener that echoes has sent the very octets back. Calls that are hoped to be open are waited for, up to five seconds;
to the others silence must last `quiet_ms`.
"""
import errno
import itertools
import json
import select
import socket
import sys
import time

PATIENCE_S = 5
# No source port is used twice, so that no firewall takes a datagram for an answer to an earlier one.
udp_sources = itertools.count(20000)


class Call:
    def __init__(self, number, transport, address, port, hoped):
        self.hoped, self.outcome = hoped, None
        self.token = f"call {number} {time.monotonic_ns()}".encode()
        self.tcp = transport == "tcp"
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM if self.tcp else socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        if self.tcp:
            error = self.socket.connect_ex((address, port))
            if error not in (0, errno.EINPROGRESS):
                self.outcome = errno.errorcode[error]
        else:
            self.socket.bind(("", next(udp_sources)))
            self.socket.connect((address, port))
            self.socket.send(self.token)

    def ready(self):
        if self.tcp:
            error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        else:
            try:
                error = 0 if self.socket.recv(2048) == self.token else errno.EBADMSG
            except OSError as failure:
                error = failure.errno
        self.outcome = {0: "open", errno.ECONNREFUSED: "refused"}.get(error, errno.errorcode.get(error, str(error)))


def make(calls, quiet_s):
    began = time.monotonic()
    made = [Call(number, *call) for number, call in enumerate(calls)]
    by_fd = {call.socket.fileno(): call for call in made}
    poll = select.poll()
    for fd, call in by_fd.items():
        poll.register(fd, select.POLLOUT if call.tcp else select.POLLIN)
    while True:
        for fd, _ in poll.poll(20):
            by_fd[fd].ready()
            poll.unregister(fd)
        passed = time.monotonic() - began
        waited_for = any(call.outcome is None and call.hoped for call in made)
        left = any(call.outcome is None for call in made)
        if not left or passed > PATIENCE_S or (not waited_for and passed > quiet_s):
            break
    for call in made:
        call.socket.close()
    return [call.outcome or "silent" for call in made]


for line in sys.stdin:
    task = json.loads(line)
    print(json.dumps(make(task["calls"], task["quiet_ms"] / 1000)), flush=True)
