"""Attacks on the IMAP door (rows 1, 3, 4, 17, 18, 20, 22, 27, 29, 36 of the list of attack classes)."""

import socket
import ssl
import time

import pytest

from blackbox import imap, mail

GROWTH_BYTES_MAX = 64 << 20


def raw(server, door="imap"):
    """A connection before login: TLS on the implicit port, clear text on the other."""
    tls = server.tls() if door == "imaps" else None
    return imap.Imap("localhost", server.port(door), tls, timeout=20)


def until_closed(session, seconds=10):
    """Everything the server still says; fails when it keeps the connection open."""
    session.socket.settimeout(seconds)
    said = session.buffer
    try:
        while data := session.socket.recv(65536):
            said += data
    except (ConnectionError, ssl.SSLError):
        pass
    return said


def alive(server):
    """The server still serves somebody else."""
    session = imap.connect(server, server.alice)
    session.ok("NOOP")
    session.logout()
    assert server.process.poll() is None


def test_starttls_injection(server):
    """A command sent in the clear behind STARTTLS is never answered inside TLS (RFC 9051 6.2.1)."""
    session = raw(server)
    session.send(b"a STARTTLS\r\nb NOOP\r\n")
    line = session.line()
    if line.startswith(b"a OK"):
        wrapped = server.tls().wrap_socket(session.socket, server_hostname="localhost")
        wrapped.sendall(b"c NOOP\r\n")
        said = wrapped.recv(4096)
        assert b"b " not in said, said
    else:
        assert line.startswith((b"a BAD", b"* BYE")), line
    alive(server)


def test_no_password_in_the_clear(server):
    """LOGINDISABLED, no AUTH=PLAIN, and LOGIN and AUTHENTICATE are refused before TLS."""
    session, logged = raw(server), len(server.log())
    capabilities = b" ".join(session.ok("CAPABILITY")) + session.greeting
    assert b"LOGINDISABLED" in capabilities and b"STARTTLS" in capabilities
    assert b"AUTH=PLAIN" not in capabilities and b"AUTH=LOGIN" not in capabilities
    user, password = server.alice
    status, _ = session.do(f'LOGIN "{user}" "{password}"')
    assert status.startswith(b"NO"), status
    status, _ = session.do("AUTHENTICATE PLAIN AAAA")
    assert status.startswith((b"NO", b"BAD")), status
    assert password not in server.log()[logged:]


def test_http_to_imap(server):
    """ALPACA: a browser's POST gets nothing of its own back and soon nothing at all."""
    session = raw(server, "imaps")
    session.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 60\r\n\r\n"
                 b"<script>alert(1)</script>\r\nx: y\r\nz: q\r\nw: v\r\n")
    said = until_closed(session)
    assert b"script" not in said and b"POST" not in said, said


@pytest.mark.parametrize("literal", ["{4294967295}", "{4294967295+}", "{18446744073709551616+}", "{99999999999999999999999}"])
def test_literal_bomb_before_login(server, literal):
    """Refused before it is read."""
    session = raw(server, "imaps")
    session.send(f"a LOGIN {literal}\r\n")
    line = session.line()
    assert not line.startswith(b"+") and line.startswith((b"a BAD", b"a NO", b"* BYE")), line
    alive(server)


def test_literals_without_end(server):
    """A hundred connections with never-ending literals cost bounded memory."""
    before, sessions = server.resident_bytes(), []
    for _ in range(100):
        session = raw(server, "imaps")
        session.send(b"a LOGIN {100000+}\r\n" + b"x" * 60_000)
        sessions.append(session)
    time.sleep(1)
    assert server.resident_bytes() - before < GROWTH_BYTES_MAX
    for session in sessions:
        session.close()
    alive(server)


def test_too_large_append(server):
    """A tagged NO before the `+` (TOOBIG), and the session goes on."""
    session = imap.connect(server, server.alice)
    tag = session.start("APPEND INBOX {99999999999}")
    assert session.finish(tag)[0].startswith((b"NO", b"BAD"))
    session.ok("NOOP")
    session.logout()


@pytest.mark.parametrize("command", ["NOOP ", "FETCH 1 ", "SEARCH ", "STATUS INBOX "])
@pytest.mark.parametrize("logged_in", [False, True])
def test_nesting(server, command, logged_in):
    """Ten thousand parentheses are BAD or end the session, at once."""
    session = imap.connect(server, server.alice) if logged_in else raw(server, "imaps")
    if logged_in:
        session.select("INBOX")
    start = time.monotonic()
    session.send(b"a " + command.encode() + b"(" * 10_000 + b"\r\n")
    said = session.line()
    assert said.startswith((b"a BAD", b"* BYE", b"a NO")), said
    assert time.monotonic() - start < 2
    alive(server)


def test_line_without_end(server):
    """10 MB without a line ending are not kept."""
    session = raw(server, "imaps")
    before = server.resident_bytes()
    try:
        for _ in range(160):
            session.send(b"a" * 65536)
    except OSError:
        pass
    assert server.resident_bytes() - before < GROWTH_BYTES_MAX
    alive(server)


def test_list_pattern_bomb(server):
    """Stars do not multiply (linear matching)."""
    session = imap.connect(server, server.alice)
    session.attempted = session.do("CREATE " + "a" * 200)
    start = time.monotonic()
    session.do('LIST "" "' + "*a" * 200 + 'b"')
    assert time.monotonic() - start < 1
    session.logout()


