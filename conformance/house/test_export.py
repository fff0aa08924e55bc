"""export with the real binary: running and stopped the same, into a stream too, read back by import, past damage."""

import base64
import json
import os
import re
import socket
import subprocess
import time

import pytest

from blackbox import dav, imap, server as servers
from blackbox.mail import message

# Far more than an export may hold of it.
LARGE_BYTES = 64 << 20


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


def seen(server, account):
    """What clients see of an account, without what every arrival gives anew."""
    shown = {}
    session = imap.connect(server, account)
    session.ok('LSUB "" "*"')
    for mailbox in ("INBOX", "Work/a.b", "Twins"):
        session.ok(f'EXAMINE "{mailbox}"')
        lines = session.ok("FETCH 1:* (FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])")
        shown[mailbox] = [line.replace(b"\\Recent", b"").replace(b"( ", b"(").replace(b" )", b")")
                          if isinstance(line, bytes) else line for line in lines]
    session.logout()
    browser = dav.connect(server, account)
    for path in (dav.calendars(account[0]) + "e.ics", dav.addressbooks(account[0]) + "c.vcf",
                 dav.files(account[0], "plain"), dav.files(account[0], "deep/inner.txt")):
        reply = browser.get(path)
        kept = {name: reply.headers.get(name) for name in ("etag", "content-type", "last-modified")}
        shown[path.replace(account[0], "")] = (reply.status, kept, reply.body)
    for path in (f"/dav/calendars/{account[0]}/trips/", dav.files(account[0], "plain")):
        asked = ('<propfind xmlns="DAV:"><prop><displayname/><note xmlns="urn:x"/></prop></propfind>')
        shown["properties", path.replace(account[0], "")] = \
            browser.do("PROPFIND", path, asked, depth=0).body.replace(account[0].encode(), b"")
    browser.close()
    return shown


@pytest.mark.parametrize("format", ["maildir", "mbox"])
def test_an_export_becomes_the_same_account_again(own, tmp_path, format):
    session = imap.connect(own, own.alice)
    if b"Twins" not in b"".join(line for line in session.ok('LIST "" "*"') if isinstance(line, bytes)):
        session.ok("CREATE Twins")
        for _ in range(2):
            session.append("Twins", message(1, size=20_000))
        browser = dav.connect(own, own.alice)
        made = f"/dav/calendars/{own.alice[0]}/trips/"
        assert browser.do("MKCALENDAR", made).status == 201
        named = ('<propertyupdate xmlns="DAV:"><set><prop><displayname>Trips</displayname></prop></set>'
                 '</propertyupdate>')
        assert browser.do("PROPPATCH", made, named).status == 207
        assert browser.do("MKCOL", dav.files(own.alice[0], "deep/")).status == 201
        assert browser.put(dav.files(own.alice[0], "deep/inner.txt"), b"inner").status == 201
        noted = ('<propertyupdate xmlns="DAV:"><set><prop><note xmlns="urn:x">kept</note></prop></set>'
                 '</propertyupdate>')
        assert browser.do("PROPPATCH", dav.files(own.alice[0], "plain"), noted).status == 207
        browser.close()
    session.logout()
    export(own, tmp_path / "out", "--account", own.alice[0], "--format", format)
    tree_of = tmp_path / "out" / own.alice[0]
    items = sum(json.loads(line)["type"] in ("message", "event", "card", "file")
                for line in (tree_of / "manifest.jsonl").read_text().splitlines())
    fresh = servers.Server().start()
    try:
        def run(check=True):
            done = fresh.command("import", "--account", fresh.alice[0], "--tree", str(tree_of), "--json", "--config",
                                 str(fresh.config_file()), check=check)
            return json.loads(done.stdout)

        first = run()
        assert (first["added"], first["bad"]) == (items, [])
        expected, found = seen(own, own.alice), seen(fresh, fresh.alice)
        if format == "maildir":
            assert found == expected
        else:
            assert found.keys() == expected.keys()
        again = run()
        assert (again["added"], again["present"]) == (0, items)
        if format == "maildir":
            damaged = tree_of / "files" / "plain"
            damaged.write_bytes(damaged.read_bytes()[:-1] + b"!")
            (tree_of / "manifest.jsonl").write_text(
                (tree_of / "manifest.jsonl").read_text() + '{"type":"file","file":"../../x","path":["x"],'
                '"facts":{"size":1,"blake3":""}}\nrubbish\n')
            bad = [one["error"] for one in run(check=False)["bad"]]
            assert len(bad) == 3 and "not those of the manifest" in bad[0] and "outside" in bad[1], bad
    finally:
        fresh.dispose()


