"""`collegium import`: the corpus and CPython's samples come in, a second run adds nothing, bad items are told."""

import json
import mailbox
import os

import pytest

from blackbox import dav, imap, mail

STREAM = b"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//EN
BEGIN:VEVENT
UID:good-1
DTSTAMP:20260101T000000Z
DTSTART:20260105T100000Z
SUMMARY:First
END:VEVENT
BEGIN:VEVENT
UID:good-2
DTSTAMP:20260101T000000Z
DTSTART:20260105T100000Z
RRULE:FREQ=DAILY;COUNT=3
SUMMARY:Second
END:VEVENT
BEGIN:VEVENT
UID:good-2
DTSTAMP:20260101T000000Z
RECURRENCE-ID:20260106T100000Z
DTSTART:20260106T120000Z
SUMMARY:Second, moved
END:VEVENT
BEGIN:VTODO
UID:task-1
DTSTAMP:20260101T000000Z
SUMMARY:Do it
END:VTODO
END:VCALENDAR
"""


def run(server, *arguments, account=None):
    """What an import says of itself, as JSON."""
    done = server.command("import", "--json", "--config", str(server.config_file()), "--account",
                          account or server.alice[0], *arguments, timeout=200)
    return json.loads(done.stdout)


@pytest.fixture
def messages():
    found = {path.name: path.read_bytes() for path in mail.corpus()}
    made = {f"made{n}": mail.message(n, 700) for n in range(50)}
    return {**found, **made}


def test_mbox(server, tmp_path, messages):
    """Every message of an mbox, once."""
    path = tmp_path / "old.mbox"
    with open(path, "wb") as out:
        for octets in messages.values():
            body = octets.replace(b"\r\n", b"\n")
            quoted = b"\n".join(b">" + line if line.lstrip(b">").startswith(b"From ") else line
                                for line in body.split(b"\n"))
            out.write(b"From somebody@example.org Mon Jan  5 10:00:00 2026\n" + quoted.rstrip(b"\n") + b"\n\n")
    told = run(server, "--mbox", str(path), "--into", "From mbox")
    assert told["added"] + told["bad_count"] >= len(messages) - 5 and told["added"] >= 50, told
    again = run(server, "--mbox", str(path), "--into", "From mbox")
    assert again["added"] == 0 and again["present"] == told["added"] + told["present"], again
    session = imap.connect(server, server.alice)
    assert session.select("From mbox")["exists"] == told["added"]
    sizes = [int(line.split(b"RFC822.SIZE ")[1].split(b")")[0].split()[0])
             for line in session.ok("FETCH 1:* (RFC822.SIZE)")]
    bodies = [session.body(uid) for uid in session.uids()]
    assert sizes == [len(body) for body in bodies]
    session.logout()


def test_maildir(server, tmp_path):
    """Folders, flags and octets of a Maildir++."""
    box = mailbox.Maildir(tmp_path / "Maildir")
    folder = box.add_folder("Old.2025")
    for number in range(20):
        made = mailbox.MaildirMessage(mail.message(number, 600).replace(b"\r\n", b"\n"))
        made.set_subdir("cur")
        made.set_flags("FS" if number % 2 else "")
        (folder if number < 10 else box).add(made)
    told = run(server, "--maildir", str(tmp_path / "Maildir"), "--into", "From maildir")
    assert told["added"] == 20 and told["bad_count"] == 0, told
    assert run(server, "--maildir", str(tmp_path / "Maildir"), "--into", "From maildir")["added"] == 0
    session = imap.connect(server, server.alice)
    names = b"\n".join(session.ok('LIST "" "*"'))
    assert b"2025" in names
    session.select("From maildir")
    flags = session.flags()
    assert len(flags) == 10 and sum({"\\Flagged", "\\Seen"} <= f for f in flags.values()) == 5
    bodies = {session.body(uid) for uid in session.uids()}
    assert bodies == {mail.message(number, 600) for number in range(10, 20)}
    session.logout()


def test_spelling(server, tmp_path):
    """A mailbox has one name, in Unicode's form C, whichever way an import spells it."""
    path = tmp_path / "old.mbox"
    path.write_bytes(b"From x\n" + mail.message(1, 300).replace(b"\r\n", b"\n") + b"\n")
    for into, added in (("Re\u0301sume\u0301", 1), ("Re\u0301sume\u0301", 0), ("R\u00e9sum\u00e9", 0)):
        assert run(server, "--mbox", str(path), "--into", into)["added"] == added, into
    session = imap.connect(server, server.alice)
    names = session.ok('LIST "" "R%"')
    assert b"".join(names).count(b"* LIST") == 1 and b"R&AOk-sum&AOk-" in b"".join(names), names
    session.logout()


