"""Servers that a test writes by hand: what they say to each connection is a function, called in a thread of its own."""
import socket
import threading


def serve(address, port, talk):
    """A TCP server until its socket, which is returned, is closed; with port 0 the kernel chooses."""
    server = socket.create_server((address, port))

    def one(peer):
        with peer:
            try:
                talk(peer)
            except OSError:
                pass

    def loop():
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(peer,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
    return server


def wait_for_close(peer):
    while peer.recv(4096):
        pass


def pass_on(source, sink):
    try:
        while octets := source.recv(4096):
            sink.sendall(octets)
    except OSError:
        pass
