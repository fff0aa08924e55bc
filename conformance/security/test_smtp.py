"""Attacks on the submission door (rows 1, 3, 8, 10, 11, 13, 16, 29, 36 of the list of attack classes)."""

import base64
import time

import pytest

from blackbox import imap, mail, smtp

ENDS = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\n.\r", b"\r\n\0.\r\n", b"\r\r\n.\r\r\n",
        b"\n\n.\n\n", b"\r\n.\r\r\n", b"\r\n.\0\r\n"]


def raw(server, door="submissions"):
    return smtp.Smtp(server.port(door), server.tls() if door == "submissions" else None)


def count(server, account):
    session = imap.connect(server, account)
    exists = session.select("INBOX")["exists"]
    session.logout()
    return exists


def test_starttls_injection(server):
    """Commands in the clear behind STARTTLS are thrown away or end the session (RFC 3207 5)."""
    session = raw(server, "submission")
    session.ehlo()
    session.send(b"STARTTLS\r\nNOOP\r\nNOOP\r\n")
    code, _ = session.reply()
    if code == 220:
        session.upgrade(server.tls())
        session.send("RSET\r\n")
        session.reply()
        session.socket.settimeout(1)
        with pytest.raises((TimeoutError, OSError, ConnectionError)):
            raise ConnectionError(session.line()) if session.buffer else session.socket.recv(1) or ConnectionError()
    else:
        assert code // 100 == 5


def test_capabilities_are_asked_again(server):
    """EHLO after STARTTLS offers AUTH, before it does not; a password in the clear is refused."""
    session = raw(server, "submission")
    keywords = session.ehlo()
    assert "STARTTLS" in keywords and "AUTH" not in keywords
    token = base64.b64encode(b"\0".join([b"", *(part.encode() for part in server.alice)])).decode()
    assert session.do(f"AUTH PLAIN {token}")[0] in (502, 503, 530, 534, 538)
    assert session.do("MAIL FROM:<alice@example.org>")[0] == 530
    session.do("STARTTLS")
    session.upgrade(server.tls())
    keywords = session.ehlo()
    assert "PLAIN" in keywords["AUTH"] and "STARTTLS" not in keywords


@pytest.mark.parametrize("end", ENDS, ids=[repr(end) for end in ENDS])
def test_smuggling(server, end):
    """Only CRLF.CRLF ends the data: the second message inside never becomes one."""
    before = count(server, server.bob)
    session = smtp.connect(server, server.alice)
    session.do(f"MAIL FROM:<{server.alice[0]}>")
    session.do(f"RCPT TO:<{server.bob[0]}>")
    assert session.do("DATA")[0] == 354
    inner = (f"MAIL FROM:<{server.alice[0]}>\r\nRCPT TO:<{server.bob[0]}>\r\nDATA\r\n"
             "From: <alice@example.org>\r\nSubject: smuggled\r\n\r\nsmuggled").encode()
    session.send(b"From: <alice@example.org>\r\nSubject: outer\r\n\r\nouter" + end + inner + b"\r\n.\r\n")
    replies = []
    session.socket.settimeout(5)
    try:
        replies.append(session.reply()[0])
        session.send("NOOP\r\n")
        replies.append(session.reply()[0])
    except (OSError, ConnectionError):
        pass
    assert replies[0] // 100 in (2, 5), replies
    assert replies[1:] in ([], [250]), f"more than one reply to one message: {replies}"
    time.sleep(0.3)
    assert count(server, server.bob) - before <= 1


def test_commands_behind_data_are_not_smuggled_by_pipelining(server):
    """A pipelined transaction behind the real end is legal and is a second message (RFC 2920)."""
    before = count(server, server.bob)
    session = smtp.connect(server, server.alice)
    for text in (f"MAIL FROM:<{server.alice[0]}>", f"RCPT TO:<{server.bob[0]}>"):
        assert session.do(text)[0] == 250
    assert session.do("DATA")[0] == 354
    message = mail.message(1, 500)
    session.send(message + b".\r\nMAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n")
    assert [session.reply()[0] for _ in range(4)] == [250, 250, 250, 354]
    session.send(message + b".\r\n")
    assert session.reply()[0] == 250
    deadline = time.monotonic() + 5
    while count(server, server.bob) < before + 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert count(server, server.bob) == before + 2


ADDRESSES = ['""@x', "@", "<>", "a b@x", "a@[127.0.0.1", "a@x,b@y", "$(id)@x", "a;id@x", "a|b@x", "`id`@x", "a@x\\", "a" * 5000 + "@x",
             "a@" + "x" * 300, "..@x", ".a@x", "a.@x", "a@-x", "a@x..y", "é@é\udcff", '"\\', "a@b@c", "@a:b@c", "a%b@c", "../../x@y", "\t@x",
             "a@x> SIZE=1", "a@x><b@y"]


