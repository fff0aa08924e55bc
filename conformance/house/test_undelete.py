"""What was removed or overwritten comes back: messages, objects, versions, collections, accounts; a hold keeps it."""

import pytest

from blackbox import dav, imap, server as servers
from blackbox.mail import message
from blackbox.shell import Shell

ALICE = "alice@example.org"


@pytest.fixture
def shell(server):
    return Shell(server)


@pytest.fixture
def session(server):
    session = imap.connect(server, server.alice)
    yield session
    session.logout()


def listed(shell, **wanted):
    rows = shell.json("undelete", "list", "--account", ALICE)
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def test_expunged_messages_come_back(server, shell, session):
    session.ok("CREATE box")
    bodies = [message(number, size=size) for number, size in enumerate((500, 9_000, 400_000))]
    for body in bodies:
        session.append("box", body, "\\Seen $Kept")
    validity = session.select("box")["uidvalidity"]
    session.ok("STORE 1:2 +FLAGS.SILENT (\\Deleted)")
    session.ok("EXPUNGE")
    rows = listed(shell, collection="box")
    assert [(row["kind"], row["what"], row["name"], row["bytes"]) for row in rows] == [
        ("message", "removed", str(uid), len(bodies[uid - 1])) for uid in (1, 2)]
    shown = shell.json("account", "show", ALICE)
    assert shown["deleted_count"] >= 2 and shown["deleted_bytes"] >= len(bodies[0]) + len(bodies[1])
    done = shell.json("undelete", "restore", "--account", ALICE, str(rows[0]["id"]), str(rows[1]["id"]))
    assert [(row["state"], row["as"]) for row in done] == [("restored", "4"), ("restored", "5")]
    assert session.select("box")["uidvalidity"] == validity
    assert session.uids() == [3, 4, 5]
    assert [session.body(uid) for uid in (4, 5)] == bodies[:2]
    assert session.flags()[4] >= {"\\Seen", "$Kept"} and "\\Deleted" not in session.flags()[4]
    assert listed(shell, collection="box") == []
    assert "not found" in shell.refused("undelete", "restore", "--account", ALICE, str(rows[0]["id"]))


def test_a_move_is_no_removal(server, shell, session):
    session.ok("CREATE from")
    session.ok("CREATE to")
    session.append("from", message(1))
    session.select("from")
    session.ok("MOVE 1 to")
    assert listed(shell, collection="from") == []


def test_a_mailbox_comes_back_whole(server, shell, session):
    session.ok("CREATE gone/inner")
    bodies = [message(number, size=30_000) for number in range(30)]
    for body in bodies:
        session.append("gone/inner", body)
    validity = session.select("gone/inner")["uidvalidity"]
    session.ok("UNSELECT")
    session.ok("DELETE gone/inner")
    row, = listed(shell, kind="mailbox")
    assert (row["collection"], row["count"]) == ("gone/inner", 30)
    # A second of its name in between.
    session.ok("CREATE gone/inner")
    later = session.select("gone/inner")["uidvalidity"]
    session.ok("UNSELECT")
    session.ok("DELETE gone/inner")
    done = shell.json("undelete", "restore", "--account", ALICE, str(row["id"]))
    assert (done[0]["state"], done[0]["as"]) == ("restored", "inner")
    selected = session.select("gone/inner")
    assert selected["uidvalidity"] > max(validity, later)
    assert [session.body(uid) for uid in session.uids()] == bodies


