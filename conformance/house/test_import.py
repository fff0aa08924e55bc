"""Import of real mail, calendars, cards and files, twice, with the server running and stopped."""

import json
import mailbox
import os
import pathlib
import re
import shutil
import subprocess
import test.test_email
import time

import pytest

from blackbox import dav, imap, server as servers

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
CPYTHON = pathlib.Path(test.test_email.__file__).parent / "data"


@pytest.fixture(scope="module", params=["running", "stopped"])
def place(request):
    """A server and whether it runs while things are imported."""
    made = servers.Server().start()
    made.runs = request.param == "running"
    try:
        if not made.runs:
            made.stop()
        yield made
    finally:
        made.dispose()


def crlf(data):
    """A bare LF becomes a line end of the wire; a bare CR is the message's own."""
    return re.sub(rb"(?<!\r)\n", b"\r\n", data)


def bring(server, *arguments, account="alice@example.org"):
    done = server.command("import", "--account", account, *map(str, arguments), "--json", "--config",
                          str(server.config_file()), timeout=300)
    return json.loads(done.stdout)


def twice(server, *arguments, account="alice@example.org"):
    """Imports twice; the second run finds everything there."""
    first = bring(server, *arguments, account=account)
    second = bring(server, *arguments, account=account)
    assert second["added"] == 0
    assert second["present"] == first["added"] + first["present"]
    assert second["bad_count"] == first["bad_count"]
    return first


class Opened:
    """The server runs inside, whatever it did before."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        if not self.server.runs:
            self.server.restart()
        return self.server

    def __exit__(self, *_):
        if not self.server.runs:
            self.server.stop()


def real_messages():
    found = [path.read_bytes() for path in sorted((DATA / "mail").glob("*.eml"))]
    found += [path.read_bytes() for path in sorted(CPYTHON.glob("msg_*.txt"))]
    assert len(found) > 140
    return [data for data in found if data]


def bodies(server, path, account=None):
    session = imap.connect(server, account or server.alice)
    session.select(path)
    found = [session.body(uid) for uid in session.uids()]
    flags = session.flags() if found else {}
    session.logout()
    return found, flags


def test_maildir_with_folders_and_flags(place, tmp_path):
    top = tmp_path / "Maildir"
    for folder in ("cur", "new", "tmp", ".Work.2026/cur", ".Work.2026/new", ".Entw&APw-rfe/cur"):
        (top / folder).mkdir(parents=True)
    messages = real_messages()
    for number, data in enumerate(messages):
        (top / "cur" / f"{1000 + number}.x:2,{'S' if number % 2 else ''}").write_bytes(data)
    (top / ".Work.2026" / "dovecot-keywords").write_text("0 $Label1\n")
    old = top / ".Work.2026" / "cur" / "1.y:2,FRa"
    old.write_bytes(b"Subject: old\n\nold\n")
    os.utime(old, (1_000_000_000, 1_000_000_000))
    (top / ".Entw&APw-rfe" / "cur" / "1.z").write_bytes(b"Subject: draft\n\n")
    (top / "new" / "9999.empty").write_bytes(b"")
    told = twice(place, "--maildir", top)
    distinct = {crlf(data) for data in messages}
    assert told["added"] == len(distinct) + 2 and told["bad_count"] == 1
    with Opened(place) as server:
        found, flags = bodies(server, "INBOX")
        # IMAP has no form for NUL but in BINARY.
        assert set(found) == {data.replace(b"\0", b"\x80") for data in distinct}
        assert sum("\\Seen" in each for each in flags.values()) > 50
        found, flags = bodies(server, "Work/2026")
        assert found == [b"Subject: old\r\n\r\nold\r\n"]
        assert flags == {1: {"\\Flagged", "\\Answered", "$Label1"}}
        session = imap.connect(server, server.alice)
        session.select("Work/2026")
        assert b"09-Sep-2001 01:46:40" in session.ok("FETCH 1 INTERNALDATE")[0]
        assert session.select("Entw&APw-rfe")["exists"] == 1
        session.logout()


def test_mbox(place, tmp_path):
    box = mailbox.mbox(tmp_path / "mbox", create=True)
    messages = [data for data in real_messages() if b"\nFrom " not in data and b"\n>From " not in data]
    for data in messages:
        box.add(data)
    box.add(b"Subject: quoted\nStatus: RO\n\n>From is unquoted\n")
    box.flush()
    told = twice(place, "--mbox", tmp_path / "mbox", "--into", "Old/Mail")
    assert told["bad_count"] == 0
    assert told["added"] + told["present"] == len(messages) + 1
    with Opened(place) as server:
        found, flags = bodies(server, "Old/Mail")
        quoted = [body for body in found if b"Subject: quoted" in body]
        assert quoted == [b"Subject: quoted\r\nStatus: RO\r\n\r\n>From is unquoted\r\n"] or \
            quoted == [b"Subject: quoted\r\nStatus: RO\r\n\r\nFrom is unquoted\r\n"]
        assert "\\Seen" in flags[max(flags)]
    done = place.command("import", "--account", "alice@example.org", "--mbox", str(DATA / "mail" / "rfc-000.eml"),
                         "--config", str(place.config_file()))
    assert "0 added" in done.stdout and "From " in done.stderr


def test_calendars(place, tmp_path):
    whole = tmp_path / "all.ics"
    whole.write_bytes(b"".join(path.read_bytes() for path in sorted((DATA / "ical").glob("*.ics"))))
    told = twice(place, "--ics", whole)
    assert told["added"] > 3000 and told["bad_count"] < 250
    assert all(bad["item"] and bad["error"] for bad in told["bad"])
    broken = tmp_path / "broken.ics"
    broken.write_text("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:fine\nDTSTAMP:20260101T000000Z\n"
                      "DTSTART:20260101T000000Z\nEND:VEVENT\nBEGIN:VEVENT\nUID:broken\nrubbish\nEND:VEVENT\n"
                      "BEGIN:VTODO\nUID:do\nDTSTAMP:20260101T000000Z\nSUMMARY:do\nEND:VTODO\nEND:VCALENDAR\n")
    told = twice(place, "--ics", broken)
    assert (told["added"], told["bad_count"]) == (2, 1)
    with Opened(place) as server:
        session = dav.connect(server, server.alice)
        answer = session.get(dav.calendars(server.alice[0]) + "fine.ics")
        assert answer.status == 200 and b"UID:fine\r\n" in answer.body
        assert session.get(dav.calendars(server.alice[0], "tasks") + "do.ics").status == 200
        session.close()


def test_cards(place, tmp_path):
    whole = tmp_path / "all.vcf"
    whole.write_bytes(b"".join(path.read_bytes() for path in sorted((DATA / "vcard").glob("*.vcf"))))
    told = twice(place, "--vcf", whole)
    assert told["added"] > 60
    assert all(bad["error"] for bad in told["bad"])


def test_a_tree_of_files(place, tmp_path):
    top = tmp_path / "tree"
    (top / "deep" / "er").mkdir(parents=True)
    (top / "big").write_bytes(os.urandom(5_000_000))
    (top / "deep" / "er" / "ödd %20#?&;'.txt").write_text("odd")
    (top / "empty").write_bytes(b"")
    (top / "link").symlink_to("/etc/passwd")
    os.utime(top / "empty", (1_000_000_000, 1_000_000_000))
    told = twice(place, "--dir", top)
    assert (told["added"], told["bad_count"]) == (3, 1)
    (top / "empty").write_bytes(b"no longer")
    changed = bring(place, "--dir", top)
    assert (changed["added"], changed["present"], changed["bad_count"]) == (0, 2, 2)
    with Opened(place) as server:
        session = dav.connect(server, server.alice)
        assert session.get(dav.files(server.alice[0], "big")).body == (top / "big").read_bytes()
        name = "deep/er/%C3%B6dd%20%2520%23%3F%26%3B'.txt"
        assert session.get(dav.files(server.alice[0], name)).body == b"odd"
        assert session.get(dav.files(server.alice[0], "empty")).body == b"", "what was there stays"
        session.close()
    shutil.rmtree(top)


def test_what_cannot_be_imported_is_told(place, tmp_path):
    config = ["--config", str(place.config_file())]
    for arguments in (["--account", "nobody@example.org", "--mbox", str(DATA / "mail" / "rfc-000.eml")],
                      ["--account", "alice@example.org", "--mbox", str(tmp_path / "gone")],
                      ["--account", "alice@example.org", "--maildir", str(tmp_path)],
                      ["--account", "alice@example.org", "--dir", str(tmp_path / "gone")]):
        done = place.command("import", *arguments, *config, check=False)
        assert done.returncode == 1 and done.stderr.strip(), arguments
    done = place.command("import", "--account", "alice@example.org", *config, check=False)
    assert done.returncode == 2


def ics_of(count, path):
    """A calendar of so many events."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x"]
    for number in range(count):
        lines += ["BEGIN:VEVENT", f"UID:event-{number}", "DTSTAMP:20260101T000000Z", "DTSTART:20260101T000000Z",
                  f"SUMMARY:{number}", "END:VEVENT"]
    path.write_text("\r\n".join([*lines, "END:VCALENDAR", ""]))
    return path


