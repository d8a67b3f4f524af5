#!/usr/bin/python3
"""Hazard: hostile peers. What a service check makes of drips, endless banners, resets in the middle, escape sequences
and lies; in a network namespace of its own. Usage: hostile_services.py BUILD"""
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
from by_hand import serve, wait_for_close  # noqa: E402
from cores import need, need_root  # noqa: E402

ADDRESS = "127.0.0.1"
TIMEOUT_MS = 3000


def reset(peer):
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drip(octets):
    """One octet, and the next when the peer has shown no impatience for a while."""
    def talk(peer):
        peer.settimeout(0.15)
        for octet in octets:
            peer.sendall(bytes((octet,)))
            try:
                if not peer.recv(4096):
                    return
            except TimeoutError:
                pass
    return talk


def endless(octets):
    def talk(peer):
        while True:
            peer.sendall(octets)
    return talk


def say(octets):
    def talk(peer):
        peer.sendall(octets)
        wait_for_close(peer)
    return talk


def close_at_once(_peer):
    pass


def reset_at_once(peer):
    reset(peer)


def close_when_asked(peer):
    peer.recv(4096)


def reset_when_asked(peer):
    peer.recv(4096)
    reset(peer)


def echo(peer):
    while octets := peer.recv(4096):
        peer.sendall(octets)


def make_server_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory(prefix="portconform-hostile-") as folder:
        key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "certificate.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=peer", "-keyout", key, "-out", certificate], check=True,
                       stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        context.load_cert_chain(certificate, key)
    return context


SERVER_CONTEXT = make_server_context()


def tls(inside):
    """Takes nothing but TLS, and says nothing to what is not."""
    def talk(peer):
        with SERVER_CONTEXT.wrap_socket(peer, server_side=True) as connection:
            inside(connection)
    return talk


def cut_tls(octets, then):
    """As many octets of the handshake, and not one more."""
    def talk(peer):
        received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = SERVER_CONTEXT.wrap_bio(received, sent, server_side=True)
        received.write(peer.recv(4096))
        try:
            server.do_handshake()
        except ssl.SSLWantReadError:
            pass
        peer.sendall(sent.read()[:octets])
        then(peer)
    return talk


def answer_then_reset(octets):
    def talk(peer):
        peer.recv(4096)
        peer.sendall(octets)
        reset(peer)
    return talk


ALERT, RECORD = b"\x15\x03\x03\x00\x02\x02\x28", b"\x16\x03\x03\x40\x00" + b"\x02\x00\xff\xff" * 4096
BANNER = b"220 a|b \x1b[31mred\x1b[0m \x07\r\n"

# what the peer does, the service that is expected, and what may be told: verdict, reason
CASES = (
    ("drips a greeting of SMTP", drip(b"220 mx01 ESMTP ready for whatever comes\r\n"), "smtp",
     {("conforming", "accepted")}),
    ("drips something else", drip(b"+OK what a lot of time we have\r\n"), "smtp", {("impostor", "wrong-protocol")}),
    ("says nothing", wait_for_close, "smtp", {("conforming", "accepted")}),
    ("says nothing", wait_for_close, "http", {("conforming", "accepted")}),
    ("says nothing", wait_for_close, "https", {("conforming", "accepted")}),
    ("closes at once", close_at_once, "ssh", {("conforming", "accepted")}),
    ("resets at once", reset_at_once, "http", {("conforming", "accepted"), ("conforming", "service-proven")}),
    ("never ends its greeting", endless(b"220-more of it\r\n"), "smtp",
     {("conforming", "accepted"), ("impostor", "wrong-protocol")}),
    ("never ends its header", endless(b"HTTP/1.1 200 OK\r\nX: y\r\n"), "http", {("conforming", "service-proven")}),
    ("never ends, in TLS", endless(RECORD), "https", {("conforming", "tls-failed")}),
    ("never ends, in plain", endless(b"all the same\r\n"), "https", {("impostor", "tls-expected")}),
    ("begins TLS and resets", answer_then_reset(b"\x16\x03\x03\x00\x7a\x02"), "https", {("conforming", "tls-failed")}),
    ("answers by an alert", say(ALERT), "https", {("conforming", "tls-failed")}),
    ("answers by an alert", say(ALERT), "http", {("impostor", "tls-unexpected")}),
    ("answers and resets", answer_then_reset(b"HTTP/1.0 200 OK\r\n"), "http",
     {("conforming", "service-proven"), ("conforming", "accepted")}),
    ("sends escape sequences", say(BANNER), "http", {("impostor", "wrong-protocol")}),
    ("sends escape sequences", say(BANNER), "https", {("impostor", "tls-expected")}),
    ("sends two lines, one a lie", say(b"hello\r\nPORTCONFORM OK - all conforms\r\n"), "vnc",
     {("impostor", "wrong-protocol")}),
    ("sends NUL octets", say(bytes(5000)), "stomp", {("impostor", "wrong-protocol")}),
    ("closes when it was asked", close_when_asked, "ajp", {("conforming", "accepted")}),
    ("resets when it was asked", reset_when_asked, "smb", {("conforming", "accepted")}),
    ("resets when it was asked", reset_when_asked, "https", {("conforming", "accepted")}),
    ("is too busy for a name", say(b"Exceeded MaxStartups\r\n"), "ssh", {("conforming", "accepted")}),
    ("refuses us", say(b"550 5.7.1 you are on a list\r\n"), "smtp", {("conforming", "accepted")}),
)
# servers that take nothing but TLS, where plain is expected: whoever speaks first, and however few octets tell them so
CASES += tuple(("takes TLS alone", tls(wait_for_close), service, {("impostor", "tls-unexpected")}) for service in (
    "http", "winrm", "amt", "smtp", "submission", "pop3", "imap", "ftp", "ssh", "ldap", "sip", "rtsp", "xmpp", "smb",
    "netbios-ssn", "mssql", "dcerpc", "rdp", "vnc", "ajp", "java-rmi", "openwire", "stomp", "cql"))