def test_calendar(server, tmp_path):
    """One stream becomes one object for each UID; a second run adds nothing."""
    path = tmp_path / "all.ics"
    path.write_bytes(STREAM.replace(b"\n", b"\r\n"))
    told = run(server, "--ics", str(path))
    assert told["added"] == 3 and told["bad_count"] == 0, told
    assert run(server, "--ics", str(path))["added"] == 0
    session = dav.connect(server, server.alice)
    answer = session.report(dav.calendars(server.alice[0]), '<C:calendar-query><D:prop><C:calendar-data/></D:prop><C:filter>'
                            '<C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>')
    assert answer.text.count("UID:good-2") == 2 and answer.text.count("BEGIN:VCALENDAR") == 2, answer
    tasks = session.report(dav.calendars(server.alice[0], "tasks"), '<C:calendar-query><D:prop><C:calendar-data/></D:prop>'
                           '<C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>')
    assert "UID:task-1" in tasks.text


def test_cards(server, tmp_path):
    path = tmp_path / "all.vcf"
    path.write_bytes(b"".join(dav.card(f"import-{n}", f"Person {n}") for n in range(30)) + b"BEGIN:VCARD\r\nbroken\r\n")
    told = run(server, "--vcf", str(path))
    assert told["added"] == 30 and told["bad_count"] == 1 and told["bad"], told
    assert run(server, "--vcf", str(path))["added"] == 0


@pytest.mark.parametrize("kind,option", [("ical", "--ics"), ("vcard", "--vcf")])
def test_corpus(server, kind, option):
    """Every file of the corpus is taken or told; nothing is lost between the two, and none ends the server."""
    files = mail.corpus(kind)
    taken = 0
    for path in files:
        told = run(server, option, str(path), account=server.bob[0])
        taken += told["added"] + told["present"]
        holds = any(mark in path.read_bytes() for mark in (b"BEGIN:VEVENT", b"BEGIN:VTODO", b"BEGIN:VJOURNAL", b"BEGIN:VCARD"))
        assert told["added"] + told["present"] + told["bad_count"] > 0 or not holds, path.name
    assert taken >= len(files) // 2
    assert server.process.poll() is None


def test_tree(server, tmp_path):
    """A directory of files, with odd names, and a change found by the second run."""
    root = tmp_path / "tree"
    (root / "sub é" / "deep").mkdir(parents=True)
    for name in ("a.txt", "sub é/ü%.bin", "sub é/deep/x y.dat"):
        (root / name).write_bytes(os.urandom(5000))
    told = run(server, "--dir", str(root), "--into", "Imported")
    assert told["added"] == 3, told
    assert run(server, "--dir", str(root), "--into", "Imported")["added"] == 0
    session = dav.connect(server, server.alice)
    answer = session.get(dav.files(server.alice[0], "Imported/sub%20%C3%A9/deep/x%20y.dat"))
    assert answer.body == (root / "sub é/deep/x y.dat").read_bytes()


def test_nobody(server, tmp_path):
    """An account that is not there is one mistake."""
    path = tmp_path / "x.vcf"
    path.write_bytes(dav.card("x"))
    done = server.command("import", "--config", str(server.config_file()), "--account", "nobody@example.org", "--vcf",
                          str(path), check=False)
    assert done.returncode != 0 and "nobody@example.org" in done.stdout + done.stderr
