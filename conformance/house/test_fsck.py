"""fsck and its repair with the real binary: damage made on purpose, with the server stopped and running."""

import base64
import json
import os
import subprocess

import pytest

from blackbox import dav, imap, server as servers
from blackbox.mail import message

CALENDAR = "default"


def damage(server, *arguments):
    """The engine of a stopped store is hit by `storage/engine/examples/damage.rs`."""
    tool = os.path.join(os.path.dirname(servers.binary()), "examples", "damage")
    assert os.path.exists(tool), "cargo build --release -p engine --example damage makes it; conformance/run does"
    done = subprocess.run([tool, str(server.data / "engine"), *arguments], check=True, capture_output=True,
                          text=True, timeout=60)
    return done.stdout.split()


def fsck(server, *arguments, check=True):
    done = server.command("fsck", *arguments, "--json", "--config", str(server.config_file()), check=False,
                          timeout=120)
    assert not check or done.returncode == 0, (done.stdout, done.stderr)
    return json.loads(done.stdout)


def fill(server):
    session = imap.connect(server, server.alice)
    session.ok('CREATE "Work/2026"')
    for number in range(6):
        session.append("INBOX", message(number, size=500 if number % 2 else 30_000))
    session.ok("SELECT INBOX")
    session.ok('COPY 1:3 "Work/2026"')
    session.ok(r"STORE 2 +FLAGS (\Flagged)")
    session.ok(r"STORE 4 +FLAGS (\Deleted)")
    session.ok("EXPUNGE")
    session.logout()
    browser = dav.connect(server, server.alice)
    for day in (5, 17):
        path = f"/dav/calendars/{server.alice[0]}/{CALENDAR}/e{day}.ics"
        assert browser.put(path, dav.event(f"e{day}", f"202601{day:02}T100000Z", f"202601{day:02}T110000Z")).status == 201
    assert browser.put(dav.files(server.alice[0], "big"), b"x" * 700_000).status == 201
    assert browser.put(dav.files(server.alice[0], "small"), b"y" * 70).status == 201
    browser.close()


def served(server):
    """What clients see: every message with its flags, every object, and what is found by time."""
    shown = {}
    session = imap.connect(server, server.alice)
    for mailbox in ("INBOX", "Work/2026"):
        session.ok(f'EXAMINE "{mailbox}"')
        lines = session.ok("UID FETCH 1:* (FLAGS RFC822.SIZE INTERNALDATE ENVELOPE BODY.PEEK[])")
        # \\Recent is for the first session that sees a message.
        shown[mailbox] = [line.replace(b"\\Recent", b"").replace(b"( ", b"(").replace(b" )", b")")
                          if isinstance(line, bytes) else line for line in lines]
    session.logout()
    browser = dav.connect(server, server.alice)
    for name in ("big", "small"):
        reply = browser.get(dav.files(server.alice[0], name))
        shown[name] = (reply.status, reply.headers.get("etag"), len(reply.body))
    calendar = f"/dav/calendars/{server.alice[0]}/{CALENDAR}/"
    report = """<C:calendar-query>
      <D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
      <C:time-range start="20260104T000000Z" end="20260106T000000Z"/></C:comp-filter></C:comp-filter></C:filter>
      </C:calendar-query>"""
    shown["query"] = sorted(browser.report(calendar, report).multistatus())
    for day in (5, 17):
        shown[day] = browser.get(f"{calendar}e{day}.ics").body
    browser.close()
    return shown


@pytest.fixture(scope="module")
def own():
    made = servers.Server().start()
    try:
        fill(made)
        yield made
    finally:
        made.dispose()


def test_a_sound_store_has_no_faults(own):
    assert fsck(own, "--bytes") == []
    repaired = fsck(own, "--repair", "--bytes")
    assert repaired == {"found_count": 0, "remaining": [], "notes": [], "damaged": []}


@pytest.mark.parametrize("runs", [False, True], ids=["stopped", "running"])
@pytest.mark.parametrize("tables", [
    ["Child", "Changed"], ["ByUid", "Time", "Blob", "BlobRef"], ["Collection"], ["Account"],
], ids="-".join)
def test_derived_tables_are_made_anew(own, tables, runs):
    before = served(own)
    own.stop()
    for table in tables:
        damage(own, "drop", table)
    if runs:
        own.restart()
    found = fsck(own, check=False)
    assert found, "damage that is not found"
    repaired = fsck(own, "--repair")
    assert repaired["remaining"] == [] and repaired["found_count"] > 0
    assert fsck(own, "--bytes") == []
    if not runs:
        own.restart()
    assert served(own) == before


def test_a_lost_row_of_an_item_costs_its_flags_only(own):
    own.stop()
    for key in damage(own, "list", "Item"):
        damage(own, "rubbish", "Item", key)
        break
    repaired = fsck(own, "--repair")
    assert repaired["remaining"] == [] and any("made anew" in note["note"] for note in repaired["notes"])
    own.restart()
    assert fsck(own, "--bytes") == []


def test_rotten_octets_are_named_kept_and_dropped_when_asked():
    made = servers.Server().start()
    try:
        session = imap.connect(made, made.alice)
        session.append("INBOX", message(1, size=500))
        session.append("INBOX", b"Subject: the rotten one\r\n\r\n" + base64.encodebytes(os.urandom(30_000)))
        session.append("INBOX", message(3, size=30_000))
        session.logout()
        made.stop()
        segment = sorted((made.data / "blobs").glob("*.seg"))[0]
        octets = bytearray(segment.read_bytes())
        # The first frame is the second message: the first one is small enough to lie in the engine.
        octets[5_000] ^= 4
        segment.write_bytes(octets)
        found = made.command("fsck", "--bytes", "--config", str(made.config_file()), check=False)
        assert found.returncode == 1 and "the rotten one" in found.stdout and "INBOX" in found.stdout
        kept = fsck(made, "--repair", "--bytes", check=False)
        assert [item["subject"] for item in kept["damaged"]] == ["the rotten one"]
        assert kept["damaged"][0]["name"] == "2"
        made.restart()
        session = imap.connect(made, made.alice)
        session.ok("SELECT INBOX")
        assert len(session.ok("UID FETCH 1,3 BODY.PEEK[]")) >= 2
        session.logout()
        dropped = fsck(made, "--repair", "--bytes", "--drop-damaged")
        assert dropped["remaining"] == []
        assert fsck(made, "--bytes") == []
        session = imap.connect(made, made.alice)
        told = b" ".join(line if isinstance(line, bytes) else bytes(str(line), "utf-8")
                         for line in session.ok("STATUS INBOX (MESSAGES UIDNEXT)"))
        assert b"MESSAGES 2" in told and b"UIDNEXT 4" in told, told
        session.logout()
    finally:
        made.dispose()
