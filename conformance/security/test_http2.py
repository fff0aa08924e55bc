"""Floods of HTTP/2 frames (row 6 of the list of attack classes): memory stays, others are served as before."""

import base64
import socket
import struct
import threading
import time

import hpack
import pytest

from blackbox import dav

ATTACK_SECONDS = 3
GROWTH_BYTES_MAX = 32 << 20
DATA, HEADERS, RST_STREAM, SETTINGS, PING, CONTINUATION = 0, 1, 3, 4, 6, 9
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


class Attacker:
    """A connection that speaks frames and never listens."""

    def __init__(self, server, settings=b""):
        context = server.tls()
        context.set_alpn_protocols(["h2"])
        raw = socket.create_connection(("127.0.0.1", server.port("webdav")))
        self.socket = context.wrap_socket(raw, server_hostname="localhost")
        assert self.socket.selected_alpn_protocol() == "h2"
        self.socket.settimeout(5)
        login = base64.b64encode(":".join(server.alice).encode()).decode()
        self.request = [(":method", "PROPFIND"), (":scheme", "https"), (":authority", "localhost"),
                        (":path", dav.files(server.alice[0])), ("depth", "1"), ("authorization", f"Basic {login}")]
        self.socket.sendall(PREFACE + frame(SETTINGS, 0, 0, settings))

    def block(self):
        return hpack.Encoder().encode(self.request)

    def send(self, *frames):
        self.socket.sendall(b"".join(frames))


def resets(attacker):
    block, cancel = attacker.block(), struct.pack(">I", 8)
    for first in range(1, 1 << 30, 100):
        yield b"".join(frame(HEADERS, 5, first + n, block) + frame(RST_STREAM, 0, first + n, cancel)
                       for n in range(0, 100, 2))


def continuations(attacker):
    yield frame(HEADERS, 1, 1, attacker.block()[:10])
    while True:
        yield frame(CONTINUATION, 0, 1, b"\x00\x01a\x01b" * 2000) * 5


def empty_data(attacker):
    put = [(":method", "PUT"), *attacker.request[1:3], (":path", attacker.request[3][1] + "flood"), *attacker.request[4:]]
    yield frame(HEADERS, 4, 1, hpack.Encoder().encode(put))
    while True:
        yield frame(DATA, 0, 1) * 1000


def pings(_):
    while True:
        yield frame(PING, 0, 0, b"12345678") * 500


def settings(_):
    while True:
        yield frame(SETTINGS, 0, 0) * 500


def header_bombs(attacker):
    """One long field in the dynamic table, named ten thousand times by an octet each."""
    bomb = hpack.Encoder().encode([*attacker.request, ("x", "y" * 4000)]) + b"\xbe" * 10000
    for stream in range(1, 1 << 30, 2):
        yield frame(HEADERS, 5, stream, bomb[:16384])


@pytest.mark.parametrize("flood", [resets, continuations, empty_data, pings, settings, header_bombs],
                         ids=lambda flood: flood.__name__)
def test_floods(server, flood):
    """Three seconds of it, connecting again whenever the server hangs up."""
    honest = dav.connect(server, server.bob)
    for account in (server.alice, server.bob):  # the first login hashes, which takes memory of its own
        assert dav.connect(server, account).do("PROPFIND", dav.files(account[0]), depth=0).status == 207
    times, failures, done = [], [], threading.Event()

    def serve():
        while not done.is_set():
            start = time.monotonic()
            if honest.do("PROPFIND", dav.files(server.bob[0]), depth=0).status != 207:
                failures.append(time.monotonic())
            times.append(time.monotonic() - start)
            time.sleep(0.02)

    before, peak = server.resident_bytes(), 0
    other = threading.Thread(target=serve)
    other.start()
    end = time.monotonic() + ATTACK_SECONDS
    try:
        while time.monotonic() < end:
            attacker = Attacker(server)
            try:
                for octets in flood(attacker):
                    attacker.send(octets)
                    peak = max(peak, server.resident_bytes())
                    if time.monotonic() > end:
                        break
            except OSError:
                pass
            attacker.socket.close()
    finally:
        done.set()
        other.join()
    assert not failures and len(times) > 10
    assert sorted(times)[len(times) * 99 // 100 - 1] < 1
    assert peak - before < GROWTH_BYTES_MAX


def test_peer_that_takes_nothing(server):
    """64 listings asked for, with no room to send them: they wait in little memory."""
    alice = dav.connect(server, server.alice)
    folder = dav.files(server.alice[0], "listed/")
    alice.do("MKCOL", folder)
    for number in range(1000):
        alice.put(f"{folder}{number:04}", b"x")
    before = server.resident_bytes()
    attacker = Attacker(server, settings=struct.pack(">HI", 4, 0))
    attacker.request[3] = (":path", folder)
    for stream in range(1, 129, 2):
        attacker.send(frame(HEADERS, 5, stream, attacker.block()))
    time.sleep(2)
    assert server.resident_bytes() - before < GROWTH_BYTES_MAX
    assert alice.do("PROPFIND", folder, depth=0).status == 207
    attacker.socket.close()


def test_a_refused_upload_is_answered(server):
    """The answer waits for what the client still sends: a stream that is reset meanwhile costs curl its 412."""
    attacker = Attacker(server)
    put = [(":method", "PUT"), *attacker.request[1:3], (":path", attacker.request[3][1] + "none"),
           ("authorization", attacker.request[5][1]), ("if-match", '"x"')]
    attacker.send(frame(SETTINGS, 1, 0), frame(HEADERS, 4, 1, hpack.Encoder().encode(put)))
    time.sleep(0.3)
    attacker.send(frame(DATA, 0, 1, b"x" * 1000))
    time.sleep(0.3)
    attacker.send(frame(DATA, 1, 1, b"x" * 1000))
    decoder, octets = hpack.Decoder(), b""
    while True:
        while len(octets) < 9 or len(octets) < 9 + int.from_bytes(octets[:3], "big"):
            more = attacker.socket.recv(65536)
            assert more
            octets += more
        size, kind, stream = int.from_bytes(octets[:3], "big"), octets[3], int.from_bytes(octets[5:9], "big")
        payload, octets = octets[9:9 + size], octets[9 + size:]
        assert (kind, stream) != (RST_STREAM, 1)
        if (kind, stream) == (HEADERS, 1):
            assert dict(decoder.decode(payload))[":status"] == "412"
            break
    attacker.socket.close()
