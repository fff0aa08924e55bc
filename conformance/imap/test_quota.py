"""QUOTA (RFC 9208) as its user, a stranger and an administrator see it."""

import re

import pytest

from blackbox import imap
from blackbox.imap import told


@pytest.fixture(scope="module")
def house(server):
    config = ("--config", str(server.config_file()))
    server.add_account("root@example.org", "root-secret-1")
    server.command("account", "set", "root@example.org", "--administrator", "true", *config)
    server.add_account("carol@example.org", "carol-secret-1")
    server.command("account", "set", "carol@example.org", "--quota", "10K", *config)
    return server


def log_in(house, name):
    return imap.connect(house, (f"{name}@example.org", f"{name}-secret-1"))


def test_capabilities(house):
    capabilities = log_in(house, "carol").ok("CAPABILITY")[0].decode().split()
    assert {"QUOTA", "QUOTA=RES-STORAGE", "QUOTA=RES-MESSAGE", "QUOTASET"} <= set(capabilities)


def test_what_is_used_and_what_may_be(house):
    carol = log_in(house, "carol")
    assert told(carol, "GETQUOTAROOT INBOX") == (
        ["* QUOTAROOT INBOX carol@example.org", "* QUOTA carol@example.org (STORAGE 0 10)"],
        "OK GETQUOTAROOT completed")
    carol.append("INBOX", b"a: " + b"x" * 1500 + b"\r\n\r\n")
    assert told(carol, "GETQUOTA carol@example.org")[0] == ["* QUOTA carol@example.org (STORAGE 2 10)"]
    # RFC 9208 4.1.4
    carol.ok("SELECT INBOX")
    carol.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    assert told(carol, "STATUS INBOX (DELETED DELETED-STORAGE)")[0] == [
        "* STATUS INBOX (DELETED 1 DELETED-STORAGE 1507)"]
    carol.ok("STORE 1 -FLAGS.SILENT (\\Deleted)")


def test_a_mailbox_need_not_be_there(house):
    """One asks what would apply (RFC 9208 4.1.2); of somebody else's nothing is told."""
    carol = log_in(house, "carol")
    lines, last = told(carol, "GETQUOTAROOT to/be/made")
    assert lines[0] == "* QUOTAROOT to/be/made carol@example.org" and len(lines) == 2 and last.startswith("OK")
    assert told(carol, 'GETQUOTAROOT ""')[0][0] == '* QUOTAROOT "" carol@example.org'
    for name in ("Other Users/bob@example.org/INBOX", "Other Users/nobody@example.org/INBOX"):
        assert told(carol, f'GETQUOTAROOT "{name}"')[1].startswith("NO [NONEXISTENT]")


def test_past_it_nothing_is_taken(house):
    carol = log_in(house, "carol")
    lines, last = told(carol, "APPEND INBOX {20000}")
    assert lines == [] and last.startswith("NO [OVERQUOTA]"), "before the message is sent"
    carol.ok("CREATE copies")
    carol.ok("SELECT INBOX")
    for _ in range(9):
        lines, last = told(carol, "COPY 1 copies")
        if not last.startswith("OK"):
            break
    assert last.startswith("NO [OVERQUOTA]"), "a copy counts as another one"
    # What makes no more of it is allowed.
    carol.ok("SELECT copies")
    carol.ok("UID MOVE 1 INBOX")


def test_an_account_without_a_limit_has_no_root(house):
    root = log_in(house, "root")
    assert told(root, "GETQUOTAROOT INBOX")[0] == ["* QUOTAROOT INBOX"]
    assert told(root, "GETQUOTA root@example.org")[1].startswith("NO [NONEXISTENT]")


@pytest.mark.parametrize("root", ["alice@example.org", "nobody@example.org", '""', "x", '"a b"'])
def test_a_stranger_learns_nothing(house, root):
    carol = log_in(house, "carol")
    assert told(carol, f"GETQUOTA {root}") == ([], "NO [NONEXISTENT] No such quota root")
    assert told(carol, f"SETQUOTA {root} (STORAGE 5)") == ([], "NO [NOPERM] You have no right to do that")


def test_nobody_raises_ones_own(house):
    carol = log_in(house, "carol")
    assert told(carol, "SETQUOTA carol@example.org (STORAGE 500000)")[1].startswith("NO [NOPERM]")
    assert told(carol, "GETQUOTAROOT INBOX")[0][1].endswith(" 10)")


