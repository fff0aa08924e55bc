"""\\Seen of a shared mailbox (RFC 4314 4): one flag for all, or each user's own where the owner chooses so by Cyrus'
annotation or the administrator by command. alice owns the mailbox, bob and carol read it."""

import json
import re
import time

import pytest

from blackbox import imap
from blackbox.imap import told

STEM = "Other Users/alice@example.org"
ENTRY = "/shared/vendor/cmu/cyrus-imapd/sharedseen"
CAROL = ("carol@example.org", "carol-secret-1")


@pytest.fixture(scope="module")
def house(server):
    server.add_account(*CAROL)
    return server


def log_in(server, who):
    return imap.connect(server, {"alice": server.alice, "bob": server.bob, "carol": CAROL}[who])


@pytest.fixture
def desk(house):
    """alice's mailbox of three messages, the first of them seen by all; then \\Seen is each one's own."""
    alice = log_in(house, "alice")
    alice.do("DELETE desk")
    alice.ok("CREATE desk")
    for number in range(3):
        alice.append("desk", f"Subject: {number}\r\n\r\nbody {number}\r\n".encode(), "\\Seen" if number == 0 else "")
    alice.ok("SETACL desk bob@example.org lrswipkxte")
    alice.ok("SETACL desk carol@example.org lrs")
    alice.ok(f'SETMETADATA desk ({ENTRY} "false")')
    return house


def opened(server, who, path=None, parameters=""):
    client = log_in(server, who)
    name = path or ("desk" if who == "alice" else f"{STEM}/desk")
    client.lines, client.end = told(client, f'SELECT "{name}"{parameters}')
    return client


def seen(client):
    client.ok("NOOP")
    return [uid for uid, flags in sorted(client.flags().items()) if "\\Seen" in flags]


def unseen(server, who, path=None):
    client = log_in(server, who)
    name = path or ("desk" if who == "alice" else f"{STEM}/desk")
    line = client.ok(f'STATUS "{name}" (UNSEEN MESSAGES)')[0]
    found = client.ok(f'LIST "" "{name}" RETURN (STATUS (UNSEEN))')[-1]
    assert re.search(rb"UNSEEN \d+", line).group() == re.search(rb"UNSEEN \d+", found).group()
    return int(re.search(rb"UNSEEN (\d+)", line).group(1))


def test_each_has_what_they_have_seen(desk):
    alice, bob, carol = (opened(desk, who) for who in ("alice", "bob", "carol"))
    assert seen(alice) == seen(bob) == seen(carol) == [1], "what had been seen stays so"
    assert told(bob, "STORE 2 +FLAGS (\\Seen)")[0] == ["* 2 FETCH (FLAGS (\\Seen))"]
    assert told(bob, "STORE 1 -FLAGS.SILENT (\\Seen)") == ([], "OK STORE completed")
    assert (seen(alice), seen(bob), seen(carol)) == ([1], [2], [1])
    # FETCH of a body sets the reader's own.
    assert "* 3 FETCH (FLAGS (\\Seen)" in told(carol, "FETCH 3 BODY[TEXT]")[0][0]
    assert (seen(alice), seen(bob), seen(carol)) == ([1], [2], [1, 3])
    assert (bob.uids("SEEN"), bob.uids("UNSEEN"), carol.uids("SEEN")) == ([2], [1, 3], [1, 3])
    assert [unseen(desk, who) for who in ("alice", "bob", "carol")] == [2, 2, 1]
    # Other flags are everybody's.
    bob.ok("STORE 3 +FLAGS (\\Flagged)")
    alice.ok("NOOP")
    assert alice.flags()[3] == {"\\Flagged"} and carol.flags()[3] == {"\\Flagged", "\\Seen"}
    sorted_by_bob = told(bob, "UID SORT (REVERSE SUBJECT) UTF-8 UNSEEN")[0]
    assert sorted_by_bob == ["* SORT 3 1"]
    # And it lasts.
    assert seen(opened(desk, "bob")) == [2] and seen(opened(desk, "carol")) == [1, 3]


def test_it_lasts_over_a_crash(desk):
    opened(desk, "bob").ok("UID STORE 3 +FLAGS (\\Seen)")
    desk.kill()
    desk.restart()
    assert (seen(opened(desk, "bob")), seen(opened(desk, "alice"))) == ([1, 3], [1])


