#!/usr/bin/python3
"""SNMP agents of many kinds (v1, v2c), played from rows that are written here from the definitions of TCP-MIB, UDP-MIB
and HOST-RESOURCES-MIB: honest ones with their gaps, and hostile ones.

    snmp_replay.py KIND ADDRESS[:PORT] [KIND ADDRESS[:PORT] ...]

Prints "ready" when all listen. The bench uses Agent and serve() with delays.
"""
import bisect
import heapq
import itertools
import select
import socket
import sys
import time

# --- BER, as much as SNMP takes (RFC 3416, ITU-T X.690) ---------------------------------------------------------------

SEQUENCE, INTEGER, OCTETS, NULL, OID, UNSIGNED, COUNTER64, TICKS = 0x30, 0x02, 0x04, 0x05, 0x06, 0x42, 0x46, 0x43
NO_SUCH_OBJECT, END_OF_VIEW = 0x80, 0x82
GET, GET_NEXT, RESPONSE, GET_BULK = 0xA0, 0xA1, 0xA2, 0xA5
TOO_BIG, NO_SUCH_NAME = 1, 2
COMMUNITY = b"public"


def tlv(tag, content):
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def integer(number, tag=INTEGER):
    return tlv(tag, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def encode_name(name):
    out = bytearray((name[0] * 40 + name[1],))
    for number in name[2:]:
        part = [number & 0x7F]
        while number := number >> 7:
            part.append(number & 0x7F | 0x80)
        out += bytes(reversed(part))
    return tlv(OID, bytes(out))


def decode(octets, at=0):
    """(tag, content, end)"""
    tag, length, at = octets[at], octets[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length, at = int.from_bytes(octets[at:at + count], "big"), at + count
    return tag, octets[at:at + length], at + length


def decode_all(octets):
    at, out = 0, []
    while at < len(octets):
        tag, content, at = decode(octets, at)
        out.append((tag, content))
    return out


def decode_name(content):
    out, number = [content[0] // 40, content[0] % 40], 0
    for octet in content[1:]:
        number = number << 7 | octet & 0x7F
        if not octet & 0x80:
            out.append(number)
            number = 0
    return tuple(out)


def text(string):
    return tlv(OCTETS, string.encode() if isinstance(string, str) else string)


def name_of(dotted):
    return tuple(int(part) for part in dotted.split("."))


# --- objects ----------------------------------------------------------------------------------------------------------

MIB2 = (1, 3, 6, 1, 2, 1)
SYS_DESCR, SYS_OBJECT_ID = MIB2 + (1, 1, 0), MIB2 + (1, 2, 0)
TCP_LISTENER, TCP_CONN = MIB2 + (6, 20, 1, 4), MIB2 + (6, 13, 1, 1)
UDP_ENDPOINT, UDP_OLD = MIB2 + (7, 7, 1, 8), MIB2 + (7, 5, 1, 2)
RUN_NAME, RUN_PATH = MIB2 + (25, 4, 2, 1, 2), MIB2 + (25, 4, 2, 1, 4)
WINDOWS, LINUX = (1, 3, 6, 1, 4, 1, 311, 1, 1, 3, 1, 2), (1, 3, 6, 1, 4, 1, 8072, 3, 2, 10)


def packed(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    octets = socket.inet_pton(family, address)
    return (2 if len(octets) == 16 else 1, len(octets)) + tuple(octets)


def tcp(address, port, pid=0):
    return TCP_LISTENER + packed(address) + (port,), integer(pid, UNSIGNED)


def udp(address, port, pid=0, instance=1):
    return UDP_ENDPOINT + packed(address) + (port, 0, 0, 0, instance), integer(pid, UNSIGNED)


def old_tcp(address, port, remote="0.0.0.0", remote_port=0, state=2):
    return TCP_CONN + packed(address)[2:] + (port,) + packed(remote)[2:] + (remote_port,), integer(state)


def old_udp(address, port):
    return UDP_OLD + packed(address)[2:] + (port,), integer(port)


def process(pid, name, path):
    return [(RUN_NAME + (pid,), text(name)), (RUN_PATH + (pid,), text(path))]


def system(descr, object_id):
    return [(SYS_DESCR, text(descr)), (SYS_OBJECT_ID, encode_name(object_id))]


# --- agents -----------------------------------------------------------------------------------------------------------

class Agent:
    """Honest: rows in the order of their names. `most`: octets of an answer."""
    most = 1400

    def __init__(self, rows):
        self.rows = sorted(rows, key=lambda row: row[0])
        self.names = [name for name, _ in self.rows]
        self.kept = {}  # request without its id -> answer without it

    def next_index(self, name):
        return bisect.bisect_right(self.names, name)

    def binding(self, index, name, version):
        if index < len(self.rows):
            found, value = self.rows[index]
            return found, tlv(SEQUENCE, encode_name(found) + value)
        return (None, None) if version == 0 else (name, tlv(SEQUENCE, encode_name(name) + tlv(END_OF_VIEW, b"")))

    def exact(self, name, version):
        index = bisect.bisect_left(self.names, name)
        if index < len(self.names) and self.names[index] == name:
            return self.binding(index, name, version)[1]
        return None if version == 0 else tlv(SEQUENCE, encode_name(name) + tlv(NO_SUCH_OBJECT, b""))

    def look_up(self, version, kind, names, repetitions):
        """(error status, error index, bindings)"""
        out, size = [], 0
        if kind != GET_BULK:
            for place, name in enumerate(names):
                one = self.exact(name, version) if kind == GET else self.binding(self.next_index(name), name, version)[1]
                if one is None:
                    return NO_SUCH_NAME, place + 1, None
                out.append(one)
            return (0, 0, out) if sum(map(len, out)) <= self.most else (TOO_BIG, 0, None)
        name = names[0]
        for _ in range(repetitions):
            found, one = self.binding(self.next_index(name), name, version)
            size += len(one)
            if size > self.most:
                break
            out.append(one)
            if found == name:
                break
            name = found
        return 0, 0, out

    def answer(self, request):
        """The datagrams that answer `request`."""
        _, message, _ = decode(request)
        (_, version), (_, community), (kind, pdu) = decode_all(message)
        if community != COMMUNITY:
            return []
        (_, request_id), (_, first), (_, second), (_, variables) = decode_all(pdu)
        version, key = version[-1], (version, kind, first, second, variables)
        if key not in self.kept:
            names = [decode_name(decode_all(variable)[0][1]) for _, variable in decode_all(variables)]
            self.kept[key] = self.body(version, kind, names, int.from_bytes(second, "big"), variables)
        return self.datagrams(version, request_id, self.kept[key])

    def body(self, version, kind, names, repetitions, variables):
        status, index, bindings = self.look_up(version, kind, names, repetitions)
        content = variables if bindings is None else b"".join(bindings)
        return integer(status) + integer(index) + tlv(SEQUENCE, content)

    def datagrams(self, version, request_id, body):
        pdu = tlv(RESPONSE, tlv(INTEGER, request_id) + body)
        return [tlv(SEQUENCE, integer(version) + tlv(OCTETS, COMMUNITY) + pdu)]


class Duplicates(Agent):
    """What follows a row is the row behind it, even where both have one name (several sockets on one port)."""

    def next_index(self, name):
        index = bisect.bisect_left(self.names, name)
        return index + 1 if index < len(self.names) and self.names[index] == name else index


class Endless(Agent):
    def look_up(self, version, kind, names, repetitions):
        if kind == GET:
            return super().look_up(version, kind, names, repetitions)
        last = names[0][len(TCP_LISTENER) + 2:len(TCP_LISTENER) + 6] if names[0][:10] == TCP_LISTENER else ()
        number = int.from_bytes(bytes(last), "big") if len(last) == 4 else 0
        out = []
        for _ in range(max(1, repetitions) if kind == GET_BULK else 1):
            number += 1
            name = names[0][:10] + (1, 4) + tuple(number.to_bytes(4, "big")) + (80,)
            out.append(tlv(SEQUENCE, encode_name(name) + integer(0, UNSIGNED)))
        return 0, 0, out


class Backwards(Agent):
    def look_up(self, version, kind, names, repetitions):
        status, index, bindings = super().look_up(version, kind, names, repetitions)
        return status, index, bindings and bindings[1::-1] + bindings[2:]


class WrongTypes(Agent):
    """Each value of another type than the object's."""
    values = itertools.cycle([text(b"\xff\x00\x1b[2J"), tlv(NULL, b""), tlv(COUNTER64, b"\x7f" * 8), tlv(OID, b"\x2b"),
                              tlv(0x40, b"\x01\x02\x03\x04"), tlv(0x44, b"\x9f\x78\x04\x42\xf6\x00\x00"),
                              integer(-2147483648)])

    def __init__(self, rows):
        super().__init__([(name, next(self.values)) for name, _ in rows])


class Truncated(Agent):
    """Each answer cut somewhere else."""
    count = 0

    def datagrams(self, version, request_id, body):
        whole = super().datagrams(version, request_id, body)[0]
        self.count += 1
        return [whole[:max(1, len(whole) - self.count * 7 % len(whole))]]


class WrongId(Agent):
    """Answers to what nobody asked, in front of the true one."""

    def datagrams(self, version, request_id, body):
        other = (int.from_bytes(request_id, "big") ^ 1).to_bytes(len(request_id), "big")
        wrong = integer(0) + integer(0) + tlv(SEQUENCE, tlv(SEQUENCE, encode_name(TCP_LISTENER + (1, 4, 6, 6, 6, 6, 666))
                                                          + integer(0, UNSIGNED)))
        return super().datagrams(version, other, wrong) + super().datagrams(version, request_id, body)


class WrongIdAlone(WrongId):
    def datagrams(self, version, request_id, body):
        return super().datagrams(version, request_id, body)[:1]


class Huge(Agent):
    most = 60000


class Drip(Agent):
    """One row an answer, each after a while."""
    most, delay = 40, 0.05

    def look_up(self, version, kind, names, repetitions):
        return super().look_up(version, kind, names, min(repetitions, 1))


class Silent(Agent):
    def answer(self, request):
        return []


class Elsewhere(Agent):
    """Answers leave from another port."""
    elsewhere = True


def office(object_id=LINUX, descr="Replayed agent"):
    """Rows of a computer with the new tables; process 30 holds what JP1 asks of an agentless computer."""
    rows = system(descr, object_id)
    for pid, port in ((20, 22), (30, 139), (30, 445)):
        rows.append(tcp("0.0.0.0", port, pid))
        rows.append(tcp("::", port, pid))
    for port in (137, 138, 161):
        rows.append(udp("0.0.0.0", port, 30))
        rows.append(udp("::", port, 30, 2))
    return rows + process(20, "sshd", "/usr/sbin/sshd") + process(30, "smbd", "/usr/sbin/smbd")


def windows():
    return system("Hardware: Intel64 Family 6 - Software: Windows Version 6.3 (Build 9600)", WINDOWS) + [
        old_tcp("0.0.0.0", 135), old_tcp("0.0.0.0", 445), old_tcp("0.0.0.0", 139),
        old_tcp("10.0.0.1", 445, "10.0.0.9", 50000, 5), old_udp("0.0.0.0", 161), old_udp("0.0.0.0", 137),
        old_udp("0.0.0.0", 138)]


def twice(rows):
    return rows + [row for row in rows if row[0][:10] in (TCP_LISTENER, UDP_ENDPOINT)] * 2


def nameless(rows):
    return [(name, integer(0, UNSIGNED) if name[:10] in (TCP_LISTENER, UDP_ENDPOINT) else value) for name, value in rows
            if name[:10] not in (RUN_NAME, RUN_PATH)]


def huge_strings():
    rows = [row for row in office() if row[0][:10] not in (RUN_NAME, RUN_PATH) and row[0] != SYS_DESCR]
    rows.append((SYS_DESCR, text(b"\x1b]0;" + b"A" * 20000)))
    return rows + process(20, "x" * 15000, "/" + "y" * 15000) + process(30, "|\n\x1b[31m", "/usr/sbin/s\x00mbd")


def without(rows, *columns):
    return [row for row in rows if row[0][:len(columns[0])] not in columns]


KINDS = {
    "office": lambda: Agent(office()),
    "windows": lambda: Agent(windows()),
    "old-unix": lambda: Agent(system("Old agent", name_of("1.3.6.1.4.1.2021.250.3")) + windows()[2:]),
    "duplicates": lambda: Duplicates(twice(office())),
    "nameless": lambda: Agent(nameless(office())),
    "no-tcp": lambda: Agent(without(office(), TCP_LISTENER)),
    "no-udp": lambda: Agent(without(office(), UDP_ENDPOINT)),
    "part": lambda: Agent([row for row in office() if row[0][:12] != TCP_LISTENER + (2, 16)]),
    "nothing": lambda: Agent(system("Nothing but a name", LINUX)),
    "endless": lambda: Endless(office()),
    "backwards": lambda: Backwards(office()),
    "wrong-types": lambda: WrongTypes(office()),
    "huge-strings": lambda: Huge(huge_strings()),
    "truncated": lambda: Truncated(office()),
    "wrong-id": lambda: WrongId(office()),
    "wrong-id-alone": lambda: WrongIdAlone(office()),
    "drip": lambda: Drip(office()),
    "silent": lambda: Silent(office()),
    "elsewhere": lambda: Elsewhere(office()),
}


# --- serving ----------------------------------------------------------------------------------------------------------

def bind(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    one = socket.socket(family, socket.SOCK_DGRAM)
    one.bind((address, port))
    one.setblocking(False)
    return one


def serve(agents):
    """agents: [(socket, Agent)]. For ever. An agent's `delay` is in seconds."""
    poll = select.epoll()
    by_fd = {one.fileno(): (one, agent) for one, agent in agents}
    strays = {}
    for fd, (one, agent) in by_fd.items():
        poll.register(fd, select.EPOLLIN)
        if getattr(agent, "elsewhere", False):
            strays[fd] = bind(one.getsockname()[0], 0)
    waiting, order = [], itertools.count()
    while True:
        wait = -1 if not waiting else max(0, waiting[0][0] - time.monotonic())
        for fd, _ in poll.poll(wait):
            one, agent = by_fd[fd]
            while True:
                try:
                    request, peer = one.recvfrom(65535)
                except BlockingIOError:
                    break
                due = time.monotonic() + getattr(agent, "delay", 0)
                for answer in agent.answer(request):
                    heapq.heappush(waiting, (due, next(order), strays.get(fd, one), answer, peer))
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, _, one, answer, peer = heapq.heappop(waiting)
            one.sendto(answer, peer)


def main(words):
    agents = []
    for kind, place in zip(words[::2], words[1::2]):
        address, _, port = place.rpartition(":") if place.count(":") == 1 else (place.strip("[]"), "", "161")
        agents.append((bind(address, int(port)), KINDS[kind]()))
    print("ready", flush=True)
    serve(agents)


if __name__ == "__main__":
    main(sys.argv[1:])
