"""salvage with the real binary: a store of which only segments are left, read back into a fresh installation."""

import json
import os
import shutil

import pytest

from blackbox import dav, imap, server as servers
from blackbox.mail import message


def mail(number, size):
    return message(number) + os.urandom(size).hex().encode() + b"\r\n"


@pytest.fixture(scope="module")
def lost():
    """A stopped server without its engine, with what it had acknowledged of more than 4 KiB."""
    made = servers.Server().start()
    try:
        session = imap.connect(made, made.alice)
        mails = [mail(number, size) for number, size in enumerate((10_000, 500_000, 40_000))]
        for one in mails:
            session.append("INBOX", one)
        session.logout()
        browser = dav.connect(made, made.alice)
        file = os.urandom(900_000)
        event = dav.event("long").replace(b"END:VEVENT", b"DESCRIPTION:" + b"x" * 6_000 + b"\r\nEND:VEVENT")
        newer = event.replace(b"DESCRIPTION:", b"DESCRIPTION:newer ")
        assert browser.put(dav.files(made.alice[0], "big"), file).status == 201
        assert browser.put(dav.calendars(made.alice[0]) + "e.ics", event).status == 201
        assert browser.put(dav.calendars(made.alice[0]) + "e.ics", newer).status == 204
        browser.close()
        made.stop()
        shutil.rmtree(made.data / "engine")
        yield made, mails, file, newer
    finally:
        made.dispose()


def salvage(server, to, *arguments, check=True):
    done = server.command("salvage", "--from", str(server.data), "--to", str(to), "--json", *arguments, check=check)
    return done, json.loads(done.stdout) if done.stdout else None


def test_everything_in_segments_comes_back(lost, tmp_path):
    server, mails, file, event = lost
    before = {path.name: path.read_bytes() for path in (server.data / "blobs").glob("*.seg")}
    _, told = salvage(server, tmp_path / "out")
    assert told["items"] == {"messages": 3, "files": 1, "calendar objects": 2}
    assert told["damaged"] == [] and told["guessed"] == 0
    assert before == {path.name: path.read_bytes() for path in (server.data / "blobs").glob("*.seg")}
    found = [path.read_bytes() for path in (tmp_path / "out" / "mail").rglob("*") if path.is_file()]
    assert sorted(found) == sorted(mails)
    other = servers.Server().start()
    try:
        for added in (5, 0):
            done = other.command("import", "--account", other.bob[0], "--tree", str(tmp_path / "out"), "--json",
                                 "--config", str(other.config_file()))
            summary = json.loads(done.stdout)
            assert (summary["added"], summary["bad"]) == (added, [])
        session = imap.connect(other, other.bob)
        session.ok("EXAMINE Salvaged")
        assert [session.body(uid) for uid in session.uids()] == mails
        dates = session.ok("FETCH 1 (INTERNALDATE ENVELOPE)")
        assert dates
        session.logout()
        browser = dav.connect(other, other.bob)
        listed = os.listdir(tmp_path / "out" / "files" / "Salvaged")
        assert browser.get(dav.files(other.bob[0], f"Salvaged/{listed[0]}")).body == file
        names = sorted(os.listdir(tmp_path / "out" / "calendars" / "Salvaged"))
        calendar = dav.calendars(other.bob[0]).replace("/default/", "/Salvaged/")
        assert browser.get(calendar + names[0]).body == event, "the last state of it"
        assert browser.get(calendar + names[1]).status == 404
        browser.close()
    finally:
        other.dispose()


def test_damage_is_told_and_the_rest_comes_back(lost, tmp_path):
    server, mails, _, _ = lost
    segment = sorted((server.data / "blobs").glob("*.seg"))[0]
    whole = segment.read_bytes()
    try:
        segment.write_bytes(whole[:3_000] + bytes([whole[3_000] ^ 4]) + whole[3_001:])
        done, told = salvage(server, tmp_path / "out", check=False)
        assert done.returncode == 1 and len(told["damaged"]) == 1
        assert told["items"]["messages"] == 2
        lines = [json.loads(line) for line in (tmp_path / "out" / "manifest.jsonl").read_text().splitlines()]
        assert any(line["type"] == "damaged" for line in lines)
    finally:
        segment.write_bytes(whole)


def test_a_store_that_is_open_or_not_there_is_refused(tmp_path):
    running = servers.Server().start()
    try:
        done, _ = salvage(running, tmp_path / "out", check=False)
        assert done.returncode == 1 and "another process" in done.stderr
        done = running.command("salvage", "--from", str(tmp_path), "--to", str(tmp_path / "out"), check=False)
        assert done.returncode == 1 and "no segments" in done.stderr
        assert not (tmp_path / "out").exists()
    finally:
        running.dispose()
