"""Abuse of the IMAP door: floods, bombs and hostile messages (rows 5, 14, 17, 18, 20, 21, 22, 24 to 28, 30 and 32 of the
list of attack classes)."""

import os
import re
import socket
import subprocess
import threading
import time

import pytest

from blackbox import imap, mail, server as servers

GROWTH_BYTES_MAX = 64 << 20


def raw(server, door="imap"):
    """A connection before login: TLS on the implicit port, clear text on the other."""
    tls = server.tls() if door == "imaps" else None
    return imap.Imap("localhost", server.port(door), tls, timeout=30)


def alive(server):
    """The server still serves somebody else."""
    session = imap.connect(server, server.alice)
    session.ok("NOOP")
    session.logout()
    assert server.process.poll() is None and "panicked" not in server.log()


def timed(session, command):
    """Seconds that a command takes."""
    start = time.monotonic()
    session.ok(command)
    return time.monotonic() - start


# -- floods -----------------------------------------------------------------------------------------------------
def test_a_thousand_malformed_logins_a_second(server):
    """Row 14: beside them 20 good logins a second, none of which fails; row 30: nobody else waits long."""
    user, password = server.alice
    done = subprocess.run(
        [os.environ.get("FLOOD") or servers.built("flood"), "--port", str(server.port("imaps")), "--ca", server.ca,
         "--user", user, "--password", password, "--seconds", "8"], capture_output=True, text=True, timeout=120)
    print(done.stdout, done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    alive(server)


def test_half_handshakes(server):
    """Row 5: a thousand TLS handshakes that never end: others log in at once, and the half ones are ended in time."""
    before, held = server.resident_bytes(), []
    for number in range(1000):
        one = socket.create_connection(("localhost", server.port("imaps")), 10)
        # A record that promises more than it holds.
        one.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[:number % 11 + 1])
        held.append(one)
    start = time.monotonic()
    alive(server)
    assert time.monotonic() - start < 5
    assert server.resident_bytes() - before < GROWTH_BYTES_MAX
    held[0].settimeout(45)
    assert held[0].recv(100)[:1] in (b"", b"\x15"), "half a handshake is served for ever"
    for one in held:
        one.close()


def test_alpn_of_a_browser_or_nonsense(server):
    """Row 4: what says it is HTTP inside TLS gets no word of HTTP."""
    context = server.tls(alpn=["h2", "http/1.1"])
    try:
        with socket.create_connection(("localhost", server.port("imaps")), 10) as plain:
            wrapped = context.wrap_socket(plain, server_hostname="localhost")
            assert wrapped.selected_alpn_protocol() is None
            wrapped.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            said = b""
            while chunk := wrapped.recv(4096):
                said += chunk
            assert b"HTTP" not in said and b"GET" not in said
    except OSError:
        pass
    alive(server)


# -- memory -----------------------------------------------------------------------------------------------------
def test_literals_without_end_on_a_thousand_connections(server):
    """Row 17: what is promised and does not come costs next to nothing."""
    before, held = server.resident_bytes(), []
    for number in range(1000):
        one = socket.create_connection(("localhost", server.port("imap")), 10)
        one.sendall(b"a LOGIN {8000+}\r\n" + b"x" * 7000 if number % 2 else b"a LOGIN {4294967295+}\r\n" + b"x" * 7000)
        held.append(one)
    time.sleep(1)
    assert server.resident_bytes() - before < GROWTH_BYTES_MAX
    for one in held:
        one.close()
    alive(server)


def test_ten_thousand_literals(server):
    """Row 17: in one command, before and after login."""
    for logged_in in (False, True):
        session = imap.connect(server, server.alice) if logged_in else raw(server)
        before = server.resident_bytes()
        try:
            session.send(b"a SEARCH " + b"".join(b"SUBJECT {4+}\r\nabcd " for _ in range(10_000)) + b"ALL\r\n")
            line = session.line()
            assert line.startswith((b"a BAD", b"a NO", b"* BYE")), line
        except (imap.ImapError, OSError):
            pass
        assert server.resident_bytes() - before < GROWTH_BYTES_MAX
        session.close()
    alive(server)