def test_files_versions_and_folders(server, shell):
    client = dav.connect(server, server.alice)
    path = dav.files(ALICE, "/note.txt")
    for text in (b"one", b"two", b"x" * 100_000):
        assert client.put(path, text).status in (201, 204)
    assert client.delete(path).status == 204
    rows = listed(shell, kind="file", name="note.txt")
    assert [(row["what"], row["bytes"]) for row in rows] == [("overwritten", 3), ("overwritten", 3), ("removed", 100_000)]
    shell("undelete", "restore", "--account", ALICE, str(rows[2]["id"]))
    assert client.get(path).body == b"x" * 100_000
    assert "1 did not come back" in shell.refused("undelete", "restore", "--account", ALICE, str(rows[0]["id"]))
    shell("undelete", "restore", "--account", ALICE, str(rows[0]["id"]), "--replace")
    assert client.get(path).body == b"one"
    folder = dav.files(ALICE, "/tree")
    assert client.do("MKCOL", folder).status == 201
    assert client.do("MKCOL", folder + "/deep").status == 201
    assert client.put(folder + "/deep/file", b"deep").status == 201
    assert client.delete(folder).status == 204
    assert client.get(folder + "/deep/file").status == 404
    row, = listed(shell, kind="folder", name="tree")
    shell("undelete", "restore", "--account", ALICE, str(row["id"]))
    assert client.get(folder + "/deep/file").body == b"deep"
    client.close()


def test_an_event_and_its_versions(server, shell):
    client = dav.connect(server, server.alice)
    path = dav.calendars(ALICE) + "e.ics"
    first, second = dav.event("undelete-1", summary="First"), dav.event("undelete-1", summary="Second")
    assert client.put(path, first, "text/calendar").status == 201
    token = client.sync(dav.calendars(ALICE)).sync_token()
    assert client.put(path, second, "text/calendar").status == 204
    assert client.delete(path).status == 204
    version, removed = listed(shell, kind="calendar object", name="e.ics")
    shell("undelete", "restore", "--account", ALICE, str(removed["id"]))
    assert "Second" in client.get(path).text
    shell("undelete", "restore", "--account", ALICE, str(version["id"]), "--replace")
    assert "First" in client.get(path).text
    assert "e.ics" in client.sync(dav.calendars(ALICE), token).text
    client.close()


def test_a_removed_account_comes_back_with_everything(server, shell):
    made = shell.json("account", "add", "ruth@example.org", "--quota", "10M")
    session = imap.connect(server, ("ruth@example.org", made["password"]))
    session.append("INBOX", message(7, size=50_000))
    session.logout()
    shell("account", "remove", "ruth@example.org")
    assert "not found" in shell.refused("account", "show", "ruth@example.org")
    shell("collect")
    back, = shell.json("undelete", "restore", "--account", "ruth@example.org")
    assert back["id"] == made["id"] and back["password"] != made["password"]
    session = imap.connect(server, ("ruth@example.org", back["password"]))
    session.select("INBOX")
    assert session.body(1) == message(7, size=50_000)
    session.logout()
    assert shell.json("account", "show", "ruth@example.org")["quota_bytes"] == 10 << 20


def test_what_is_kept_holds_together(server, shell):
    assert shell.json("fsck", "--bytes") == []
    assert shell.json("collect")["segment_count"] >= 0
    assert shell.json("fsck", "--bytes") == []


@pytest.fixture(scope="module")
def forgetful():
    """A server that keeps nothing."""
    made = servers.Server()
    try:
        yield made.start().forget()
    finally:
        made.dispose()


def test_without_a_window_nothing_is_kept_unless_on_hold(forgetful):
    shell = Shell(forgetful)
    session = imap.connect(forgetful, forgetful.alice)
    session.append("INBOX", message(1, size=300_000), "\\Deleted")
    session.select("INBOX")
    session.ok("EXPUNGE")
    assert shell.json("undelete", "list", "--account", ALICE) == []
    assert shell.json("account", "hold", "on", ALICE)["hold"] is True
    session.append("INBOX", message(2, size=300_000), "\\Deleted")
    session.select("INBOX")
    session.ok("EXPUNGE")
    session.ok("CREATE held")
    session.append("held", message(3, size=300_000))
    session.ok("DELETE held")
    session.logout()
    shell("account", "remove", ALICE)
    shell("collect")
    assert len(shell.json("undelete", "list", "--account", ALICE)) == 2
    assert shell.json("account", "hold", "off", ALICE)["hold"] is False
    shell("collect")
    assert shell.json("undelete", "list", "--account", ALICE) == []
    assert shell.json("fsck", "--bytes") == []
