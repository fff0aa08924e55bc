"""An engine with damaged and missing files: what is damaged is named, the server does not go on over it, and
`fsck --mend-tables --repair` brings everything back that can still be read.
"""

import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import lossy  # noqa: E402

from blackbox import imap, server as servers  # noqa: E402
from blackbox.mail import message  # noqa: E402

COUNT = 400
# Most of them, and one in forty: larger than what stands in the engine's own rows.
SIZES = 5_000, 20_000
# Syncs of the draft at which the power goes: the first ones, and some of the many behind them.
DRAFT_SYNCS = 1, 2, 3, 5, 8, 13, 21, 34, 55, 89
# fjall's number of the keyspace of indexes: places of blobs lie in it by their hash, so that every merge takes all.
INDEX = "5"
SMALL = """
[store]
memtable_kib = 64
undelete_days = 0
"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A stopped server whose rows lie in table files, its pristine copy, and every message in it."""
    made = servers.Server().start()
    try:
        made.stop()
        with open(made.config_file(), "a") as config:
            config.write(SMALL)
        for part in ("engine", "blobs"):
            shutil.rmtree(made.data / part)
        made.restart()
        made.command("domain", "add", "example.org", "--config", str(made.config_file()))
        for address, password in (made.alice, made.bob):
            made.add_account(address, password)
        session = imap.connect(made, made.alice)
        for number in range(COUNT):
            session.append("INBOX", message(number, size=SIZES[number % 40 == 0]))
        session.ok("SELECT INBOX")
        session.ok(r"STORE 1:100 +FLAGS (\Flagged)")
        session.logout()
        assert made.stop() == 0
        pristine = tmp_path_factory.mktemp("pristine") / "data"
        shutil.copytree(made.data, pristine, symlinks=True)
        assert len(tables(made)) > 2, "nothing lies in tables"
        yield made, pristine
    finally:
        made.dispose()


@pytest.fixture
def store(filled):
    made, pristine = filled
    yield made
    made.kill()
    shutil.rmtree(made.data)
    shutil.copytree(pristine, made.data, symlinks=True)


def tables(server):
    """The table files of our keyspaces, the largest first."""
    found = [path for path in (server.data / "engine" / "keyspaces").glob("*/tables/*")
             if path.parts[-3] != "0" and path.is_file()]
    return sorted(found, key=lambda path: -path.stat().st_size)


def flip(path, at):
    octets = bytearray(path.read_bytes())
    octets[at] ^= 4
    path.write_bytes(octets)


def mend(server):
    return server.command("fsck", "--mend-tables", "--repair", "--bytes", "--json", "--config",
                          str(server.config_file()), check=False, timeout=300)


def read(server):
    """uid: (flagged, octets) of what is served."""
    session = imap.connect(server, server.alice)
    session.ok("EXAMINE INBOX")
    told = {uid: session.body(uid) for uid in session.uids()}
    session.logout()
    return told


