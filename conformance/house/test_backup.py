"""Backups of a server under load: consistent, incremental, restored elsewhere to the octet; damage is found, an
interrupted one leaves the others, what was lost comes back."""

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from blackbox import dav, imap, server as servers, smtp
from blackbox.mail import message
from blackbox.shell import Shell

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "fault"))
import workers  # noqa: E402

ALICE, BOB = "alice@example.org", "bob@example.org"


@pytest.fixture
def repository(tmp_path):
    return tmp_path / "backups"


@pytest.fixture
def shell(server):
    return Shell(server)


def mailboxes(session):
    names = [line.rsplit(b'"/" ', 1)[-1].strip(b'"').decode() for line in session.ok('LIST "" "*"') if b" LIST " in line]
    return sorted(names)


def everything(server, account):
    """All mail, calendars, cards and files of an account, by content."""
    found = {}
    session = imap.connect(server, account)
    for name in mailboxes(session):
        session.select(name, verb="EXAMINE")
        flags = session.flags() if session.uids() else {}
        kept = sorted((session.body(uid), tuple(sorted(flags[uid] - {"\\Recent"}))) for uid in session.uids())
        found[f"mail {name}"] = kept
        session.ok("UNSELECT")
    session.logout()
    client = dav.connect(server, account)
    roots = [f"/dav/calendars/{account[0]}/", f"/dav/addressbooks/{account[0]}/", f"/dav/files/{account[0]}/"]
    while roots:
        path = roots.pop()
        for href, answer in client.propfind(path, "D:resourcetype", "D:getetag", depth=1).multistatus().items():
            if href.rstrip("/") == path.rstrip("/"):
                continue
            if href.endswith("/"):
                roots.append(href)
            else:
                found[href] = client.get(href).body
    client.close()
    return found


class Elsewhere:
    """A server on what a backup holds, with the configuration and logins of the first."""

    def __init__(self, server, repository, *arguments):
        self.server = servers.Server()
        self.server.data.mkdir()
        for path in server.data.iterdir():
            if path.name not in ("engine", "blobs", "lock", "admin.sock"):
                (shutil.copytree if path.is_dir() else shutil.copy2)(path, self.server.data / path.name)
        text = server.config_file().read_text().replace(str(server.data), str(self.server.data))
        for name, offset in servers.OFFSETS.items():
            text = text.replace(f":{server.base + offset}", f":{self.server.base + offset}")
        self.server.config_file().write_text(text)
        card = json.loads((server.data / "quickstart.json").read_text())
        card["ports"] = {name: port - server.base + self.server.base for name, port in card["ports"].items()}
        (self.server.data / "quickstart.json").write_text(json.dumps(card))
        self.shell = Shell(self.server)
        self.told = self.shell.json("restore", "--from", repository, *arguments)

    def __enter__(self):
        self.server._spawn("serve", "--config", str(self.server.config_file()))
        return self

    def __exit__(self, *_):
        self.server.dispose()


def furnish(server):
    session = imap.connect(server, server.alice)
    session.ok("CREATE Work/2026")
    for number in range(12):
        session.append("INBOX", message(number, size=2_000 + number * 20_000), "\\Seen" if number % 2 else "$Kept")
        session.append("Work/2026", message(100 + number))
    session.logout()
    client = dav.connect(server, server.alice)
    for number in range(5):
        uid = f"backup-{number}"
        assert client.put(dav.calendars(ALICE) + f"{uid}.ics", dav.event(uid), "text/calendar").status == 201
        assert client.put(dav.addressbooks(ALICE) + f"{uid}.vcf", dav.card(uid), "text/vcard").status == 201
    client.do("MKCOL", dav.files(ALICE, "/thesis"))
    assert client.put(dav.files(ALICE, "/thesis/data.bin"), os.urandom(3 << 20)).status == 201
    assert client.put(dav.files(ALICE, "/note.txt"), b"note").status == 201
    client.close()


@pytest.fixture(scope="module")
def furnished():
    made = servers.Server()
    try:
        furnish(made.start())
        yield made
    finally:
        made.dispose()


def test_restored_elsewhere_to_the_octet_and_older_tokens_are_refused(furnished, repository):
    shell = Shell(furnished)
    told = shell.json("backup", "--to", repository)
    assert told["missing_count"] == 0 and told["account_count"] >= 2
    verified = shell.json("backup", "verify", "--from", repository)
    assert verified["damage"] == [] and verified["read_bytes"] > 3 << 20
    then = {account: everything(furnished, account) for account in (furnished.alice, furnished.bob)}
    client = dav.connect(furnished, furnished.alice)
    # Seen by a client and lost with the old server.
    assert client.put(dav.files(ALICE, "/lost.txt"), b"lost").status == 201
    token = client.sync(dav.files(ALICE, "/")).sync_token()
    client.close()
    session = imap.connect(furnished, furnished.alice)
    validity = session.select("INBOX")["uidvalidity"]
    session.logout()
    with Elsewhere(furnished, repository) as elsewhere:
        for account, content in then.items():
            assert everything(elsewhere.server, account) == content
        assert elsewhere.shell.json("fsck", "--bytes") == []
        session = imap.connect(elsewhere.server, furnished.alice)
        assert session.select("INBOX")["uidvalidity"] > validity
        session.logout()
        client = dav.connect(elsewhere.server, furnished.alice)
        assert client.sync(dav.files(ALICE, "/"), token).status == 403
        client.close()
        assert "store already" in elsewhere.shell.refused("restore", "--from", repository) \
            or "open" in elsewhere.shell.refused("restore", "--from", repository)
    client = dav.connect(furnished, furnished.alice)
    client.delete(dav.files(ALICE, "/lost.txt"))
    client.close()