def test_what_select_says(desk):
    first = {who: opened(desk, who) for who in ("alice", "bob", "carol")}
    permanent = {who: next(line for line in client.lines if "PERMANENTFLAGS" in line) for who, client in first.items()}
    assert permanent["alice"] == permanent["bob"] and "\\*)" in permanent["alice"]
    # RFC 4314 5.2: \Seen that is hers alone does not make the mailbox READ-WRITE to carol, and she may set it.
    assert "[PERMANENTFLAGS (\\Seen)]" in permanent["carol"]
    assert first["carol"].end.startswith("OK [READ-ONLY]") and first["bob"].end.startswith("OK [READ-WRITE]")
    first["carol"].ok("STORE 1:* +FLAGS (\\Seen)")
    assert told(first["carol"], "STORE 1 +FLAGS (\\Flagged)")[1].startswith("NO [NOPERM]")
    assert told(first["carol"], "STORE 1 FLAGS (\\Deleted \\Seen)")[1].startswith("NO [NOPERM]")
    first["bob"].ok("STORE 1 -FLAGS (\\Seen)")
    assert any("[UNSEEN 1]" in line for line in opened(desk, "bob").lines)
    assert any("[UNSEEN 2]" in line for line in opened(desk, "alice").lines)
    assert not any("[UNSEEN" in line for line in opened(desk, "carol").lines)
    alice = first["alice"]
    alice.ok("SETACL desk carol@example.org lr")
    carol = opened(desk, "carol")
    assert any("[PERMANENTFLAGS ()]" in line for line in carol.lines)
    assert told(carol, "STORE 1 -FLAGS (\\Seen)")[1].startswith("NO")
    assert told(carol, "FETCH 1 BODY[TEXT]")[1].startswith("OK")
    assert seen(carol) == [1, 2, 3], "what she had seen she finds again"


def test_the_same_users_other_sessions_hear_of_it_and_nobody_else(desk):
    one, other, alice = opened(desk, "bob"), opened(desk, "bob"), opened(desk, "alice")
    tags = {}
    for client in (other, alice):
        tags[client] = client.start("IDLE")
        assert client.line().startswith(b"+")
    one.ok("UID STORE 2 +FLAGS (\\Seen)")
    assert other.line() == b"* 2 FETCH (UID 2 FLAGS (\\Seen))"
    for client in (other, alice):
        client.send("DONE\r\n")
    assert (other.finish(tags[other])[1], alice.finish(tags[alice])[1]) == ([], [])
    watching = log_in(desk, "bob")
    watching.ok(f'NOTIFY SET (MAILBOXES "{STEM}/desk" (MessageNew MessageExpunge FlagChange))')
    hers = log_in(desk, "alice")
    hers.ok("NOTIFY SET (PERSONAL (MessageNew MessageExpunge FlagChange))")
    one.ok("UID STORE 3 +FLAGS (\\Seen)")
    line = watching.line()
    assert b"STATUS" in line and b"UNSEEN 0" in line, line
    time.sleep(0.3)
    assert hers.ok("NOOP") == []


def test_states_rise_with_it(desk):
    opened(desk, "alice")
    bob, carol = opened(desk, "bob", parameters=" (CONDSTORE)"), opened(desk, "carol", parameters=" (CONDSTORE)")
    state = int(re.search(r"HIGHESTMODSEQ (\d+)", "\n".join(bob.lines)).group(1))
    stored = told(bob, f"UID STORE 2 (UNCHANGEDSINCE {state}) +FLAGS (\\Seen)")[0]
    new = int(re.search(r"UID 2 .*MODSEQ \((\d+)\)", stored[0]).group(1))
    assert new > state
    carol.ok("NOOP")
    # Others see the state move on, with the flags they know.
    assert carol.flags()[2] == set()
    back = told(bob, f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {state})")[0]
    assert back == [f"* 2 FETCH (UID 2 FLAGS (\\Seen) MODSEQ ({new}))"]
    assert bob.uids(f"MODSEQ {new}") == [2]
    validity = int(re.search(r"UIDVALIDITY (\d+)", "\n".join(bob.lines)).group(1))
    again = log_in(desk, "bob")
    again.ok("ENABLE QRESYNC")
    lines = told(again, f'SELECT "{STEM}/desk" (QRESYNC ({validity} {state}))')[0]
    assert f"* 2 FETCH (UID 2 FLAGS (\\Seen) MODSEQ ({new}))" in lines
    assert told(bob, f"UID STORE 2 (UNCHANGEDSINCE {state}) -FLAGS (\\Seen)")[1].startswith("OK [MODIFIED 2]")