@pytest.mark.parametrize("logged_in", [False, True])
def test_ten_megabytes_of_parentheses(server, logged_in):
    """Row 18."""
    session = imap.connect(server, server.alice) if logged_in else raw(server)
    before, start = server.resident_bytes(), time.monotonic()
    try:
        for _ in range(160):
            session.send((b"a NOOP " if _ == 0 else b"") + b"(" * 65536)
        session.send(b"\r\n")
        line = session.line()
        assert line.startswith((b"a BAD", b"* BYE")), line
    except (imap.ImapError, OSError):
        pass
    assert time.monotonic() - start < 5 and server.resident_bytes() - before < GROWTH_BYTES_MAX
    alive(server)


# -- work -------------------------------------------------------------------------------------------------------
def test_patterns_over_many_mailboxes(server):
    """Row 20: stars do not multiply, not with the number of mailboxes either."""
    server.add_account("many@example.org", "many-mailboxes-1")
    session = imap.connect(server, ("many@example.org", "many-mailboxes-1"))
    names = ["a" * 60 + str(number) for number in range(1_500)]
    tags = [session.start(f'CREATE "{name}"') for name in names]
    for tag in tags:
        assert session.finish(tag)[0].startswith(b"OK")
    for pattern in ("*a" * 200 + "b", "%a" * 200 + "b", "*" * 500 + "b", "*%" * 250 + "b"):
        assert timed(session, f'LIST "" "{pattern}"') < 2, pattern[:10]
    assert timed(session, f'LIST "" ({" ".join(["*a*a*a*b"] * 60)}) RETURN (SUBSCRIBED CHILDREN)') < 3
    session.logout()


def grown(small, large, factor):
    """That so much more input takes about so much more time."""
    assert large < max(small, 0.05) * factor * 4, f"{small:.3f} s and then {large:.3f} s for {factor} times as much"


def test_time_grows_as_the_input(server):
    """Row 21: header fields, parameters, keywords, search keys: no collisions, nothing quadratic."""
    session = imap.connect(server, server.alice)

    def append(octets):
        start = time.monotonic()
        session.append("Trash", octets)
        return time.monotonic() - start
    fields = [b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(count)) + b"\r\nx\r\n" for count in (5_000, 50_000)]
    parameters = [b"Content-Type: text/plain" + b"".join(b"; p%d=v" % n for n in range(count)) + b"\r\n\r\nx\r\n"
                  for count in (5_000, 50_000)]
    for kind in (fields, parameters):
        grown(*(append(octets) for octets in kind), 10)
    session.select("INBOX")
    _, uid = session.append("INBOX", mail.message(3))
    for count in (50, 500, 5_000):
        words = " ".join(f"keyword{number}" for number in range(count))
        start = time.monotonic()
        status, _ = session.do(f"UID STORE {uid} +FLAGS.SILENT ({words})")
        assert time.monotonic() - start < 3 and status.startswith((b"OK", b"NO", b"BAD")), status
    assert timed(session, "SEARCH " + "NOT " * 14 + "ALL") < 2
    session.ok("NOOP")
    session.logout()


def test_sets_of_everything(server):
    """Row 22: ranges over four thousand million messages are intervals wherever a set may stand."""
    session = imap.connect(server, server.alice)
    session.append("INBOX", mail.message(1))
    validity = session.select("INBOX")["uidvalidity"]
    before, start = server.resident_bytes(), time.monotonic()
    everything = "1:4294967295"
    many = ",".join([everything, "4294967295:1", "1:*"] * 800)
    for command in (f"UID SEARCH RETURN (SAVE) UID {many}", "UID FETCH $ FLAGS", f"UID STORE {many} +FLAGS.SILENT (x)",
                    f"UID COPY 2000000000:4294967295,{everything} Trash", f"UID EXPUNGE {many}", f"SEARCH {everything}",
                    f"UID SEARCH NOT UID {many}", "ENABLE QRESYNC",
                    f"SELECT INBOX (QRESYNC ({validity} 1 {everything} ({everything} {everything})))",
                    f"UID FETCH {many} (FLAGS) (CHANGEDSINCE 1 VANISHED)"):
        status, _ = session.do(command)
        assert status.startswith((b"OK", b"NO", b"BAD")), (command[:50], status)
    assert time.monotonic() - start < 5
    assert server.resident_bytes() - before < GROWTH_BYTES_MAX
    session.logout()