def sound(server):
    """Nothing is left to be said."""
    done = server.command("fsck", "--bytes", "--json", "--config", str(server.config_file()), check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    session = imap.connect(server, server.alice)
    session.append("INBOX", message(9_999))
    session.logout()


def test_a_lost_manifest_costs_nothing(store):
    keyspace = tables(store)[0].parent.parent
    (keyspace / "current").write_bytes(b"rubbish")
    with pytest.raises(RuntimeError):
        store.restart()
    assert "--mend-tables" in store.log()
    done = mend(store)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert (store.data / "engine.damaged").is_dir()
    store.restart()
    assert len(read(store)) == COUNT
    sound(store)


@pytest.mark.parametrize("what", ["table", "block", "keyspaces"])
def test_what_can_be_read_is_there_again(store, what):
    if what == "table":
        tables(store)[0].unlink()
    elif what == "block":
        for path in tables(store):
            flip(path, 200)
    else:
        # Every list of tables at once, and the journals with them.
        for path in (store.data / "engine" / "keyspaces").glob("*/current"):
            path.unlink()
    done = mend(store)
    assert "rows of" in done.stderr, (done.stdout, done.stderr)
    if done.returncode:
        dropped = store.command("fsck", "--repair", "--bytes", "--drop-damaged", "--json", "--config",
                                str(store.config_file()), check=False, timeout=300)
        assert dropped.returncode == 0, (dropped.stdout, dropped.stderr)
    if what != "table":
        # Where the lost one held the directory, its accounts are lost with it.
        store.restart()
        kept = read(store)
        expected = [message(number, size=SIZES[number % 40 == 0]) for number in range(COUNT)]
        assert all(octets in expected for octets in kept.values()), "octets that nobody stored"
        assert len(kept) >= (COUNT if what == "keyspaces" else COUNT // 2)
        sound(store)


def test_damage_that_is_rewritten_is_named_and_the_way_back_works(store):
    """fjall comes to merge a damaged table: the process ends and says which file; mended, it serves again."""
    victims = [path for path in tables(store) if path.parts[-3] == INDEX]
    assert victims
    for path in victims:
        for at in range(200, path.stat().st_size // 2, 4_096):
            flip(path, at)
    store.restart()
    dice, deadline = random.Random(1), time.monotonic() + 60
    while store.process.poll() is None and time.monotonic() < deadline:
        try:
            session = imap.connect(store, store.bob)
            for _ in range(20):
                session.append("INBOX", b"Subject: x\r\n\r\n" + dice.randbytes(2_500).hex().encode() + b"\r\n")
            session.logout()
        except (OSError, imap.ImapError):
            time.sleep(0.2)
    assert store.process.poll() not in (None, 0), "the damaged table was never merged"
    told = store.log()
    assert "rows of the engine are lost" in told and "--mend-tables" in told, told[-3000:]
    assert any(str(path) in told for path in victims)
    done = mend(store)
    assert "rows of" in done.stderr, (done.stdout, done.stderr)
    dropped = store.command("fsck", "--repair", "--bytes", "--drop-damaged", "--json", "--config",
                            str(store.config_file()), check=False, timeout=300)
    assert dropped.returncode == 0, (dropped.stdout, dropped.stderr)
    store.restart()
    read(store)
    sound(store)


def fsck(server, *options):
    return server.command("fsck", *options, "--config", str(server.config_file()), check=False, timeout=300)


def mend_and_die(server):
    """Mends, and is killed before the repair: what there is to say finds no room in its pipe."""
    read_end, write_end = os.pipe()
    try:
        os.set_blocking(write_end, False)
        with pytest.raises(BlockingIOError):
            while True:
                os.write(write_end, bytes(4096))
        os.set_blocking(write_end, True)
        before = os.stat(server.data / "engine").st_ino
        command = [servers.binary(), "fsck", "--mend-tables", "--repair", "--config", str(server.config_file())]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=write_end)
        try:
            deadline = time.monotonic() + 120
            while os.stat(server.data / "engine").st_ino == before:
                assert process.poll() is None and time.monotonic() < deadline, "nothing was mended"
                time.sleep(0.02)
        finally:
            process.kill()
            process.wait()
    finally:
        os.close(read_end)
        os.close(write_end)


def test_nothing_but_fsck_opens_what_waits_for_its_repair(store, tmp_path):
    """Rows that say who needs which body may be missing: whoever collected on their word would lose bodies."""
    mend_and_die(store)
    config = str(store.config_file())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(config, elsewhere / "collegium.toml")
    (elsewhere / "tls").symlink_to(store.data / "tls")

    def refused():
        for words in (["serve"], ["account", "list"], ["collect"], ["export", "--to", str(tmp_path / f"out-{time.monotonic_ns()}")],
                      ["backup", "--to", str(tmp_path / "backup")],
                      ["migrate-store", "--to", str(elsewhere / "collegium.toml")]):
            done = store.command(*words, "--config", config, check=False, timeout=60)
            assert done.returncode != 0 and "made anew and not repaired yet" in done.stderr, (words, done)

    refused()
    fsck(store, "--bytes")
    refused()
    # A repair that does not read octets does not know that a place is the one where they are.
    fsck(store, "--repair")
    refused()
    repaired = fsck(store, "--repair", "--bytes")
    assert repaired.returncode == 0, (repaired.stdout, repaired.stderr)
    store.restart()
    assert len(read(store)) == COUNT
    sound(store)


@pytest.fixture
def copied(filled, tmp_path):
    """The pristine store on a disk with faults of its own, as yet on stable storage."""
    _, pristine = filled
    with lossy.Disk(tmp_path, direct=True) as disk:
        server = servers.Server(parent=tmp_path, data=disk.mount / "data")
        try:
            shutil.copytree(pristine, server.data, symlinks=True)
            disk.sync()
            disk.snapshot()
            yield disk, server
        finally:
            server.dispose()


def whole(server):
    """Mends and demands that nothing is lost."""
    done = mend(server)
    assert done.returncode == 0, (done.stdout, done.stderr)
    server.restart()
    assert len(read(server)) == COUNT
    assert server.stop() == 0


@pytest.mark.timeout(0)
@pytest.mark.parametrize("where", ["draft", "names"])
def test_cut_off_at_each_step_it_is_done_again(copied, where):
    """The power goes while the engine is made anew and as it takes its place; the next run loses nothing."""
    disk, server = copied
    dice = random.Random(where)
    steps = DRAFT_SYNCS if where == "draft" else range(1, 10)
    deeds, path = (["sync", "syncdir"], "data/engine.mending*") if where == "draft" else (["syncdir", "rename"], "data*")
    for step in steps:
        disk.restore()
        disk.strict(dice.random() < 0.5)
        details = {"path": path} if where == "draft" else {"path": path, "after": "* data/engine.*"}
        disk.fault(deeds, "cut", nth=step, seed=dice.getrandbits(60), loss=dice.choice(["drop", "keep", "torn"]),
                   **details)
        mend(server)
        if not disk.status()["dark"]:
            break
        disk.heal()
        assert (server.data / "engine").is_dir(), "a start would make a new store"
        whole(server)
        kept = list(server.data.glob("engine.damaged*"))
        assert kept and not (server.data / "engine.mending").exists()
    assert step > 2, "hardly any step was tried"


def test_sectors_that_the_disk_does_not_give_cost_what_is_in_them(copied):
    """One table's sectors are lost, another one's name: both are told, all other rows are there again."""
    disk, server = copied
    first, second = tables(server)[:2]
    disk.fault("read", "eio", path=str(first.relative_to(disk.mount)), nth=2)
    disk.fault("open", "eio", path=str(second.relative_to(disk.mount)))
    done = mend(server)
    assert "rows of" in done.stderr and " 0 stretches" not in done.stderr, (done.stdout, done.stderr)
    struck = [fault["struck"] for fault in disk.status()["faults"]]
    assert all(struck), struck
    disk.clear()
    dropped = fsck(server, "--repair", "--bytes", "--drop-damaged")
    assert dropped.returncode == 0, (dropped.stdout, dropped.stderr)
    assert fsck(server, "--bytes").returncode == 0
