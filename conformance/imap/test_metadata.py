"""METADATA (RFC 5464): annotations, with the RFC's own examples, their limits and who may see them."""

import pytest

from blackbox import imap
from blackbox.imap import told


@pytest.fixture
def alice(server):
    client = imap.connect(server, server.alice)
    client.do("DELETE notes")
    client.ok("CREATE notes")
    return client


def test_the_examples_of_the_rfc(alice):
    # RFC 5464 4.3
    assert told(alice, 'SETMETADATA notes (/private/comment {33+}\r\nMy new comment across\r\ntwo lines.)')[1].startswith("OK")
    assert told(alice, "GETMETADATA notes /private/comment") == (
        ["* METADATA notes (/private/comment {33}\r\nMy new comment across\r\ntwo lines.)"],
        "OK GETMETADATA completed")
    alice.ok('SETMETADATA notes (/private/comment "My new comment" /shared/comment "This one is for you!")')
    assert told(alice, 'GETMETADATA "notes" (/shared/comment /private/comment)')[0] == [
        '* METADATA notes (/shared/comment "This one is for you!" /private/comment "My new comment")']
    alice.ok("SETMETADATA notes (/private/comment NIL)")
    assert told(alice, "GETMETADATA notes /private/comment")[0] == ["* METADATA notes (/private/comment NIL)"]


def test_sizes_and_depths(alice):
    alice.ok('SETMETADATA notes (/private/filters/values/small "SMALLER 5000" /private/filters/values/boss '
             '"FROM \\"boss@example.com\\"" /private/filters "x")')
    deep = told(alice, 'GETMETADATA (DEPTH 1) notes (/private/filters/values)')[0][0]
    assert deep == ('* METADATA notes (/private/filters/values/boss "FROM \\"boss@example.com\\"" '
                    '/private/filters/values/small "SMALLER 5000")')
    every = told(alice, 'GETMETADATA (DEPTH infinity MAXSIZE 12) notes /private/filters')
    assert every == (['* METADATA notes (/private/filters x /private/filters/values/small "SMALLER 5000")'
                      .replace(" x ", ' "x" ')], "OK [METADATA LONGENTRIES 23] GETMETADATA completed")
    # The options stand behind the mailbox in the RFC's examples.
    assert told(alice, 'GETMETADATA notes (MAXSIZE 3) /private/filters')[0] == ['* METADATA notes (/private/filters "x")']


@pytest.mark.parametrize("command", [
    "GETMETADATA", "GETMETADATA notes", "GETMETADATA notes /other/x", "GETMETADATA notes /shared/*",
    "GETMETADATA (DEPTH 2) notes /shared/x", "GETMETADATA (X 2) notes /shared/x", "SETMETADATA notes (/shared/x)",
    'SETMETADATA notes (/private/vendor "x")', 'SETMETADATA notes (/shared/vendor/token "x")', "SETMETADATA notes ()",
    'SETMETADATA notes (/shared/xé "x")', "GETMETADATA notes /shared/", "GETMETADATA notes /private/a//b",
    'SETMETADATA notes (/shared "x")', 'SETMETADATA notes (/shared/a//b "x")', "SETMETADATA notes (/shared/x atom)",
])
def test_what_is_no_metadata(alice, command):
    assert told(alice, command)[1].startswith("BAD")


def test_octets(alice):
    alice.ok(b"SETMETADATA notes (/private/x ~{4+}\r\na\0b\xff)")
    client = told_raw(alice, "GETMETADATA notes /private/x")
    assert client == b"* METADATA notes (/private/x ~{4}\r\na\0b\xff)"
    alice.ok('SETMETADATA notes (/private/x "")')
    assert told(alice, "GETMETADATA notes /private/x")[0] == ['* METADATA notes (/private/x "")']


def told_raw(client, command):
    tag = client.start(command)
    line = client.line()
    client.finish(tag)
    return line


def test_limits(alice):
    value = b"x" * 65537
    assert told(alice, b"SETMETADATA notes (/private/x {65537+}\r\n" + value + b")")[1].startswith(
        "NO [METADATA MAXSIZE 65536]")
    alice.ok(b"SETMETADATA notes (/private/x {65536+}\r\n" + value[1:] + b")")
    for start in range(0, 300, 50):
        entries = " ".join(f'/shared/e{at} "x"' for at in range(start, start + 50))
        last = told(alice, f"SETMETADATA notes ({entries})")[1]
        if not last.startswith("OK"):
            break
    assert last.startswith("NO [METADATA TOOMANY]")
    # All or nothing.
    assert f"/shared/e{start} " not in told(alice, "GETMETADATA (DEPTH infinity) notes /shared")[0][0]