def test_an_administrator_sets_it(house):
    root = log_in(house, "root")
    assert told(root, "SETQUOTA bob@example.org (STORAGE 512)") == (
        ["* QUOTA bob@example.org (STORAGE 0 512)"], "OK SETQUOTA completed")
    bob = imap.connect(house, house.bob)
    assert told(bob, "GETQUOTAROOT INBOX")[0] == [
        "* QUOTAROOT INBOX bob@example.org", "* QUOTA bob@example.org (STORAGE 0 512)"]
    shown = house.command("account", "show", "bob@example.org", "--config", str(house.config_file())).stdout
    assert re.search(r"524288", shown)
    assert told(root, "SETQUOTA bob@example.org ()") == ([], "OK SETQUOTA completed")
    assert told(bob, "GETQUOTAROOT INBOX")[0] == ["* QUOTAROOT INBOX"]
    assert told(root, "SETQUOTA bob@example.org (X-ROOMS 5)")[1].startswith("NO [CANNOT]")
    assert told(root, "SETQUOTA bob@example.org (MESSAGE 5 MESSAGE 6)")[1].startswith("BAD")
    assert told(root, "SETQUOTA bob@example.org (STORAGE x)")[1].startswith("BAD")
    assert told(root, "SETQUOTA nobody@example.org (STORAGE 5)")[1].startswith("NO [NONEXISTENT]")


def test_the_owner_of_the_target_pays(house):
    carol, alice = log_in(house, "carol"), imap.connect(house, house.alice)
    alice.append("INBOX", b"a: " + b"y" * 15000 + b"\r\n\r\n")
    carol.ok("CREATE shared")
    carol.ok("SETACL shared alice@example.org lri")
    alice.ok("SELECT INBOX")
    assert told(alice, 'COPY 1 "Other Users/carol@example.org/shared"')[1].startswith("NO [OVERQUOTA]")
    root = told(alice, 'GETQUOTAROOT "Other Users/carol@example.org/shared"')[0]
    assert root[0] == '* QUOTAROOT "Other Users/carol@example.org/shared" carol@example.org'


def test_messages_are_counted_and_limited(house):
    """RES-MESSAGE: every copy in every mailbox, nothing but messages; a move is no growth."""
    config = ("--config", str(house.config_file()))
    house.add_account("dora@example.org", "dora-secret-1")
    dora, root = log_in(house, "dora"), log_in(house, "root")
    for mailbox in ("INBOX", "INBOX", "Archive"):
        dora.append(mailbox, b"a: b\r\n\r\n")
    house.command("account", "set", "dora@example.org", "--quota-messages", "4", *config)
    assert told(dora, "GETQUOTA dora@example.org")[0] == ["* QUOTA dora@example.org (MESSAGE 3 4)"]
    dora.append("INBOX", b"a: b\r\n\r\n")
    assert told(dora, "APPEND INBOX {8+}\r\na: b\r\n\r\n")[1].startswith("NO [OVERQUOTA]")
    dora.ok("SELECT INBOX")
    assert told(dora, "COPY 1 Archive")[1].startswith("NO [OVERQUOTA]")
    dora.ok("MOVE 1 Archive")
    dora.ok("CREATE elsewhere")
    dora.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    dora.ok("EXPUNGE")
    assert told(dora, "GETQUOTA dora@example.org")[0] == ["* QUOTA dora@example.org (MESSAGE 3 4)"]
    dora.ok("COPY 1 elsewhere")
    dora.ok("DELETE elsewhere")
    assert told(dora, "GETQUOTA dora@example.org")[0] == ["* QUOTA dora@example.org (MESSAGE 3 4)"]
    assert told(root, "SETQUOTA dora@example.org (MESSAGE 2 STORAGE 100)") == (
        ["* QUOTA dora@example.org (STORAGE 1 100 MESSAGE 3 2)"], "OK SETQUOTA completed")
    assert told(dora, "APPEND INBOX {8+}\r\na: b\r\n\r\n")[1].startswith("NO [OVERQUOTA]")
    dora.ok("MOVE 1 Archive")
    shown = house.command("account", "show", "dora@example.org", "--json", *config).stdout
    assert re.search(r'"quota_messages": ?2\b', shown) and re.search(r'"used_messages": ?3\b', shown), shown
    house.command("account", "set", "dora@example.org", "--quota-messages", "0", "--quota", "0", *config)
    assert told(dora, "GETQUOTAROOT INBOX")[0] == ["* QUOTAROOT INBOX"]
    assert house.command("fsck", *config).returncode == 0