def test_messages_that_come_and_go(desk):
    bob, alice = opened(desk, "bob"), opened(desk, "alice")
    bob.append(f"{STEM}/desk", b"Subject: his\r\n\r\nx\r\n", "\\Seen \\Flagged")
    assert (seen(bob), seen(alice)) == ([1, 4], [1])
    alice.ok("NOOP")
    assert alice.flags()[4] == {"\\Flagged"}, "to her it is new"
    bob.ok(f'UID COPY 1,2,4 "{STEM}/desk"')
    assert (seen(bob), seen(alice)) == ([1, 4, 5, 7], [1, 5])
    # Into a mailbox of his own they come as he sees them; hers stay hers on a move inside the account.
    bob.ok("UID COPY 1:2 INBOX")
    mine = imap.connect(desk, desk.bob)
    mine.select("INBOX")
    assert [("\\Seen" in flags) for _, flags in sorted(mine.flags().items())][-2:] == [True, False]
    bob.ok("UID STORE 5 -FLAGS (\\Seen)")
    alice.do("DELETE other")
    alice.ok("CREATE other")
    alice.ok("SETACL other bob@example.org lrswipkxte")
    alice.ok(f'SETMETADATA other ({ENTRY} "false")')
    bob.ok(f'UID MOVE 4:5 "{STEM}/other"')
    assert (seen(opened(desk, "bob", f"{STEM}/other")), seen(opened(desk, "alice", "other"))) == ([1], [2])
    # REPLACE: the flags are those he gives.
    again = opened(desk, "bob", f"{STEM}/other")
    tag = again.start(f'UID REPLACE 1 "{STEM}/other" (\\Seen) {{12}}')
    while not again.line().startswith(b"+"):
        pass
    again.send(b"Subject: n\r\n\r\n")
    assert again.finish(tag)[0].startswith(b"OK")
    assert (seen(again), seen(opened(desk, "alice", "other"))) == ([3], [2])
    bob.ok("STORE 1:* +FLAGS.SILENT (\\Deleted)")
    bob.ok("EXPUNGE")
    assert unseen(desk, "bob") == 0
    alice.ok("DELETE other")


def test_a_mailbox_that_is_renamed_keeps_it_and_one_inside_is_alike(desk):
    bob, alice = opened(desk, "bob"), log_in(desk, "alice")
    bob.ok("STORE 2 +FLAGS (\\Seen)")
    alice.do("DELETE desk2/below")
    alice.do("DELETE desk2")
    alice.ok("RENAME desk desk2")
    assert seen(opened(desk, "bob", f"{STEM}/desk2")) == [1, 2]
    alice.ok("CREATE desk2/below")
    assert told(alice, f"GETMETADATA desk2/below {ENTRY}")[0] == [f'* METADATA desk2/below ({ENTRY} "false")']
    alice.ok("DELETE desk2/below")
    alice.ok("RENAME desk2 desk")


def test_the_choice(desk):
    alice, bob = opened(desk, "alice"), opened(desk, "bob")
    assert told(alice, f"GETMETADATA desk {ENTRY}")[0] == [f'* METADATA desk ({ENTRY} "false")']
    assert told(bob, f'SETMETADATA "{STEM}/desk" ({ENTRY} "true")')[1].startswith("NO [NOPERM]")
    assert told(alice, f'SETMETADATA desk ({ENTRY} "perhaps")')[1].startswith("NO [CANNOT]")
    bob.ok("STORE 2 +FLAGS (\\Seen)")
    # One flag for all again: what anybody has seen is seen, and open sessions hear of it.
    carol = opened(desk, "carol")
    alice.ok(f'SETMETADATA desk ({ENTRY} "TRUE")')
    assert told(carol, "NOOP")[0] == ["* 2 FETCH (UID 2 FLAGS (\\Seen))"]
    assert told(bob, "NOOP")[0] == []
    assert told(alice, f"GETMETADATA desk {ENTRY}")[0] == [f'* METADATA desk ({ENTRY} "true")']
    carol.ok("STORE 3 +FLAGS (\\Seen)")
    assert seen(alice) == seen(bob) == seen(carol) == [1, 2, 3]
    assert [unseen(desk, who) for who in ("alice", "bob", "carol")] == [0, 0, 0]
    assert opened(desk, "carol").end.startswith("OK [READ-WRITE]")
    alice.ok(f"SETMETADATA desk ({ENTRY} NIL)")
    assert told(alice, f"GETMETADATA desk {ENTRY}")[0] == [f"* METADATA desk ({ENTRY} NIL)"]


def test_the_administrator_chooses_too_for_a_groups_mailbox(house):
    config = ("--config", str(house.config_file()))
    house.command("group", "add", "crew@example.org", *config)
    for who in ("bob@example.org", "carol@example.org"):
        house.command("group", "add-member", "crew@example.org", who, *config)
    bob = log_in(house, "bob")
    bob.ok('CREATE "Shared/crew@example.org/list"')
    path = "Shared/crew@example.org/list"
    bob.append(path, b"Subject: a\r\n\r\nx\r\n")
    made = house.command("account", "seen", "own", "crew@example.org", "list", "--json", *config)
    assert json.loads(made.stdout)["seen"] == "own"
    opened(house, "bob", path).ok("STORE 1 +FLAGS (\\Seen)")
    assert (seen(opened(house, "bob", path)), seen(opened(house, "carol", path))) == ([1], [])
    assert (unseen(house, "bob", path), unseen(house, "carol", path)) == (0, 1)
    house.command("account", "seen", "shared", "crew@example.org", "list", *config)
    assert seen(opened(house, "carol", path)) == [1]
    assert house.command("account", "seen", "own", "crew@example.org", "absent", *config, check=False).returncode != 0


def test_what_is_stored_is_sound(desk):
    opened(desk, "bob").ok("STORE 1:* +FLAGS (\\Seen)")
    desk.command("fsck", "--config", str(desk.config_file()))
