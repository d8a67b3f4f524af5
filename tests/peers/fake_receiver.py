#!/usr/bin/env python3
"""A receiver of syslog that writes each message to a file, a line each, before it reads the next one.

usage: fake_receiver.py local|udp|tcp|tls PATH-OR-PORT FILE [KEY=VALUE]...

keys: framing=octets|lines, certificate, key, authority (of clients: then they need a certificate), least=1.3,
after=N (closes each connection after N messages, with the rest unread), pause=SECONDS (after each message),
talk=1 (sends to the client what nobody asked for).

While FILE does not take a message (a full disk), it is tried again and nothing else is read."""
import os
import signal
import socket
import ssl
import sys
import threading
import time


class Receiver:
    def __init__(self, transport, place, file, keys):
        self.transport, self.place, self.keys = transport, place, keys
        self.file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.lock = threading.Lock()

    def note(self, message):
        line = message.replace(b"\n", b" ") + b"\n"
        with self.lock:
            while line:
                try:
                    line = line[os.write(self.file, line):]
                except OSError:
                    time.sleep(0.05)
        time.sleep(float(self.keys.get("pause", 0)))

    def datagrams(self):
        if self.transport == "local":
            if os.path.exists(self.place):
                os.unlink(self.place)
            server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            server.bind(self.place)
        else:
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            server.bind(("127.0.0.1", int(self.place)))
        print("ready", flush=True)
        while True:
            self.note(server.recv(65536))

    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.keys["certificate"], self.keys["key"])
        if self.keys.get("least") == "1.3":
            context.minimum_version = ssl.TLSVersion.TLSv1_3
        if "authority" in self.keys:
            context.load_verify_locations(self.keys["authority"])
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def streams(self):
        server = socket.create_server(("127.0.0.1", int(self.place)), reuse_port=False)
        context = self.context() if self.transport == "tls" else None
        print("ready", flush=True)
        while True:
            client, _ = server.accept()
            threading.Thread(target=self.serve, args=(client, context), daemon=True).start()

    def serve(self, client, context):
        try:
            if context:
                client = context.wrap_socket(client, server_side=True)
            with client, client.makefile("rb") as stream:
                if "talk" in self.keys:
                    client.sendall(b"whatever this is\n" * 1000)
                for number, message in enumerate(self.messages(stream), 1):
                    self.note(message)
                    if number == int(self.keys.get("after", 0)):
                        return
        except OSError:
            client.close()

    def messages(self, stream):
        if self.keys.get("framing") == "lines":
            yield from (line[:-1] for line in stream if line.endswith(b"\n"))
            return
        while True:
            length = b""
            while not length.endswith(b" "):
                octet = stream.read(1)
                if not octet:
                    return
                length += octet
            message = stream.read(int(length))
            if len(message) < int(length):
                return
            yield message


if __name__ == "__main__":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    receiver = Receiver(*sys.argv[1:4], dict(word.split("=", 1) for word in sys.argv[4:]))
    if receiver.transport in ("local", "udp"):
        receiver.datagrams()
    else:
        receiver.streams()
