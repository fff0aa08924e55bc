"""LITERAL- (RFC 7888 5): in the place of LITERAL+ where that is hidden from everybody, from an account or an app password;
then a literal that the client does not wait for has 4,096 octets at the most, in every state."""

import pytest

from blackbox import imap, limits
from blackbox.server import Server

MOST = limits.value("protocols/imap", "LITERAL_UNASKED_BYTES_MAX")


@pytest.fixture(scope="module")
def strict():
    """A server that hides LITERAL+ from everybody."""
    server = Server().start()
    server.stop()
    with server.config_file().open("a") as config:
        config.write('\n[imap]\nhide_capabilities = ["LITERAL+"]\n')
    server._spawn("serve", "--config", str(server.config_file()))
    try:
        yield server
    finally:
        server.dispose()


def literal(octets, sign=b"+"):
    return b"{%d%s}\r\n%s" % (len(octets), sign, octets)


def told(session):
    return [name for name in session.ok("CAPABILITY")[0].decode().split() if name.startswith("LITERAL")]


def message(length):
    head = b"Subject: x\r\n\r\n"
    return head + b"x" * (length - len(head))


def test_told_before_login_and_after(strict):
    session = imap.connect(strict)
    assert b" LITERAL- " in session.greeting and b"LITERAL+" not in session.greeting
    assert told(session) == ["LITERAL-"]
    session.login(strict.alice)
    assert told(session) == ["LITERAL-"]
    assert b"IMAP4rev2" in session.ok("CAPABILITY")[0]


def test_the_example_of_the_rfc(strict):
    """RFC 7888 3: small ones are as they are with LITERAL+."""
    session = imap.connect(strict)
    name, password = strict.alice
    session.ok(b"LOGIN " + literal(name.encode()) + b" " + literal(password.encode()))


def test_before_login(strict):
    session = imap.connect(strict)
    status, _ = session.do(b"LOGIN x " + literal(b"y" * MOST))
    assert status.startswith(b"NO"), status
    status, _ = session.do(b"LOGIN x " + literal(b"y" * (MOST + 1)))
    assert status.startswith(b"BAD [TOOBIG] "), status
    session.login(strict.alice)
    # What nobody would hear out ends the session, with the code as well.
    session = imap.connect(strict)
    session.send(b"a LOGIN x {%d+}\r\n" % (limits.value("protocols/imap", "LITERAL_BYTES_MAX") + 1))
    assert session.line().startswith(b"* BYE [TOOBIG] ")


def test_in_any_command(strict):
    session = imap.connect(strict, strict.alice)
    status, _ = session.do(b"CREATE " + literal(b"x" * (MOST + 1)))
    assert status.startswith(b"BAD [TOOBIG] "), status
    session.select("INBOX")
    session.ok(b"SEARCH TEXT " + literal(b"x" * MOST))
    status, _ = session.do(b"SEARCH TEXT " + literal(b"x" * (MOST + 1)) + b" TEXT " + literal(b"y"))
    assert status.startswith(b"BAD [TOOBIG] "), status
    # The client that waits may send more.
    tag = session.start(b"SEARCH TEXT {%d}" % (MOST + 1))
    assert session.line().startswith(b"+")
    session.send(b"x" * (MOST + 1) + b"\r\n")
    assert session.finish(tag)[0].startswith(b"OK")


@pytest.mark.parametrize("sign", ["", "~"])
def test_append(strict, sign):
    """The tagged BAD has the code; nothing is appended; the session goes on."""
    session = imap.connect(strict, strict.alice)
    sign = sign.encode()
    session.do("DELETE minus")
    session.ok("CREATE minus")
    session.ok(b"APPEND minus " + sign + literal(message(MOST)))
    status, lines = session.do(b"APPEND minus " + sign + literal(message(MOST + 1)))
    assert status.startswith(b"BAD [TOOBIG] ") and not lines, (status, lines)
    # The second of several, too (RFC 3502): all of them or none.
    status, _ = session.do(b"APPEND minus " + sign + literal(message(MOST)) + b" " + sign + literal(message(MOST + 1)))
    assert status.startswith(b"BAD [TOOBIG] "), status
    status, _ = session.do(b"APPEND minus CATENATE (TEXT " + literal(message(MOST)) + b" TEXT " + literal(b"x" * (MOST + 1)) + b")")
    assert status.startswith(b"BAD [TOOBIG] "), status
    assert session.ok("STATUS minus (MESSAGES)") == [b"* STATUS minus (MESSAGES 1)"]
    session.append("minus", message(10 * MOST))
    assert session.ok("STATUS minus (MESSAGES)") == [b"* STATUS minus (MESSAGES 2)"]


def test_for_one_account(server):
    """Before login nobody knows whose session it is; from the login on the bound holds."""
    config = ("--config", str(server.config_file()))
    server.command("account", "set", server.bob[0], "--hide-capability", "LITERAL+", *config)
    session = imap.connect(server)
    assert told(session) == ["LITERAL+"]
    session.login(server.bob)
    assert told(session) == ["LITERAL-"]
    session.select("INBOX")
    status, _ = session.do(b"SEARCH TEXT " + literal(b"x" * (MOST + 1)))
    assert status.startswith(b"BAD [TOOBIG] "), status
    session.ok("UNAUTHENTICATE")
    assert told(session) == ["LITERAL+"]
    other = imap.connect(server, server.alice)
    assert told(other) == ["LITERAL+"]
    other.select("INBOX")
    other.ok(b"SEARCH TEXT " + literal(b"x" * (MOST + 1)))
    server.command("account", "set", server.bob[0], "--hide-capability", "", *config)
