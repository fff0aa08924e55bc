"""export with the real binary: running and stopped the same, read back by import, past damage."""

import base64
import json
import os

import pytest

from blackbox import dav, imap, server as servers
from blackbox.mail import message


@pytest.fixture(scope="module")
def own():
    made = servers.Server().start()
    try:
        session = imap.connect(made, made.alice)
        session.ok('CREATE "Work/a.b"')
        for number in range(4):
            session.append("INBOX", message(number, size=400 if number % 2 else 30_000))
        session.append("Work/a.b", b"Subject: rot\r\n\r\n" + base64.encodebytes(os.urandom(30_000)))
        session.ok("SELECT INBOX")
        session.ok(r"STORE 2 +FLAGS (\Flagged $Work)")
        session.logout()
        browser = dav.connect(made, made.alice)
        assert browser.put(dav.calendars(made.alice[0]) + "e.ics", dav.event("e")).status == 201
        assert browser.put(dav.addressbooks(made.alice[0]) + "c.vcf", dav.card("c")).status == 201
        assert browser.put(dav.files(made.alice[0], "plain"), b"x" * 700_000).status == 201
        browser.close()
        yield made
    finally:
        made.dispose()


def export(server, to, *arguments, check=True):
    done = server.command("export", "--to", str(to), *arguments, "--json", "--config", str(server.config_file()),
                          check=check, timeout=120)
    return done, {one["account"]: one for one in json.loads(done.stdout)}


def tree(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_running_and_stopped_export_the_same(own, tmp_path):
    _, running = export(own, tmp_path / "running")
    own.stop()
    _, stopped = export(own, tmp_path / "stopped")
    own.restart()
    assert running == stopped
    told = tree(tmp_path / "running")
    assert told == tree(tmp_path / "stopped")
    own_files = {name for name in told if name.startswith("alice@example.org/")}
    assert running["alice@example.org"]["items"] == 8 and running["alice@example.org"]["damaged"] == []
    for wanted in ("calendars/default/e.ics", "contacts/default/c.vcf", "files/plain", "manifest.jsonl"):
        assert f"alice@example.org/{wanted}" in own_files
    assert told["alice@example.org/calendars/default/e.ics"] == dav.event("e")
    assert any("/mail/.Work.a&AC4-b/cur/" in name for name in own_files)
    assert any(name.endswith(":2,Fa") for name in own_files), "flags and keywords are in the names"


def test_what_was_exported_is_imported(own, tmp_path):
    export(own, tmp_path / "out", "--account", own.alice[0])
    mail = tmp_path / "out" / own.alice[0] / "mail"
    done = own.command("import", "--account", own.bob[0], "--maildir", str(mail), "--json", "--config",
                       str(own.config_file()))
    assert json.loads(done.stdout)["added"] == 5
    told = []
    for account in (own.alice, own.bob):
        session = imap.connect(own, account)
        session.ok("EXAMINE INBOX")
        told.append([session.body(uid) for uid in session.uids()])
        assert any(b"$Work" in line for line in session.ok("FETCH 2 FLAGS") if isinstance(line, bytes))
        session.ok('EXAMINE "Work/a.b"')
        session.logout()
    assert told[0] == told[1]


def test_mbox_has_every_message(own, tmp_path):
    export(own, tmp_path / "out", "--account", own.alice[0], "--format", "mbox")
    text = (tmp_path / "out" / own.alice[0] / "mail" / "INBOX.mbox").read_bytes()
    assert text.count(b"\nFrom collegium ") + text.startswith(b"From collegium ") == 4


def test_a_directory_that_is_there_is_refused(own, tmp_path):
    done = own.command("export", "--to", str(tmp_path), "--config", str(own.config_file()), check=False)
    assert done.returncode == 1 and "exists" in done.stderr


def test_damage_is_told_and_passed_over(own, tmp_path):
    own.stop()
    segment = sorted((own.data / "blobs").glob("*.seg"))[0]
    octets = bytearray(segment.read_bytes())
    octets[5_000] ^= 4
    segment.write_bytes(octets)
    done, told = export(own, tmp_path / "out", check=False)
    assert done.returncode == 1 and "passed over" in done.stderr
    damaged = told[own.alice[0]]["damaged"]
    assert [one["place"] for one in damaged] == ["INBOX/1"] and told[own.alice[0]]["items"] == 7
    lines = [json.loads(line) for line in
             (tmp_path / "out" / own.alice[0] / "manifest.jsonl").read_text().splitlines()]
    assert any(line["type"] == "damaged" and line["place"] == "INBOX/1" for line in lines)