@pytest.mark.parametrize("victim", ["import", "server"])
def test_an_import_that_was_cut_off_goes_on(tmp_path, victim):
    """Killed in the middle, on either side: the same command again brings the rest, and nothing twice."""
    whole = ics_of(8000, tmp_path / "all.ics")
    made = servers.Server().start()
    try:
        arguments = [servers.binary(), "import", "--account", "alice@example.org", "--ics", str(whole), "--config",
                     str(made.config_file())]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        session = dav.connect(made, made.alice)
        while len(session.sync(dav.calendars(made.alice[0])).multistatus()) < 20 and process.poll() is None:
            pass
        session.close()
        assert process.poll() is None, "too quick to be cut off"
        if victim == "server":
            made.kill()
            _, told = process.communicate(timeout=60)
            assert process.returncode == 1 and "run the same command again" in told, told
            made.restart()
        else:
            process.kill()
            process.communicate()
        told = bring(made, "--ics", whole)
        assert 0 < told["present"] < 8000 and told["added"] + told["present"] == 8000, told
        assert bring(made, "--ics", whole)["present"] == 8000
        session = dav.connect(made, made.alice)
        listed = session.propfind(dav.calendars(made.alice[0]), "getetag", depth=1).multistatus()
        assert len(listed) == 8001
        session.close()
        assert made.command("fsck", "--bytes", "--config", str(made.config_file())).returncode == 0
    finally:
        made.dispose()