def test_a_backup_under_load_is_one_moment(server, shell, repository):
    crowd = [workers.Mailer(server, 7, 0), workers.Mailer(server, 7, 1)]
    for kind in ("Planner", "Filer"):
        if hasattr(workers, kind):
            crowd.append(getattr(workers, kind)(server, 7, len(crowd)))
    for worker in crowd:
        if hasattr(worker, "prepare"):
            worker.prepare()
    over = threading.Event()
    threads = [threading.Thread(target=worker.run, args=(over,)) for worker in crowd]
    for thread in threads:
        thread.start()
    try:
        for _ in range(6):
            time.sleep(0.4)
            assert shell.json("backup", "--to", repository)["missing_count"] == 0
            shell("collect")
    finally:
        over.set()
        for thread in threads:
            thread.join(30)
    assert not [worker.failure for worker in crowd if worker.failure]
    assert sum(worker.acknowledged for worker in crowd) > 20
    assert len(shell.json("backup", "list", "--from", repository)) == 6
    for row in shell.json("backup", "list", "--from", repository)[::2]:
        assert shell.json("backup", "verify", "--from", repository, "--at", row["at"])["damage"] == []
    told = shell.json("backup", "--to", repository)
    with Elsewhere(server, repository) as elsewhere:
        assert elsewhere.told["backup"] == told["name"]
        assert everything(elsewhere.server, server.alice) == everything(server, server.alice)
        assert elsewhere.shell.json("fsck", "--bytes") == []


def test_an_unchanged_store_adds_nothing_and_a_change_little(furnished, repository):
    shell = Shell(furnished)
    first = shell.json("backup", "--to", repository)
    again = shell.json("backup", "--to", repository)
    assert (again["changed_count"], again["added_bytes"]) == (0, 0)
    session = imap.connect(furnished, furnished.bob)
    session.append("INBOX", message(1, size=5_000))
    session.logout()
    third = shell.json("backup", "--to", repository)
    assert third["changed_count"] == 1 and 0 < third["added_bytes"] < first["added_bytes"] / 10
    rows = shell.json("backup", "list", "--from", repository)
    assert [row["name"] for row in rows] == [first["name"], again["name"], third["name"]]
    # A moment chooses its backup.
    with Elsewhere(furnished, repository, "--at", rows[1]["at"]) as elsewhere:
        assert elsewhere.told["backup"] == again["name"]
    pruned = shell.json("backup", "prune", "--from", repository, "--keep", "1")
    assert (pruned["forgotten_count"], pruned["kept_count"]) == (2, 1)
    assert shell.json("backup", "verify", "--from", repository)["damage"] == []
    assert "no backup" in shell.refused("backup", "verify", "--from", repository, "--at", rows[0]["at"])


def test_mail_in_flight_is_in_the_backup(repository):
    made = servers.Server()
    try:
        made.start()
        made.stop()
        text = made.config_file().read_text()
        assert "[delivery" not in text
        made.config_file().write_text(text + '\n[delivery.relay]\nhost = "localhost"\nport = 9\ntls = "none"\n')
        made._spawn("serve", "--config", str(made.config_file()))
        client = smtp.connect(made, made.alice)
        client.submit(ALICE, ["someone@example.com"], message(5, size=30_000))
        client.close()
        shell = Shell(made)
        waiting = shell.json("queue", "list")
        assert len(waiting) == 1
        shell("backup", "--to", repository)
        with Elsewhere(made, repository) as elsewhere:
            restored = elsewhere.shell.json("queue", "list")
            assert [row["id"] for row in restored] == [row["id"] for row in waiting]
    finally:
        made.dispose()


def test_flipped_bits_are_found(furnished, repository):
    shell = Shell(furnished)
    shell("backup", "--to", repository)
    dice = random.Random(3)
    files = sorted([*(repository / "packs").iterdir(), *(repository / "backups").iterdir(), repository / "collegium-backup"])
    for path in files:
        whole = path.read_bytes()
        for _ in range(3):
            at = dice.randrange(len(whole))
            damaged = bytearray(whole)
            damaged[at] ^= 1 << dice.randrange(8)
            path.write_bytes(damaged)
            assert shell("backup", "verify", "--from", repository, check=False).returncode == 1, (path, at)
        path.write_bytes(whole)
    assert shell.json("backup", "verify", "--from", repository)["damage"] == []