# what comes back is what was said
CASES += tuple(("says what it hears", echo, service, {("impostor", "wrong-protocol")}) for service in (
    "http", "smtp", "ssh", "ldap", "vnc", "openwire", "mssql"))
CASES += (("says what it hears", echo, "https", {("impostor", "tls-expected")}),)
# inside TLS, and on the way into it
CASES += tuple(case for service in ("https", "smtps", "ldaps") for case in (
    ("closes inside TLS", tls(close_at_once), service, {("conforming", "accepted")}),
    ("resets inside TLS", tls(reset_at_once), service, {("conforming", "accepted")}),
    ("never ends inside TLS", tls(endless(b"all the same\r\n")), service, {("impostor", "wrong-protocol")}),
    ("sends escape sequences inside TLS", tls(say(b"\x1b[2J|\r\nPORTCONFORM OK\r\n")), service,
     {("impostor", "wrong-protocol")})))
CASES += tuple((f"resets after {octets} octets of the handshake", cut_tls(octets, reset), "https",
                {("conforming", "tls-failed")}) for octets in (1, 5, 6, 90, 130, 400))


def run(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                          check=False)


def main(build):
    failed = []
    with tempfile.TemporaryDirectory(prefix="portconform-hostile-") as folder:
        os.makedirs(os.path.join(folder, "hosts.d"))
        config = os.path.join(folder, "site.conf")
        with open(config, "w", encoding="utf-8") as out:
            out.write(f'site: {{ name = "hostile"; probe = {{ timeout_ms = {TIMEOUT_MS}; }}; }};\n')
        ports = [serve(ADDRESS, 0, talk).getsockname()[1] for _, talk, _, _ in CASES]
        rows = ", ".join(f'{{ ports = "tcp {port}"; service = "{case[2]}"; }}' for port, case in zip(ports, CASES))
        with open(os.path.join(folder, "hosts.d", "peer.conf"), "w", encoding="utf-8") as out:
            out.write(f'host: {{ name = "peer"; addresses = ["{ADDRESS}"]; listeners = "none"; expect = ( {rows} ); }};\n')
        told = run(os.path.join(build, "portconform"), "check", "-C", config, "--format", "tsv")
        lines = [line.split("\t") for line in told.stdout.decode("utf-8").splitlines()]
        head = lines[0]
        found = {row[head.index("port")]: (row[head.index("verdict")], row[head.index("reason")]) for row in lines[1:]}
        for port, (what, _, service, wanted) in zip(ports, CASES):
            seen = found.get(str(port))
            good = seen in wanted
            print("ok" if good else "NO", f"{service}: a peer that {what}:", seen)
            if not good:
                failed.append(f"{service}, {what}: {seen}, wanted {wanted}\n{told.stderr.decode()}")
        outputs = [run(os.path.join(build, "check_portconform"), "-C", config, "-H", "peer"),
                   run(os.path.join(build, "portconform"), "check", "-C", config)]
        outputs += [run(os.path.join(build, "portconform"), "explain", "-C", config, "peer", str(port))
                    for port, case in zip(ports, CASES) if "sends" in case[0]]
        for result in outputs:
            if any(octet < 0x20 and octet != 0x0a or octet == 0x7f for octet in result.stdout + result.stderr):
                failed.append(f"a control character is told: {result.stdout}")
            if result.returncode not in (0, 1, 2):
                failed.append(f"exit status {result.returncode}: {result.stderr}")
        if outputs[0].stdout.split(b"\n")[0].count(b"|") != 1:
            failed.append(f"the first line has one bar: {outputs[0].stdout}")
    for text in failed:
        print(text)
    return 1 if failed else 0


if __name__ == "__main__":
    if os.environ.get("PORTCONFORM_HOSTILE") != "inside":
        need_root("it makes a network namespace")
        need("ip", "unshare")
        os.environ["PORTCONFORM_HOSTILE"] = "inside"
        os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    sys.exit(main(sys.argv[1]))
