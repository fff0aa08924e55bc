"""The harness bites: with any one sync taken away, something turns red.

A sync is taken away by a disk that lies about it: it answers and does nothing. Prints the table of `syncs.ALL` with
what turned red and after how many cuts. `COLLEGIUM_TRIES` sets after how many a sync counts as not missed (12).
"""

import base64
import os
import pathlib
import re
import shutil
import sys
import tempfile
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import lossy  # noqa: E402
import power  # noqa: E402
import syncs  # noqa: E402
import workers  # noqa: E402

from blackbox import dav, imap, mail, server as servers  # noqa: E402

TRIES = int(os.environ.get("COLLEGIUM_TRIES", "12"))
ROOT = pathlib.Path(__file__).resolve().parents[2]
CALL = re.compile(r"sync_all\(|sync_data\(|fdatasync|fsync|PersistMode::Sync\w+\)|directory::sync[()]|\bsync\((parent|directory)")


def load(seed, lie, tries, fill=None):
    """Mixed load; names strictly; what was not synced is dropped, or kept by dice."""
    crew = ((workers.Mailer, 2), (workers.Planner, 2), (workers.Filer, 1))
    with power.Rig(seed, strict=True, crew=crew) as rig:
        for cut in range(1, tries + 1):
            tell(rig.disk, lie)
            if fill and cut == 1:
                fill(rig)
            rig.cut(0.4, "drop" if cut % 2 else "torn")
            yield cut
            rig.start()
            rig.check()


def rotate(seed, lie, tries):
    """The same, after so much that the engine has begun a second journal."""
    return load(seed, lie, min(tries, 4), fill_journal)


def fill_journal(rig):
    """Large properties, until there is a second journal: each is one row, so all of it goes through the journal."""
    session = dav.connect(rig.server, rig.server.alice)
    path = dav.files(rig.server.alice[0], "filled")
    assert session.put(path, b"").status == 201
    for number in range(2000):
        text = base64.b85encode(rig.dice.randbytes(45_000)).decode().translate(str.maketrans("<>&", "...", ""))
        answer = session.do("PROPPATCH", path, f'<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><m xmlns="urn:filled">{text}'
                            "</m></D:prop></D:set></D:propertyupdate>")
        assert answer.status == 207 and b" 200 " in answer.body, answer
        if number % 50 == 0 and (rig.server.data / "engine" / "1.jnl").exists():
            return
    raise RuntimeError("the journal never came to its end")


def birth(seed, lie, tries, bodies=False):
    """The first start of an installation, an account, one message; then the power goes."""
    del tries
    with power.Rig(seed, strict=True, small=False, crew=()) as rig:
        rig.server.stop()
        for part in ("engine", "blobs"):
            shutil.rmtree(rig.server.data / part)
        if bodies:
            (rig.server.data / "blobs").mkdir()
        rig.disk.sync()
        tell(rig.disk, lie)
        rig.server.restart()
        rig.make_accounts()
        octets = mail.message(1, 50_000)
        session = imap.connect(rig.server, rig.server.alice)
        _, uid = session.append("INBOX", octets)
        rig.disk.cut(loss="drop")
        rig.server.kill()
        rig.disk.heal()
        yield 1
        rig.start()
        session = imap.connect(rig.server, rig.server.alice)
        session.select("INBOX")
        assert session.body(uid) == octets
        rig.fsck()


def rebirth(seed, lie, tries):
    """The same where the directory of the bodies is there already."""
    return birth(seed, lie, tries, bodies=True)


def quickstart(seed, lie, tries):
    """`collegium quickstart` in a directory that is not there; a message; then the power goes."""
    del seed, tries
    with tempfile.TemporaryDirectory(prefix="power-") as folder, lossy.Disk(folder, strict=True) as disk:
        tell(disk, lie)
        server = servers.Server(parent=folder, data=disk.mount / "data")
        try:
            server.start()
            told = server.alice
            session = imap.connect(server, told)
            _, uid = session.append("INBOX", mail.message(1, 50_000))
            disk.cut(loss="drop")
            server.kill()
            disk.heal()
            yield 1
            server.start()
            assert server.alice == told, "the accounts were made anew"
            session = imap.connect(server, told)
            session.select("INBOX")
            assert session.body(uid) == mail.message(1, 50_000)
        finally:
            server.kill()
            server.dispose()


