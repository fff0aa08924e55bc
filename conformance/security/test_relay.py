"""A relay that is attacked on the way (row 2 of the list of attack classes: STARTTLS response injection)."""

import socket
import ssl
import threading
import time

import pytest

from blackbox import server as servers, smtp


class Relay:
    """Offers STARTTLS with the test's own certificate, and says more than it should before the handshake."""

    def __init__(self, server, injected):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.injected = self.listener.getsockname()[1], injected
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(*certificate(server))
        self.clear, self.inside, self.closed = [], [], threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            try:
                self.talk(peer)
            except (OSError, ValueError):
                pass
            finally:
                peer.close()
                self.closed.set()

    def talk(self, peer):
        peer.settimeout(10)
        peer.sendall(b"220 relay\r\n")
        while b"STARTTLS" not in (line := self.line(peer)).upper():
            self.clear.append(line)
            peer.sendall(b"250-relay\r\n250 STARTTLS\r\n")
        peer.sendall(b"220 go\r\n" + self.injected)
        peer = self.tls.wrap_socket(peer, server_side=True)
        while line := self.line(peer):
            self.inside.append(line)
            peer.sendall(b"354 go\r\n" if line.upper().startswith(b"DATA") else b"250 ok\r\n")

    @staticmethod
    def line(peer):
        line = b""
        while not line.endswith(b"\n"):
            octet = peer.recv(1)
            if not octet:
                return line
            line += octet
        return line


def certificate(server):
    """The certificate and key that quickstart made for localhost."""
    text = server.config_file().read_text()
    paths = [line.split('"')[1] for name in ("certificate", "key") for line in text.splitlines()
             if line.replace(" ", "").startswith(name + "=")]
    return [path if path.startswith("/") else str(server.data / path) for path in paths]


@pytest.mark.parametrize("injected", [b"", b"250-x\r\n250 AUTH PLAIN\r\n", b"250 ok\r\n" * 5])
def test_what_was_said_before_the_handshake_is_not_believed(injected):
    """Without an injection the mail goes through, asking again inside TLS; with one nothing is said inside TLS that
    rests on it, and the mail waits."""
    made = servers.Server()
    try:
        made.start()
        relay = Relay(made, injected)
        made.stop()
        with made.config_file().open("a") as config:
            config.write(f'\n[delivery.relay]\nhost = "localhost"\nport = {relay.port}\ntls = "starttls"\nca_file = "{made.ca}"\n')
        made.restart()
        session = smtp.connect(made, made.alice)
        code, text = session.submit(made.alice[0], ["far@elsewhere.example"], b"Subject: x\r\n\r\nx\r\n")
        assert code == 250, text
        assert relay.closed.wait(20)
        time.sleep(0.2)
        verbs = [line.split()[0].upper() for line in relay.inside if line.split()]
        if injected:
            assert b"MAIL" not in verbs and b"AUTH" not in verbs, relay.inside
        else:
            assert verbs[0] == b"EHLO" and b"MAIL" in verbs, (verbs, made.log()[-2000:])
        assert all(line.upper().startswith((b"EHLO", b"HELO")) for line in relay.clear), relay.clear
    finally:
        made.dispose()