def streamed(server, to, *arguments):
    """An export through a pipe, unpacked by tar: (status, what was told)."""
    to.mkdir()
    command = [servers.binary(), "export", "--to", "-", *arguments, "--json", "--config", str(server.config_file())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        unpacked = subprocess.run(["tar", "-x", "-C", str(to)], stdin=process.stdout, timeout=120, check=False)
        told = process.stderr.read().decode()
        status = process.wait(60)
    assert unpacked.returncode == 0
    # Behind what the log has to say.
    listed, rest = re.search(r"(?ms)^(\[$.*^\])$(.*)", told).groups()
    return status, {one["account"]: one for one in json.loads(listed)}, rest


def test_a_stream_is_the_same_as_a_directory(own, tmp_path):
    _, told = export(own, tmp_path / "directory")
    status, streaming, _ = streamed(own, tmp_path / "stream")
    assert (status, streaming) == (0, told)
    assert tree(tmp_path / "stream") == tree(tmp_path / "directory")
    folders = [{path.relative_to(tmp_path / which) for path in (tmp_path / which).rglob("*") if path.is_dir()}
               for which in ("stream", "directory")]
    assert folders[0] == folders[1]
    modified = [(tmp_path / which / own.alice[0] / "files" / "plain").stat().st_mtime // 1
                for which in ("stream", "directory")]
    assert modified[0] == modified[1]


def test_a_stream_takes_little_memory_whatever_goes_through_it(own, tmp_path):
    browser = dav.connect(own, own.bob)
    assert browser.put(dav.files(own.bob[0], "large"), os.urandom(LARGE_BYTES)).status == 201
    browser.close()
    command = [servers.binary(), "export", "--to", "-", "--account", own.bob[0], "--config", str(own.config_file())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        count = peak = 0
        while some := process.stdout.read(1 << 20):
            count += len(some)
            held = re.search(r"VmHWM:\s+(\d+) kB", open(f"/proc/{process.pid}/status").read())
            peak = int(held.group(1)) << 10 if held else peak
        assert process.wait(60) == 0 and count > LARGE_BYTES
    assert 0 < peak < LARGE_BYTES // 2, f"{peak >> 20} MiB for {LARGE_BYTES >> 20} MiB"


def test_a_stream_that_breaks_off_or_cannot_be_is_refused(own, tmp_path):
    command = [servers.binary(), "export", "--to", "-", "--config", str(own.config_file())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(1_000)
        process.stdout.close()
        told = process.stderr.read()
        assert process.wait(60) == 1 and b"standard output" in told, told
    refused = own.command("export", "--to", "-", "--format", "mbox", "--config", str(own.config_file()), check=False)
    assert refused.returncode == 1 and "in a directory only" in refused.stderr
    script = subprocess.run(["script", "-qec", " ".join(command), "/dev/null"], capture_output=True, text=True, check=False)
    assert script.returncode == 1 and "not for a terminal" in script.stdout


def test_a_session_reads_a_newer_state_when_its_own_is_old(own):
    account = own.alice[0]
    browser = dav.connect(own, own.alice)
    place, calendar = dav.files(account, "passing"), dav.calendars(account).replace("default", "passing")
    assert browser.put(place, b"y" * 1000).status == 201
    assert browser.do("MKCALENDAR", calendar).status == 201
    with socket.socket(socket.AF_UNIX) as raw, raw.makefile("rb") as lines:
        raw.settimeout(20)
        raw.connect(str(own.data / "admin.sock"))

        def ask(name, **values):
            raw.sendall(json.dumps({name: values}).encode() + b"\n")
            return json.loads(lines.readline())

        told = ask("export_begin", account=account)["ok"]["collections"]
        files = next(one["id"] for one in told if one["kind"] == "folder" and len(one["path"]) == 1)
        passing = next(one["id"] for one in told if one["path"][-1] == "passing")
        items = {item["name"]: item["item"] for item in ask("export_page", collection=files)["ok"]["items"]}
        assert {"plain", "passing"} <= set(items)
        time.sleep(5.5)
        assert browser.do("DELETE", place).status == 204
        assert browser.do("DELETE", calendar).status == 204
        # What a page told can be read, however old it is.
        octets = ask("export_octets", item=items["passing"], message=False, offset=0)["ok"]
        assert base64.b64decode(octets["octets"]) == b"y" * 1000 and octets["end"]
        names = {item["name"] for item in ask("export_page", collection=files)["ok"]["items"]}
        assert names == set(items) - {"passing"}
        assert ask("export_page", collection=passing)["ok"] == {"more": False, "items": []}
        assert ask("export_page", collection=4_000_000)["error"]["kind"] == "not_found"
        assert ask("export_end")["ok"] == {}
        assert ask("export_page", collection=files)["error"]["kind"] == "invalid"
    browser.close()


def test_damage_is_told_and_passed_over(own, tmp_path):
    _, whole = export(own, tmp_path / "whole")
    own.stop()
    segment = sorted((own.data / "blobs").glob("*.seg"))[0]
    octets = bytearray(segment.read_bytes())
    octets[5_000] ^= 4
    segment.write_bytes(octets)
    done, told = export(own, tmp_path / "out", check=False)
    assert done.returncode == 1 and "passed over" in done.stderr
    damaged = told[own.alice[0]]["damaged"]
    assert [one["place"] for one in damaged] == ["INBOX/1"]
    assert told[own.alice[0]]["items"] == whole[own.alice[0]]["items"] - 1
    lines = [json.loads(line) for line in
             (tmp_path / "out" / own.alice[0] / "manifest.jsonl").read_text().splitlines()]
    assert any(line["type"] == "damaged" and line["place"] == "INBOX/1" for line in lines)
    status, streaming, said = streamed(own, tmp_path / "stream")
    assert status == 1 and "passed over" in said and streaming == told
    assert tree(tmp_path / "stream") == tree(tmp_path / "out")
