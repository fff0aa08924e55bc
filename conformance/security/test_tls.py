"""TLS as OpenSSL speaks it: keys that change in the middle of a session, and a client that wants to begin anew."""

import select
import socket
import ssl
import subprocess
import time

import pytest

SECONDS = 20


class Speaker:
    """`openssl s_client`, to which single letters are commands."""

    def __init__(self, server, *options):
        target = ["-connect", f"127.0.0.1:{server.port('imaps')}", "-CAfile", server.ca, "-crlf", *options]
        self.process = subprocess.Popen(["openssl", "s_client", *target], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
        self.told = b""

    def say(self, line):
        self.process.stdin.write(line.encode() + b"\n")

    def await_words(self, words, seconds=SECONDS):
        """Reads until they came, or the end; whether they came."""
        until = time.monotonic() + seconds
        while words not in self.told:
            left = max(0, until - time.monotonic())
            if not select.select([self.process.stdout], [], [], left)[0]:
                return False
            octets = self.process.stdout.read(4096)
            if not octets:
                return False
            self.told += octets
        return True

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def speak(server):
    open_ones = []

    def begin(*options):
        open_ones.append(Speaker(server, *options))
        return open_ones[-1]

    yield begin
    for speaker in open_ones:
        speaker.close()


def test_keys_change_on_both_sides_and_the_session_goes_on(speak):
    client = speak("-tls1_3")
    assert client.await_words(b"* OK"), client.told
    for number in range(5):
        # A capital K asks the server to change its keys as well (RFC 8446 4.6.3).
        client.say("K" if number % 2 else "k")
        assert client.await_words(b"KEYUPDATE"), client.told
        client.told = b""
        client.say(f"a{number} NOOP")
        assert client.await_words(f"a{number} OK".encode()), client.told


def test_a_session_is_not_begun_anew_inside_itself(speak, server):
    client = speak("-tls1_2")
    assert client.await_words(b"* OK"), client.told
    client.told = b""
    client.say("R")
    assert client.await_words(b"RENEGOTIATING"), client.told
    client.say("a NOOP")
    # OpenSSL waits for a second handshake, or gives up; it does not get one.
    assert not client.await_words(b"Verify return code", seconds=2), client.told
    with socket.create_connection(("127.0.0.1", server.port("imaps")), SECONDS) as raw:
        context = ssl.create_default_context(cafile=server.ca)
        with context.wrap_socket(raw, server_hostname="localhost") as other:
            assert other.recv(4) == b"* OK"
