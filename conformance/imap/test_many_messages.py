"""COPY, STORE, MOVE, EXPUNGE and RENAME INBOX of a mailbox with far more messages than fit one commit, or whose records do.

COPY and RENAME are done whole or not at all (RFC 9051 6.4.7); the others message by message, and all of them here.
"""

import re

import pytest

from blackbox import imap

# Messages with records of their own: what they hold is more than one commit may (64 MiB).
DISTINCT = 20_000
BODY_BYTES = 3_600
# And copies of them.
COUNT = 100_000
AT_ONCE = 1_000
# What one command may make the server larger by: the batch, as rows and as it is written, and what moves beside it.
MEMORY_MAX = 320 << 20


def counted(session, name):
    found = re.search(rb"MESSAGES (\d+)", b"".join(session.ok(f"STATUS {name} (MESSAGES)")))
    return int(found.group(1))


def peak(server):
    """The most memory that the server has held so far."""
    status = open(f"/proc/{server.process.pid}/status").read()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) << 10


def told(lines, word):
    return sum(line.endswith(word) for line in lines)


@pytest.fixture(scope="module")
def alice(server):
    session = imap.connect(server, server.alice, timeout=120)
    for name in ("many", "more"):
        session.ok(f"CREATE {name}")
    for first in range(0, DISTINCT, AT_ONCE):
        session.send(b"x APPEND many")
        for number in range(first, first + AT_ONCE):
            message = b"Subject: %d\r\n\r\n" % number
            message += b"x" * (BODY_BYTES - len(message))
            session.send(b" {%d+}\r\n" % len(message) + message)
        session.send(b"\r\n")
        status, _ = session.finish("x")
        assert status.startswith(b"OK"), status
    yield session
    session.logout()


def copied(session):
    pairs = re.search(rb"COPYUID \d+ (\S+) (\S+)\]", session.status)
    old, new = (imap.expand(part.decode()) for part in pairs.groups())
    return list(zip(old, new))


def test_many(alice):
    alice.select("many")
    # A copy of each, and copies of those: one command, one commit.
    alice.ok("COPY 1:* more")
    assert copied(alice)[-1] == (DISTINCT, DISTINCT)
    assert counted(alice, "more") == DISTINCT
    while counted(alice, "more") < COUNT:
        alice.ok(f"COPY 1:{min(DISTINCT, COUNT - counted(alice, 'more'))} more")
    alice.select("more")
    alice.ok(f"COPY 1:{COUNT} many")
    assert len(copied(alice)) == COUNT
    alice.ok("STORE 1:* +FLAGS.SILENT (\\Flagged)")
    lines = alice.ok("STORE 1:* +FLAGS (many)")
    assert sum(b"\\Flagged many" in line or b"many \\Flagged" in line for line in lines) == COUNT
    lines = alice.ok("STORE 1:* (UNCHANGEDSINCE 1) +FLAGS.SILENT (\\Seen)")
    assert b"MODIFIED 1:%d]" % COUNT in alice.status, alice.status[:100]
    lines = alice.ok("MOVE 1:* many")
    assert told(lines, b"EXPUNGE") == COUNT
    assert counted(alice, "more") == 0 and counted(alice, "many") == DISTINCT + 2 * COUNT
    alice.select("many")
    alice.ok(f"STORE {DISTINCT + 1}:* +FLAGS.SILENT (\\Deleted)")
    assert told(alice.ok("EXPUNGE"), b"EXPUNGE") == 2 * COUNT
    assert counted(alice, "many") == DISTINCT
    assert alice.body(1).startswith(b"Subject: 0\r\n")
    assert alice.body(DISTINCT).startswith(b"Subject: %d\r\n" % (DISTINCT - 1))


def test_rename_of_inbox_moves_every_message(server, alice):
    alice.select("many")
    session = imap.connect(server, server.alice, timeout=120)
    while (count := counted(alice, "INBOX")) < COUNT:
        alice.ok(f"COPY 1:{min(DISTINCT, COUNT - count)} INBOX")
    session.select("INBOX")
    before = peak(server)
    alice.ok("RENAME INBOX moved")
    assert counted(alice, "INBOX") == 0 and counted(alice, "moved") == COUNT
    assert told(session.ok("NOOP"), b"EXPUNGE") == COUNT, "who has INBOX selected is told"
    session.logout()
    grown = peak(server) - before
    assert grown < MEMORY_MAX, f"{grown >> 20} MiB"
    alice.ok("DELETE moved")


def test_copies_that_no_commit_holds_are_refused_whole(server, alice):
    """Into another account each message's record is written anew: theirs are more than 64 MiB."""
    alice.ok(f"SETACL many {server.bob[0]} lr")
    bob = imap.connect(server, server.bob, timeout=120)
    bob.ok("CREATE copies")
    bob.select(f"Other Users/{server.alice[0]}/many")
    before = peak(server)
    status, _ = bob.do("COPY 1:* copies")
    assert status.startswith(b"NO [LIMIT]"), status
    assert counted(bob, "copies") == 0, "none is there"
    grown = peak(server) - before
    assert grown < MEMORY_MAX, f"{grown >> 20} MiB"
    # Half of them fit.
    bob.ok(f"COPY 1:{DISTINCT // 2} copies")
    assert counted(bob, "copies") == DISTINCT // 2
    bob.logout()


def test_close_removes_and_tells_nothing(alice):
    alice.select("many")
    alice.ok("STORE 1:* +FLAGS.SILENT (\\Deleted)")
    alice.ok("CLOSE")
    assert counted(alice, "many") == 0


def test_whole(server, alice):
    """Nothing of it has harmed the store."""
    server.command("fsck", "--bytes", "--config", str(server.config_file()))
