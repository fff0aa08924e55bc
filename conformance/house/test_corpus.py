"""Stores that earlier builds have written, opened by this one: everything is there and means what it meant, old sync
tokens are answered, and writing goes on over the old records.

`corpus/make BINARY VERSION` adds a store; see there.
"""

import json
import urllib.parse

import pytest

from blackbox import dav, imap, stores
from blackbox.mail import message

VERSIONS = stores.versions()


def test_there_is_a_corpus():
    assert "0.1.0" in VERSIONS
    for version in VERSIONS:
        assert (stores.CORPUS / f"{version}.tar.xz").stat().st_size < 1 << 20


@pytest.fixture(scope="module", params=VERSIONS)
def kept(request):
    """A store of the corpus with its listing, served by the present binary."""
    made = stores.Kept().unpack(request.param)
    made.told = json.loads((stores.CORPUS / f"{request.param}.json").read_text())
    try:
        made.stopped_queue = made.json("queue", "list")
        yield made.start()
    finally:
        made.dispose()


def account(kept, address):
    return address, kept.told["passwords"][address]


def looked(kept):
    return stores.look(kept, [account(kept, address) for address in kept.told["seen"]])


def fsck(kept):
    assert kept.json("fsck", "--bytes") == []


def covers(told, now, where=""):
    """Everything that was told is still so; a later build may tell more."""
    if isinstance(told, dict):
        for key, value in told.items():
            assert key in now, f"{where}/{key} is gone"
            covers(value, now[key], f"{where}/{key}")
    elif isinstance(told, list):
        assert len(told) == len(now), where
        for number, (old, new) in enumerate(zip(told, now)):
            covers(old, new, f"{where}/{number}")
    else:
        assert told == now, f"{where}: {told!r} became {now!r}"


def test_what_was_in_flight_is_in_flight(kept):
    told = kept.told["queue"]
    assert [{key: entry[key] for key in ("id", "sender", "bytes")} for entry in kept.stopped_queue] == told


def test_everything_is_there(kept):
    covers(kept.told["seen"], looked(kept))
    fsck(kept)


def test_the_directory_is_what_it_was(kept):
    for noun in ("accounts", "aliases", "domains"):
        covers(kept.told[noun], kept.json(noun.removesuffix("s").replace("aliase", "alias"), "list"))
    for group in kept.told["groups"]:
        covers(group, kept.json("group", "show", group["address"]))
    kept.imap(kept.told["app_password"]).logout()
    with pytest.raises(imap.ImapError):
        kept.imap((kept.told["app_password"][0], "corpus-password-of-nobody"))


def test_old_sync_tokens_tell_what_they_told(kept):
    alice = account(kept, "alice@example.org")
    for old in kept.told["sync"]:
        now = stores.changes(kept, alice, old["href"], old["from"])
        assert now == {"token": old["token"], "told": old["told"]}, old["href"]
    session, href = kept.dav(alice), old["href"]
    place, _, number = old["token"].rpartition(":")
    beyond = session.sync(urllib.parse.quote(href), f"{place}:{int(number) + 1000}")
    assert beyond.status == 403 and b"valid-sync-token" in beyond.body
    session.close()


def test_old_indexes_answer(kept):
    alice, calendar = account(kept, "alice@example.org"), dav.calendars("alice@example.org")
    assert stores.month(kept, alice, calendar, "20260101T000000Z", "20260201T000000Z") == kept.told["january"]
    assert stores.month(kept, alice, calendar, "20300101T000000Z", "20310101T000000Z") == kept.told["2030"]
    session = kept.dav(alice)
    taken = session.put(calendar + "again.ics", dav.event("weekly@corpus"), "text/calendar")
    assert taken.status in (403, 409), "the UID of an old event is taken"
    session.close()


def write_mail(kept, alice):
    """Over old records: flags, copies and moves of old messages; beside them: new ones."""
    told = kept.told["seen"][alice[0]]["mail"]["INBOX"]
    session = kept.imap(alice)
    assert session.append("INBOX", message(77, 9_000)) == (told["uidvalidity"], told["uidnext"])
    session.select("INBOX")
    session.ok("UID STORE 1 -FLAGS (Later)")
    session.ok("UID COPY 4 Sent")
    session.ok("UID MOVE 5 Junk")
    assert "Later" not in session.flags("1")[1]
    session.select("Sent")
    (copied,) = session.uids()
    assert stores.digest(session.body(copied)) == told["messages"]["4"]["octets"]
    session.logout()


def write_objects(kept, alice):
    """The same for objects; the old token of the calendar then tells exactly what happened since."""
    calendar, drive = dav.calendars(alice[0]), dav.files(alice[0])
    session = kept.dav(alice)
    assert session.put(calendar + "weekly.ics", dav.event("weekly@corpus", summary="No more"), "text/calendar").status == 204
    assert session.put(calendar + "new.ics", dav.event("new@corpus"), "text/calendar").status == 201
    assert session.delete(calendar + "forever.ics").status == 204
    assert session.do("COPY", drive + "a", headers={"Destination": f"http://127.0.0.1{drive}copied"}).status == 201
    assert session.put(drive + "a/past", b"replaced").status == 204
    session.close()
    (last,) = [old["token"] for old in kept.told["sync"] if old["href"] == calendar]
    told = stores.changes(kept, alice, calendar, last)["told"]
    assert {name.rpartition("/")[2]: etag is not None for name, etag in told.items()} == {
        "weekly.ics": True, "new.ics": True, "forever.ics": False}


def test_writing_goes_on(kept):
    """Comes last in this file: it changes the store. After it, a kill and a stop, everything is found again."""
    alice = account(kept, "alice@example.org")
    write_mail(kept, alice)
    write_objects(kept, alice)
    fsck(kept)
    kept.command("account", "set", "bob@example.org", "--name", "Robert")
    kept.command("collect")
    before = looked(kept)
    for kill in (True, False):
        kept.end(kill=kill)
        kept.start()
        covers(before, looked(kept))
        fsck(kept)
    assert kept.json("account", "show", "bob@example.org")["name"] == "Robert"
    assert kept.end() == 0