def test_an_interrupted_backup_leaves_the_others(repository):
    made = servers.Server()
    try:
        furnish(made.start())
        shell = Shell(made)
        shell("backup", "--to", repository)
        client = dav.connect(made, made.alice)
        dice = random.Random(5)
        count = 1
        for number in range(5):
            assert client.put(dav.files(ALICE, f"/more-{number}"), os.urandom(12 << 20)).status == 201
            running = subprocess.Popen([servers.binary(), "backup", "--to", str(repository), "--config", str(made.config_file())],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(dice.random() * 0.35)
            made.kill()
            running.wait(30)
            made.restart()
            client = dav.connect(made, made.alice)
            verified = shell.json("backup", "verify", "--from", repository)
            assert verified["damage"] == [] and verified["backup_count"] >= count
            count = verified["backup_count"]
        client.close()
        assert shell.json("backup", "--to", repository)["missing_count"] == 0
        assert not list((repository / "tmp").iterdir())
        with Elsewhere(made, repository) as elsewhere:
            assert everything(elsewhere.server, made.alice) == everything(made, made.alice)
    finally:
        made.dispose()


def test_accounts_collections_and_items_come_back(furnished, repository):
    shell = Shell(furnished)
    shell("backup", "--to", repository)
    then = everything(furnished, furnished.alice)
    session = imap.connect(furnished, furnished.alice)
    session.select("INBOX")
    body = session.body(3)
    session.ok("STORE 3 +FLAGS.SILENT (\\Deleted)")
    session.ok("EXPUNGE")
    one = shell.json("restore", "--from", repository, "--account", ALICE, "--collection", "INBOX", "--item", "3")
    assert (one["restored_count"], one["refused"]) == (1, [])
    session.ok("NOOP")
    assert session.body(session.uids()[-1]) == body
    session.ok("UNSELECT")
    session.ok("DELETE Work/2026")
    shell("restore", "--from", repository, "--account", ALICE, "--collection", "Work")
    assert session.select("Work/2026")["exists"] == 12
    shell("restore", "--from", repository, "--account", ALICE, "--collection", "INBOX", "--into", "Found")
    assert session.select("Found")["exists"] == 12
    session.ok("UNSELECT")
    session.ok("DELETE Found")
    session.logout()
    client = dav.connect(furnished, furnished.alice)
    path = dav.calendars(ALICE) + "backup-1.ics"
    client.put(path, dav.event("backup-1", summary="Newer"), "text/calendar")
    calendar = ("restore", "--from", repository, "--account", ALICE, "--collection", "calendar:default")
    assert "1 items did not come back" in shell.refused(*calendar)
    assert "Newer" in client.get(path).text
    shell(*calendar, "--replace")
    assert "Newer" not in client.get(path).text
    client.delete(dav.files(ALICE, "/thesis"))
    client.put(dav.files(ALICE, "/virus"), b"virus")
    exact = shell.json("restore", "--from", repository, "--account", ALICE, "--exact")
    assert exact["refused"] == []
    assert everything(furnished, furnished.alice) == then
    assert shell.json("fsck", "--bytes") == []
    client.close()


def test_a_removed_account_comes_back_from_a_backup(server, shell, repository):
    made = shell.json("account", "add", "otto@example.org")
    session = imap.connect(server, ("otto@example.org", made["password"]))
    session.append("INBOX", message(9, size=40_000))
    session.logout()
    shell("backup", "--to", repository)
    shell("account", "remove", "otto@example.org")
    back = shell.json("restore", "--from", repository, "--account", "otto@example.org")
    session = imap.connect(server, ("otto@example.org", back["password"]))
    session.select("INBOX")
    assert [session.body(uid) for uid in session.uids()] == [message(9, size=40_000)]
    session.logout()
    assert "not found" in shell.refused("restore", "--from", repository, "--account", "nobody@example.org")
    shell("account", "remove", "otto@example.org")


def test_a_stopped_server_is_backed_up_and_restored_too(repository):
    made = servers.Server()
    try:
        furnish(made.start())
        then = everything(made, made.alice)
        made.stop()
        shell = Shell(made)
        shell("backup", "--to", repository)
        (made.data / "engine").rename(made.data / "old-engine")
        (made.data / "blobs").rename(made.data / "old-blobs")
        # Cut short: nothing serves half of it, and it is begun anew.
        running = subprocess.Popen([servers.binary(), "restore", "--from", str(repository), "--config", str(made.config_file())],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.03)
        running.send_signal(signal.SIGKILL)
        running.wait()
        if (made.data / "restoring").exists():
            assert "restore" in shell.refused("account", "list")
            shell("restore", "--from", repository)
        elif not (made.data / "engine").exists():
            shell("restore", "--from", repository)
        made.restart()
        assert everything(made, made.alice) == then
    finally:
        made.dispose()