def replay(seed, lie, tries):
    """Killed between a write and its sync, started again: what is seen then must outlive a power cut."""
    crew = ((workers.Mailer, 1),)
    with power.Rig(seed, strict=True, small=False, crew=crew) as rig:
        worker, = rig.crew
        for cut in range(1, tries + 1):
            # The killed process waits for its last sync to be answered; that one does nothing.
            rig.disk.fault("sync", "lie", delay_ms=600, path=syncs.JOURNAL)
            worker.server_dying = True
            over = threading.Event()
            thread = threading.Thread(target=worker.run, args=(over,))
            thread.start()
            time.sleep(0.4)
            rig.server.kill()
            over.set()
            thread.join(30)
            rig.disk.clear()
            tell(rig.disk, lie)
            rig.start()
            worker.check()  # learns what is seen now
            rig.disk.cut(loss="drop")
            rig.server.kill()
            rig.disk.heal()
            yield cut
            rig.start()
            rig.check()


def collect(seed, lie, tries):
    """Segments that nobody needs are removed; the cut keeps any of those names."""
    with power.Rig(seed, strict=True, crew=()) as rig:
        session = dav.connect(rig.server, rig.server.alice)
        for number in range(5):
            path = dav.files(rig.server.alice[0], f"f{number}")
            assert session.put(path, rig.dice.randbytes(1_000_000)).status == 201
            if number < 4:
                assert session.delete(path).status == 204
        rig.server.stop()
        rig.disk.sync()
        rig.disk.snapshot()
        for cut in range(1, 2 * tries + 1):
            rig.disk.restore()
            rig.start()
            tell(rig.disk, lie)
            rig.command("collect")
            if not any(path.endswith(".gone") for _, path in rig.disk.trace()):
                raise RuntimeError("nothing was collected")
            rig.disk.cut(rig.dice.getrandbits(60), "torn")
            rig.server.kill()
            rig.disk.heal()
            yield cut
            rig.start()
            rig.fsck()
            rig.server.kill()


SCENARIOS = {scenario.__name__: scenario for scenario in (load, rotate, birth, rebirth, quickstart, replay, collect)}


def tell(disk, lie):
    if lie:
        disk.fault(harm="lie", **lie)


def judged(scenario, lie, tries):
    """What turned red, and after how many cuts; `None` when nothing did. What goes wrong before the first cut is the
    harness's own fault."""
    cut, going = 0, SCENARIOS[scenario](f"{power.SEED}-{scenario}", lie, tries)
    try:
        for cut in going:
            pass
    except Exception as error:  # whatever a client says of a store that lost something
        if cut == 0:
            raise
        return cut, (str(error).splitlines() or [repr(error)])[0][:90]
    finally:
        going.close()
    return None


@pytest.mark.timeout(0)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_an_honest_disk_turns_nothing_red(scenario):
    assert judged(scenario, None, 3) is None


@pytest.mark.timeout(0)
@pytest.mark.parametrize("sync", [sync for sync in syncs.ALL if sync.scenario], ids=lambda sync: sync.name)
def test_without_one_sync(sync):
    red = judged(sync.scenario, sync.lie, 4 if sync.spare else TRIES)
    told = f"cut {red[0]}: {red[1]}" if red else "nothing turns red"
    print(f"\nMUTANT {sync.name} | {sync.scenario} | {told}" + f" | spare: {sync.spare}" * bool(sync.spare))
    if sync.spare:
        assert red is None, f"{sync.name} is not spare: {told}"
    else:
        assert red, f"COLLEGIUM_SEED={power.SEED}: nobody misses it"


def test_every_sync_of_ours_is_in_the_table():
    """No call that makes something durable stands in storage/ outside of the registry. PostgreSQL syncs by itself;
    a backup is written elsewhere and has tests of its own."""
    found = []
    for path in sorted((ROOT / "storage").glob("*/src/**/*.rs")):
        name = path.relative_to(ROOT).as_posix()
        if name.endswith("tests.rs") or "/suite" in name or "/postgres/" in name or "/backup/" in name:
            continue
        for line in path.read_text().splitlines():
            if CALL.search(line) and not line.strip().startswith(("//", "use ", "pub(crate) fn")):
                found.append(f"{name}: {line.strip()}")
    assert sorted(found) == sorted(sync.code for sync in syncs.ALL if sync.code)