MEGA = 1 << 20


def hostile():
    """Name and octets: rows 24, 25, 26 and 28."""
    multi = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n"
    head = b"From: %b\r\nTo: %b\r\nDate: %b\r\nSubject: %b\r\nMessage-ID: %b\r\nReferences: %b\r\n\r\nx"
    filled = lambda value: head % ((value,) * 6)
    html = lambda value: b"Content-Type: text/html\r\n\r\n" + value
    return {
        "multiparts in each other": b"".join(multi % (n, n) for n in range(10_000)),
        "messages in each other": b"Content-Type: message/rfc822\r\n\r\n" * 10_000,
        "100,000 parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 100_000,
        "a multipart that is its own part": multi % (1, 1) + (multi % (1, 1)) * 1_000,
        "200,000 addresses": filled(b"a@b," * 200_000),
        "200,000 groups": filled(b"g:;" * 200_000),
        "20,000 parameters": b"Content-Type: text/plain" + b"; a=b" * 20_000 + b"\r\n\r\nx",
        "20,000 continued parameters": b"Content-Type: text/plain" + b"".join(b"; n*%d=x" % n for n in range(20_000)) + b"\r\n\r\nx",
        "a header of 10 MB": b"Subject: " + b"s" * (10 * MEGA) + b"\r\n\r\nx",
        "1,000,000 fields": b"A: b\r\n" * 1_000_000 + b"\r\nx",
        "comments in each other": filled(b"(" * (MEGA // 4)),
        "an escape at the end": filled(b"(\\"),
        "encoded words that do not end": filled(b"=?utf-8?Q?" * 20_000),
        "quotes": filled(b'"' * (MEGA // 4 - 1)),
        "nested tags": html(b"<div><b>" * (MEGA // 4)),
        "open tags": html(b"<" * (4 * MEGA)),
        "entities": html(b"&amp" * MEGA),
        "comments that do not end": html(b"<!--" * MEGA),
        "soft breaks": b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=\r\n" * MEGA,
        "lines of nothing": b"\r\n" * (4 * MEGA),
    }


QUESTIONS = ("FETCH {n} BODYSTRUCTURE", "FETCH {n} ENVELOPE", "FETCH {n} PREVIEW", "FETCH {n} BODY.PEEK[1.1.1.1]<0.10>",
             "FETCH {n} BODY.PEEK[HEADER.FIELDS (SUBJECT)]<0.10>", "SEARCH {n} TEXT nowhere", "SEARCH {n} FROM nobody",
             "SEARCH {n} SENTSINCE 1-Jan-2020", "SORT (SUBJECT ARRIVAL) UTF-8 {n}", "THREAD REFERENCES UTF-8 {n}")


def test_hostile_messages(server):
    """Whatever is asked of them is answered soon (the aim is a second on a quiet machine), in bounded memory."""
    server.add_account("hostile@example.org", "hostile-messages-1")
    session = imap.connect(server, ("hostile@example.org", "hostile-messages-1"), timeout=60)
    slow = []
    for number, (name, octets) in enumerate(hostile().items(), 1):
        start = time.monotonic()
        session.append("INBOX", octets)
        if time.monotonic() - start > 5:
            slow.append(f"{name}: APPEND {time.monotonic() - start:.1f} s")
        session.select("INBOX")
        for question in QUESTIONS:
            took = timed(session, question.format(n=number))
            if took > 3:
                slow.append(f"{name}: {question.split()[2]} {took:.1f} s")
    assert not slow, "\n".join(slow)
    session.logout()
    alive(server)


# -- octets and words ---------------------------------------------------------------------------------------------
ODD = [b"\x00", b"\xff", b"\xc3", b"\xe2\x98", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"&", b"&AAA-", b"&2AA-", b"&Jjo!", b"&-&", b"\r", b"\x1f"]
PLACES = [b'SELECT "%b"', b'RENAME "%b" x', b'RENAME INBOX "%b"', b'SUBSCRIBE "%b"', b'LIST "%b" "%%"', b'LIST "" "%b"', b'STATUS "%b" (SIZE)',
          b'GETACL "%b"', b'SETACL INBOX "%b" lr', b'GETMETADATA "%b" /private/comment', b'GETMETADATA INBOX "/private/%b"', b'GETQUOTAROOT "%b"',
          b'ID ("name" "%b")', b'SEARCH HEADER "%b" x', b'SEARCH KEYWORD %b', b'SEARCH CHARSET "%b" TEXT x', b'SORT (DATE) "%b" ALL',
          b'FETCH 1 BODY[HEADER.FIELDS ("%b")]', b'STORE 1 +FLAGS (%b)', b'COPY 1 "%b"', b'ENABLE %b', b'APPEND "%b" {1+}\r\nx', b'LOGIN "%b" x',
          b'AUTHENTICATE "%b"', b'CREATE "x" (USE (%b))', b'%b', b'%b NOOP']


def test_odd_octets_everywhere(server):
    """Row 27: truncated UTF-8, NUL, wrong modified UTF-7 in every argument: OK, NO or BAD, and the next command works."""
    session = imap.connect(server, server.alice)
    for place in PLACES:
        for odd in ODD:
            try:
                session.send(b"o " + place % odd + b"\r\nz NOOP\r\n")
                lines = []
                while not lines or not lines[-1].startswith(b"z "):
                    lines.append(session.line())
                assert lines[-1].startswith(b"z OK"), (place, odd, lines)
            except imap.ImapError:
                session = imap.connect(server, server.alice)
    assert server.process.poll() is None and "panicked" not in server.log()
    session.logout()


def test_what_is_not_offered(server):
    """Row 32: no URLAUTH, and its words are unknown; a URL is never fetched for anybody else."""
    session = imap.connect(server, server.alice)
    told = b" ".join(session.ok("CAPABILITY"))
    assert b"URLAUTH" not in told and not re.search(rb"CONVERT|ANNOTATE", told)
    for command in ('GENURLAUTH "imap://alice@localhost/INBOX/;uid=1;urlauth=anonymous" INTERNAL', 'URLFETCH "imap://bob@localhost/INBOX/;uid=1"',
                    "RESETKEY"):
        assert session.do(command)[0].startswith(b"BAD"), command
    bob = server.bob[0].replace("@", "%40")
    status, _ = session.do(f'APPEND INBOX CATENATE (URL "imap://{bob}@localhost/INBOX/;uid=1")')
    assert status.startswith(b"NO"), status
    session.logout()


def test_wrong_passwords_keep_nobody_waiting(server):
    """Row 30: hashing has its own few places: who is logged in does not notice 200 wrong passwords a second."""
    idle = imap.connect(server, server.bob)
    idle.select("INBOX")
    calm = sorted(timed(idle, "NOOP") for _ in range(50))[45]
    over = threading.Event()

    def guess():
        while not over.is_set():
            try:
                session = raw(server, "imaps")
                for number in range(2):
                    session.start(f'LOGIN "{server.alice[0]}" "wrong {number}"')
                session.socket.settimeout(5)
                session.line()
                session.close()
            except (imap.ImapError, OSError):
                pass
    crew = [threading.Thread(target=guess, daemon=True) for _ in range(32)]
    for one in crew:
        one.start()
    try:
        time.sleep(1)
        times = []
        for _ in range(60):
            times.append(timed(idle, "NOOP"))
            time.sleep(0.05)
    finally:
        over.set()
        for one in crew:
            one.join(15)
    # The guessers are threads of this process too: a tenth of a second is this side's share.
    assert sorted(times)[54] < 2 * calm + 0.1, (calm, sorted(times)[-6:])
    idle.logout()