def test_the_server_and_the_account(server, alice):
    assert told(alice, 'GETMETADATA "" (/shared/comment)')[0] == ['* METADATA "" (/shared/comment NIL)']
    assert told(alice, 'SETMETADATA "" (/shared/comment "mine")')[1].startswith("NO [NOPERM]")
    alice.ok('SETMETADATA "" (/private/vendor/x/theme "dark")')
    assert told(alice, 'GETMETADATA "" (/private/vendor/x/theme)')[0] == [
        '* METADATA "" (/private/vendor/x/theme "dark")']
    bob = imap.connect(server, server.bob)
    assert told(bob, 'GETMETADATA "" (/private/vendor/x/theme)')[0] == ['* METADATA "" (/private/vendor/x/theme NIL)']


def test_a_special_use_is_an_annotation(alice):
    # RFC 6154 5.4
    assert told(alice, "GETMETADATA Sent /private/specialuse")[0] == ['* METADATA Sent (/private/specialuse "\\\\Sent")']
    assert told(alice, 'SETMETADATA notes (/private/specialuse "\\\\Sent")')[1].startswith("NO [USEATTR]")
    assert told(alice, 'SETMETADATA notes (/private/specialuse "\\\\Strange")')[1].startswith("NO [USEATTR]")
    assert told(alice, 'SETMETADATA INBOX (/private/specialuse "\\\\All")')[1].startswith("NO [USEATTR]")
    alice.ok('SETMETADATA notes (/private/specialuse "\\\\Flagged")')
    assert "\\Flagged" in told(alice, 'LIST "" notes')[0][0]
    alice.ok("SETMETADATA notes (/private/specialuse NIL)")
    assert "\\Flagged" not in told(alice, 'LIST "" notes')[0][0]


def test_who_may_see_and_set(server, alice):
    bob = imap.connect(server, server.bob)
    name = '"Other Users/alice@example.org/notes"'
    alice.ok('SETMETADATA notes (/shared/comment "for all" /private/comment "mine")')
    absent = told(bob, 'GETMETADATA "Other Users/alice@example.org/absent" /shared/comment')
    assert told(bob, f"GETMETADATA {name} /shared/comment") == absent
    assert told(bob, f'SETMETADATA {name} (/private/comment "x")')[1] == absent[1]
    alice.ok("SETACL notes bob@example.org l")
    assert told(bob, f"GETMETADATA {name} /shared/comment")[1].startswith("NO [NOPERM]")
    alice.ok("SETACL notes bob@example.org lr")
    assert told(bob, f"GETMETADATA {name} (/shared/comment /private/comment)")[0] == [
        f'* METADATA {name} (/shared/comment "for all" /private/comment NIL)']
    bob.ok(f'SETMETADATA {name} (/private/comment "his")')
    assert told(bob, f'SETMETADATA {name} (/shared/comment "his")')[1].startswith("NO [NOPERM]")
    assert told(alice, "GETMETADATA notes /private/comment")[0] == ['* METADATA notes (/private/comment "mine")']


def test_the_examples_without_parentheses(alice):
    # RFC 5464 4.4.1
    alice.ok('SETMETADATA notes (/private/comment "My comment" /shared/comment "Its sunny outside!")')
    assert told(alice, "GETMETADATA notes /private/comment /shared/comment")[0] == [
        '* METADATA notes (/private/comment "My comment" /shared/comment "Its sunny outside!")']


@pytest.mark.parametrize("rights", ["lr", "ls", "lw", "li", "lp"])
def test_one_right_beside_l_is_enough(server, alice, rights):
    """RFC 5464 3.3."""
    alice.ok('SETMETADATA notes (/shared/comment "for all")')
    alice.ok(f"SETACL notes bob@example.org {rights}")
    bob, name = imap.connect(server, server.bob), '"Other Users/alice@example.org/notes"'
    told_all = [f'* METADATA {name} (/shared/comment "for all" /private/comment NIL)']
    bob.ok(f"SETMETADATA {name} (/private/comment NIL)")
    assert told(bob, f"GETMETADATA {name} (/shared/comment /private/comment)")[0] == told_all
    listed = told(bob, f"LIST \"\" {name} RETURN (METADATA (/shared/comment /private/comment))")[0]
    assert told_all == [line for line in listed if "METADATA" in line]
    bob.ok(f'SETMETADATA {name} (/private/comment "his")')
    shared = told(bob, f'SETMETADATA {name} (/shared/comment "his")')[1]
    assert shared.startswith("OK" if "w" in rights else "NO [NOPERM]")


@pytest.mark.parametrize("rights", ["l", "lk", "lxtea"])
def test_none_of_them_is_too_little(server, alice, rights):
    alice.ok(f"SETACL notes bob@example.org {rights}")
    bob, name = imap.connect(server, server.bob), '"Other Users/alice@example.org/notes"'
    assert told(bob, f"GETMETADATA {name} /shared/comment") == ([], "NO [NOPERM] You have no right to do that")
    assert told(bob, f'SETMETADATA {name} (/private/comment "x")')[1].startswith("NO [NOPERM]")
    alice.ok("SETACL notes bob@example.org rswip")
    assert told(bob, f"GETMETADATA {name} /shared/comment")[1].startswith("NO [NONEXISTENT]")
