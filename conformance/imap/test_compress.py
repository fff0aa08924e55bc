"""COMPRESS=DEFLATE (RFC 4978): commands, bodies and IDLE inside DEFLATE, partial flushes, and bombs."""

import time
import zlib

import pytest

from blackbox import imap


class Deflated:
    """A socket whose octets are deflated."""

    def __init__(self, socket):
        self.socket = socket
        self.deflate, self.inflate = zlib.compressobj(wbits=-15), zlib.decompressobj(wbits=-15)

    def sendall(self, data):
        # Z_PARTIAL_FLUSH, as iOS does it.
        self.socket.sendall(self.deflate.compress(data) + self.deflate.flush(zlib.Z_PARTIAL_FLUSH))

    def recv(self, count):
        while True:
            waiting = self.inflate.unconsumed_tail or self.socket.recv(65536)
            if not waiting:
                return b""
            data = self.inflate.decompress(waiting, count)
            if data:
                return data

    def __getattr__(self, name):
        return getattr(self.socket, name)


def connect(server):
    session = imap.Imap("localhost", server.port("imaps"), server.tls(), timeout=20).login(server.alice)
    session.send("z COMPRESS DEFLATE\r\n")
    assert session.line().startswith(b"z OK")
    session.socket = Deflated(session.socket)
    return session


def ask(session, command):
    tag = command.split(" ")[0].encode()
    session.send(command + "\r\n")
    lines = []
    while not lines or not lines[-1].startswith(tag + b" "):
        lines.append(session.line())
    return lines


def test_everything_goes_through_it(server):
    session = connect(server)
    message = "Subject: x\r\n\r\n" + "all work and no play\r\n" * 20_000
    assert b"OK" in ask(session, f"a APPEND INBOX {{{len(message)}+}}\r\n{message}")[-1]
    ask(session, "b SELECT INBOX")
    fetched = ask(session, "c FETCH 1 BODY.PEEK[]")[0]
    assert message.encode() in fetched
    assert ask(session, "d COMPRESS DEFLATE")[-1].startswith(b"d NO [COMPRESSIONACTIVE]")
    session.send("e IDLE\r\n")
    assert session.line().startswith(b"+")
    other = imap.Imap("localhost", server.port("imaps"), server.tls(), timeout=20).login(server.alice)
    ask(other, "a APPEND INBOX {8+}\r\na: b\r\n\r\n")
    assert session.line().endswith(b"EXISTS")
    session.send("DONE\r\nf NOOP\r\n")
    lines = []
    while not (lines and lines[-1].startswith(b"f ")):
        lines.append(session.line())
    assert any(line.startswith(b"e OK") for line in lines)


def test_a_bomb_meets_the_limits_of_what_it_inflates_to(server):
    before = server.resident_bytes()
    session = connect(server)
    # A line of 256 MB in 256 KB: the line limit ends it long before.
    bomb = session.socket.deflate.compress(b"a " + b"x" * (256 << 20)) + session.socket.deflate.flush()
    assert len(bomb) < 1 << 20
    began = time.monotonic()
    with pytest.raises((imap.ImapError, ConnectionError, OSError, zlib.error)):
        session.socket.socket.sendall(bomb)
        while True:
            line = session.line()
            assert line.startswith(b"* BYE"), line
    assert time.monotonic() - began < 10
    assert server.resident_bytes() - before < 64 << 20
    assert ask(connect(server), "a NOOP")[-1].startswith(b"a OK")


def test_what_is_no_deflate_ends_the_session(server):
    session = connect(server)
    raw = session.socket.socket
    raw.sendall(b"\xff\xff\xff a NOOP\r\n")
    try:
        while raw.recv(4096):
            pass
    except (ConnectionError, OSError) as error:
        assert not isinstance(error, TimeoutError), "the session goes on"


def test_it_ends_with_the_login(server):
    """RFC 8437 4.1: behind UNAUTHENTICATE and its OK both directions are as they were before COMPRESS."""
    session = connect(server)
    deflated, bare = session.socket, session.socket.socket
    user, password = server.alice
    # The client ends its own stream; what it sends behind that in one piece is plain already.
    ending = deflated.deflate.compress(b"a UNAUTHENTICATE\r\n") + deflated.deflate.flush(zlib.Z_FINISH)
    bare.sendall(ending + b"b NOOP\r\n")
    heard = b""
    while not (deflated.inflate.eof and b"\r\n" in deflated.inflate.unused_data):
        heard += deflated.inflate.decompress(bare.recv(65536))
    assert heard.startswith(b"a OK") and heard.count(b"\r\n") == 1
    assert deflated.inflate.unused_data.startswith(b"b OK")
    session.socket, session.buffer = bare, b""
    assert ask(session, f"c LOGIN {user} {password}")[-1].startswith(b"c OK")
    assert ask(session, "d COMPRESS DEFLATE")[-1].startswith(b"d OK")
    session.socket = Deflated(bare)
    assert ask(session, "e SELECT INBOX")[-1].startswith(b"e OK")


def test_what_comes_deflated_behind_its_end_is_nobodys(server):
    session = connect(server)
    session.send("a UNAUTHENTICATE\r\nb NOOP\r\n")
    assert session.line() == b"* BYE DEFLATE ends with UNAUTHENTICATE"