def test_set_bombs(server):
    """Ranges over four thousand million messages are intervals, not lists."""
    session = imap.connect(server, server.alice)
    session.append("INBOX", mail.message(1))
    session.select("INBOX")
    before, start = server.resident_bytes(), time.monotonic()
    for command in ("UID FETCH 1:4294967295 (UID)", "UID SEARCH UID 1:4294967295,1:*,*:1",
                    "UID STORE 4000000000:4294967295 +FLAGS.SILENT (x)", "UID COPY 4000000000:4294967295 INBOX",
                    "UID FETCH " + ",".join(["1:*"] * 2000) + " (UID)"):
        session.do(command)
    assert time.monotonic() - start < 3
    assert server.resident_bytes() - before < GROWTH_BYTES_MAX
    session.ok("NOOP")
    session.logout()


@pytest.mark.parametrize("octets", [b"\x00", b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"&AMk", b"&&&-", b"\x7f", b"\x1b[2J"])
def test_odd_octets_in_arguments(server, octets):
    """Every kind of wrong octet is BAD or NO, or taken whole; never the end of the server."""
    for template in (b'CREATE "%s"', b"CREATE {%d}\r\n%s", b'SEARCH SUBJECT "%s"', b'STATUS "%s" (MESSAGES)', b'LIST "" "%s"'):
        session = imap.connect(server, server.alice)
        session.select("INBOX")
        text = template % ((len(octets), octets) if b"%d" in template else (octets,))
        head, _, rest = text.partition(b"\r\n")
        tag = session.start(head)
        if rest:
            line = session.line()
            if not line.startswith(b"+"):
                continue
            session.send(rest + b"\r\n")
        try:
            status, _ = session.finish(tag)
            assert status.startswith((b"OK", b"NO", b"BAD")), status
        except imap.ImapError:
            pass
        session.close()
    alive(server)


def test_mailbox_names_are_not_paths(server):
    """`../` is a name like another, or refused; it reaches nothing."""
    session = imap.connect(server, server.alice)
    for name in ("../../etc/passwd", "..", ".", "/etc/passwd", "INBOX/../../bob@example.org/INBOX", "a//b", "/"):
        assert not session.do(f'SELECT "{name}"')[0].startswith(b"OK"), name
    session.logout()


def test_bob_sees_nothing_of_alice(server):
    """Names of her mailboxes answer as if they did not exist."""
    alice, bob = (imap.connect(server, account) for account in (server.alice, server.bob))
    alice.ok('CREATE "Very secret"')
    listed = b" ".join(bob.ok('LIST "" "*"'))
    assert b"secret" not in listed
    real, _ = bob.do('SELECT "Very secret"')
    absent, _ = bob.do('SELECT "Does not exist"')
    assert real.replace(b"Very secret", b"") == absent.replace(b"Does not exist", b"")
    for prefix in ("alice@example.org", "user/alice@example.org", "~alice", "#user/alice@example.org"):
        assert not bob.do(f'SELECT "{prefix}/Very secret"')[0].startswith(b"OK")
    alice.logout()
    bob.logout()


def test_accounts_cannot_be_guessed(server):
    """Wrong password and unknown account read the same, to the octet."""
    told = set()
    for user in (server.alice[0], "nobody@example.org", "x@elsewhere.example", "alice", ""):
        session = raw(server, "imaps")
        told.add(session.do(f'LOGIN "{user}" "wrong"')[0])
        session.close()
    assert len(told) == 1, told


def test_foreign_authzid_refused(server):
    """SASL PLAIN as bob with alice's password (RFC 4616)."""
    import base64
    user, password = server.alice
    token = base64.b64encode(f"{server.bob[0]}\0{user}\0{password}".encode()).decode()
    session = raw(server, "imaps")
    status, _ = session.do(f"AUTHENTICATE PLAIN {token}")
    assert status.startswith(b"NO"), status
    session = raw(server, "imaps")
    token = base64.b64encode(f"{user}\0{user}\0{password}".encode()).decode()
    assert session.do(f"AUTHENTICATE PLAIN {token}")[0].startswith(b"OK")


@pytest.mark.timeout(120)
def test_slow_client_is_cut_off(server):
    """Nothing but the greeting's connection: an unauthenticated client ends within a minute, others do not wait."""
    slow = raw(server)
    start = time.monotonic()
    slow.socket.settimeout(1)
    ended = False
    while time.monotonic() - start < 75 and not ended:
        try:
            slow.send(b"a")
            ended = slow.socket.recv(4096) == b""
        except socket.timeout:
            pass
        except OSError:
            ended = True
    assert ended, "a client of one byte a second is served for more than 75 s before login"


def test_malformed_logins_hurt_nobody(server):
    """300 broken AUTHENTICATE exchanges while good clients log in: none of the good fails."""
    import threading
    failures = []

    def good():
        try:
            for _ in range(10):
                imap.connect(server, server.alice).logout()
        except Exception as error:  # noqa: BLE001 - any is a failure of the test
            failures.append(error)

    threads = [threading.Thread(target=good) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(300):
        session = raw(server, "imaps")
        session.send([b"a AUTHENTICATE PLAIN\r\n====\r\n", b"a AUTHENTICATE PLAIN =\r\n", b"a AUTHENTICATE X\r\n",
                      b"a AUTHENTICATE PLAIN " + b"A" * 5000 + b"\r\n"][number % 4])
        session.close()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
