"""Backups of a server on a database: made under load, whole, and restored into another schema; never over one that
holds something."""

import os
import threading

import pytest

from blackbox import dav, imap
from blackbox.shell import Shell


@pytest.fixture
def repository(tmp_path):
    # The server's process writes it.
    return str(tmp_path / "repository")


def subjects(server):
    session = imap.connect(server, server.alice)
    session.select("INBOX")
    found = {uid: session.body(uid) for uid in session.uids()}
    session.logout()
    return found


def test_made_under_load_and_collection_and_restored_into_an_empty_schema(server, repository):
    session = imap.connect(server, server.alice)
    for number in range(30):
        session.append("INBOX", b"Subject: %d\r\n\r\n%s\r\n" % (number, os.urandom(20_000).hex().encode()))
    session.logout()
    files = dav.connect(server, server.alice)
    large = os.urandom(6 << 20)
    assert files.put(dav.files(server.alice[0], "large.bin"), large).status == 201
    files.close()
    before, over = subjects(server), threading.Event()

    def work():
        client = imap.connect(server, server.bob)
        while not over.is_set():
            client.append("INBOX", b"Subject: meanwhile\r\n\r\n" + os.urandom(9_000).hex().encode())
        client.logout()

    def collect():
        # Waits for the backup, or the backup for it: neither is refused, nothing that is needed goes.
        while not over.is_set():
            server.command("collect", "--config", str(server.config_file()))

    shell = Shell(server)
    others = [threading.Thread(target=work), threading.Thread(target=collect)]
    for other in others:
        other.start()
    told = shell.json("backup", "--to", repository)
    over.set()
    for other in others:
        other.join(60)
    assert told["missing_count"] == 0
    held = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'collegium' AND state = 'idle in transaction'"
    assert server.cluster.psql(held) == "0", "no state of the database is held any more"
    assert shell.json("backup", "verify", "--from", repository)["damage"] == []
    # Over what is there: refused, and nothing has changed.
    server.stop()
    assert "holds a store already" in shell.refused("restore", "--from", repository)
    server.restart()
    assert subjects(server) == before
    # Elsewhere.
    server.stop()
    held_schema, server.schema = server.schema, server.schema + "_restored"
    server.write_config(server.database_config, "node-restored")
    shell.json("restore", "--from", repository)
    server.restart()
    restored = subjects(server)
    assert sorted(restored.values()) == sorted(before.values())
    files = dav.connect(server, server.alice)
    assert files.get(dav.files(server.alice[0], "large.bin")).body == large
    files.close()
    assert server.command("fsck", "--bytes", "--config", str(server.config_file())).returncode == 0
    server.stop()
    server.schema = held_schema
    server.write_config(server.database_config, "node-1")
    server.restart()


def test_one_account_is_brought_back_into_the_running_server(server, repository):
    shell = Shell(server)
    session = imap.connect(server, server.alice)
    session.ok("CREATE precious")
    session.append("precious", b"Subject: precious\r\n\r\nx\r\n")
    shell.json("backup", "--to", repository)
    session.ok("DELETE precious")
    shell.json("restore", "--from", repository, "--account", server.alice[0])
    session.select("precious")
    assert [session.body(uid) for uid in session.uids()] == [b"Subject: precious\r\n\r\nx\r\n"]
    session.logout()


def test_two_processes_and_one_backup(server, repository):
    """The other process collects meanwhile, or leaves it to another time: nobody is refused and nothing is missing."""
    twin = server.twin()
    try:
        twin.start()
        shell = Shell(server)
        collections = []

        def collect():
            collections.append(server.command("collect", "--config", str(twin.config_file())).returncode)

        for _ in range(3):
            other = threading.Thread(target=collect)
            other.start()
            assert shell.json("backup", "--to", repository)["missing_count"] == 0
            other.join(60)
        assert collections == [0, 0, 0]
    finally:
        twin.stop()
        twin.dispose()