@pytest.mark.parametrize("address", ADDRESSES, ids=range(len(ADDRESSES)))
def test_address_grammar(server, address):
    """No address breaks anything: 2xx or a clean 5xx, and the session goes on or is closed in order."""
    for verb in ("MAIL FROM", "RCPT TO"):
        session = smtp.connect(server, server.alice)
        if verb == "RCPT TO":
            session.do(f"MAIL FROM:<{server.alice[0]}>")
        code, text = session.do(f"{verb}:<{address}>".encode(errors="surrogateescape"))
        assert code // 100 in (2, 5), (address, code, text)
        if verb == "MAIL FROM":
            assert code // 100 == 5, f"{address} is not an address of alice"
        assert session.do("NOOP")[0] in (250, 421)
        session.close()
    assert server.process.poll() is None


FORGERIES = ["From: <bob@example.org>", "From: <alice@example.org>\r\nFrom: <bob@example.org>", "From: =?utf-8?q?x?= <bob@example.org>",
             "From: <alice@example.org>, <bob@example.org>", "From: Group: <bob@example.org>;",
             "From: <alice@example.org>\r\nSender: <bob@example.org>", "FROM : <bob@example.org>",
             'From: "alice@example.org" <bob@example.org>', "From: alice@example.org (x) <bob@example.org>",
             "From:\r\n <bob@example.org>", "From: <@alice@example.org:bob@example.org>", "X: y"]


@pytest.mark.parametrize("header", FORGERIES, ids=range(len(FORGERIES)))
def test_foreign_senders_in_headers(server, header):
    """From and Sender must be alice's own, in whatever form they come; without From she is not named by others."""
    session = smtp.connect(server, server.alice)
    message = f"{header}\r\nTo: <bob@example.org>\r\nSubject: forged\r\n\r\nx\r\n".encode()
    code, text = session.submit(server.alice[0], [server.bob[0]], message)
    if header == "X: y":
        assert code // 100 in (2, 5)
    else:
        assert code // 100 == 5, (header, code, text)


def test_null_sender_is_not_for_clients_to_forge_with(server):
    """MAIL FROM:<> with another's From is refused as well."""
    session = smtp.connect(server, server.alice)
    code, _ = session.submit("", [server.bob[0]], b"From: <bob@example.org>\r\n\r\nx\r\n")
    assert code // 100 == 5


def test_order_of_commands(server):
    """Every command out of its place is 503 or another 5xx, never accepted."""
    session = raw(server)
    for command in ("MAIL FROM:<alice@example.org>", "RCPT TO:<bob@example.org>", "DATA"):
        assert session.do(command)[0] // 100 == 5, command
    session = smtp.connect(server, server.alice)
    for command in ("RCPT TO:<bob@example.org>", "DATA", "AUTH PLAIN AAAA"):
        assert session.do(command)[0] // 100 == 5, command
    session.do(f"MAIL FROM:<{server.alice[0]}>")
    assert session.do("DATA")[0] // 100 == 5
    assert session.do(f"MAIL FROM:<{server.alice[0]}>")[0] == 503
    session.do("RSET")
    assert session.do(f"RCPT TO:<{server.bob[0]}>")[0] == 503


def test_accounts_cannot_be_guessed(server):
    """The same 535 for a wrong password and for nobody."""
    told = set()
    for user in (server.alice[0], "nobody@example.org", "x"):
        session = raw(server)
        session.ehlo()
        token = base64.b64encode(f"\0{user}\0wrong".encode()).decode()
        told.add(session.do(f"AUTH PLAIN {token}"))
    assert len(told) == 1 and next(iter(told))[0] == 535, told
    session = smtp.connect(server, server.alice)
    assert session.do("VRFY bob")[0] in (252, 502)
    assert session.do("EXPN staff")[0] in (252, 502, 550)


def test_foreign_authzid_refused(server):
    user, password = server.alice
    session = raw(server)
    session.ehlo()
    token = base64.b64encode(f"{server.bob[0]}\0{user}\0{password}".encode()).decode()
    assert session.do(f"AUTH PLAIN {token}")[0] == 535


def test_long_lines(server):
    """A command of 1 MB is refused without being kept."""
    session = smtp.connect(server, server.alice)
    before = server.resident_bytes()
    try:
        session.send(b"NOOP " + b"x" * (1 << 20) + b"\r\n")
        assert session.reply()[0] // 100 in (4, 5)
    except (OSError, ConnectionError):
        pass
    assert server.resident_bytes() - before < 16 << 20


def test_loop_is_ended(server):
    """A message with a hundred Received fields is refused (RFC 5321 6.3)."""
    session = smtp.connect(server, server.alice)
    message = b"Received: from a by b; Mon, 05 Jan 2026 10:00:00 +0000\r\n" * 120 + mail.message(1, 500)
    assert session.submit(server.alice[0], [server.bob[0]], message)[0] // 100 == 5


def test_announced_size_is_refused_at_once(server):
    """MAIL FROM with a SIZE beyond the limit: 552 before any octet (RFC 1870 6.1)."""
    session = smtp.connect(server, server.alice)
    assert session.do(f"MAIL FROM:<{server.alice[0]}> SIZE=99999999999")[0] == 552


def test_http_to_smtp(server):
    """A browser's POST is answered by errors without its own words and soon cut off."""
    session = raw(server)
    session.send(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n<script>alert(1)</script>\r\nQUIT\r\n")
    said = ""
    try:
        while True:
            said += session.line()
    except (OSError, ConnectionError):
        pass
    assert "script" not in said, said
