"""A full disk is a state of the server, not its end: changes are refused in each door's words, reading goes on, and
when there is room again changes are taken, by the same process. Nothing acknowledged is ever lost.

`COLLEGIUM_POINTS` sets at how many seeded points the disk turns full in the middle of writing (50), `COLLEGIUM_SEED`
repeats a run.
"""

import os
import pathlib
import random
import subprocess
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import lossy  # noqa: E402
import workers  # noqa: E402

from blackbox import dav, imap, mail, server as servers, smtp  # noqa: E402

SIZE = "128m"
POINTS = int(os.environ.get("COLLEGIUM_POINTS", "50"))
SEED = os.environ.get("COLLEGIUM_SEED") or str(random.SystemRandom().getrandbits(32))
PATIENCE = 20


@pytest.fixture
def small(tmp_path):
    """A server on a file system of 128 MiB."""
    mount = tmp_path / "small"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(mount)], check=True)
    made = servers.Server(parent=mount)
    try:
        yield made.start(), mount
    finally:
        made.dispose()
        subprocess.run(["umount", "-l", str(mount)], check=False)


def fill(mount, left):
    """All of the disk but `left` octets is somebody else's."""
    free = os.statvfs(mount)
    with open(mount / "ballast", "wb") as out:
        out.write(bytes(max(0, free.f_bavail * free.f_frsize - left)))


def until_refused(append):
    """Calls with growing numbers until it is refused; returns the refusal."""
    for number in range(5000):
        try:
            append(number)
        except imap.ImapError as refusal:
            return refusal
    raise AssertionError("the disk never filled")


def test_every_door_refuses_and_goes_on(small):
    """Fill it, hear each door's refusal, keep reading, make room, go on: one process, all acknowledged is there."""
    server, mount = small
    process = server.process.pid
    session = imap.connect(server, server.alice)
    files = dav.connect(server, server.alice)
    kept = {}

    def append(number):
        octets = mail.message(number, 50_000)
        kept[session.append("INBOX", octets)[1]] = octets

    for number in range(5):
        append(number)
    body = os.urandom(50_000)
    assert files.put(dav.files(server.alice[0], "before"), body).status == 201
    fill(mount, 12 << 20)
    assert "NO [UNAVAILABLE]" in str(until_refused(append))
    # Bodies are refused first; what the engine holds may still change until its own reserve is reached.
    with open(mount / "ballast", "ab") as out:
        try:
            while True:
                out.write(bytes(1 << 16))
                out.flush()
        except OSError:
            pass
    with pytest.raises(imap.ImapError, match=r"NO \[UNAVAILABLE\]"):
        session.append("INBOX", mail.message(9001, 50_000))
    session.select("INBOX")
    with pytest.raises(imap.ImapError, match=r"NO \[UNAVAILABLE\]"):
        session.ok("STORE 1 +FLAGS (\\Flagged)")
    for size in (100, 50_000):
        answer = files.put(dav.files(server.alice[0], f"refused-{size}"), bytes(size))
        assert answer.status == 507 and b"sufficient-disk-space" in answer.body, answer
    path = dav.calendars(server.alice[0], "default") + "refused.ics"
    assert files.put(path, dav.event("refused"), "text/calendar").status == 507
    assert files.do("MKCOL", dav.files(server.alice[0], "refused/")).status == 507
    code, text = smtp.connect(server, server.alice).submit(server.alice[0], [server.bob[0]], mail.message(1, 50_000))
    assert (code, text[:5]) == (452, "4.3.1") or code == 452 and "4.3.1" in str(text), (code, text)
    # Reading goes on, also of a new client.
    reader = imap.connect(server, server.alice)
    reader.select("INBOX")
    for uid, octets in kept.items():
        assert reader.body(uid) == octets, f"UID {uid}"
    assert files.get(dav.files(server.alice[0], "before")).body == body
    (mount / "ballast").unlink()
    await_room(lambda: append(9002))
    assert files.put(dav.files(server.alice[0], "after"), body).status == 201
    assert smtp.connect(server, server.alice).submit(server.alice[0], [server.bob[0]], mail.message(2, 5_000))[0] == 250
    assert server.process.poll() is None and server.process.pid == process
    server.command("fsck", "--bytes", "--config", str(server.config_file()))
    server.kill()
    server.restart()
    reader = imap.connect(server, server.alice)
    reader.select("INBOX")
    for uid, octets in kept.items():
        assert reader.body(uid) == octets, f"UID {uid}"


def await_room(write):
    """The change is taken within some seconds."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return write()
        except imap.ImapError:
            assert time.monotonic() < deadline, "changes are refused although there is room"
            time.sleep(0.1)


class Refused:
    """A worker that takes a refusal for what it is and goes on."""

    refusals = 0

    def run(self, over):
        try:
            self.open()
            while not over.is_set():
                try:
                    self.step()
                    self.acknowledged += 1
                except (AssertionError, imap.ImapError) as refusal:
                    words = str(refusal)
                    if not any(word in words for word in ("[UNAVAILABLE]", "507", "452", "503")):
                        raise
                    self.refusals += 1
                    # Whole or absent, as after a crash; it is learnt before anything else is asked.
                    self.check()
                    self.open()
                self.flight = None
        except Exception as error:  # noqa: BLE001
            self.failure = self.failure or f"{type(self).__name__}: {self.flight}: {error!r}"


def refusing(kind):
    return type(kind.__name__, (Refused, kind), {})


@pytest.mark.timeout(600 + 20 * POINTS)
def test_full_at_the_nth_write(tmp_path):
    """The disk turns full at a write that nobody foresaw, again and again: refused, read on, taken again."""
    dice = random.Random(SEED)
    with lossy.Disk(tmp_path) as disk:
        server = servers.Server(parent=disk.mount)
        try:
            server.start()
            process = server.process.pid
            crew = [refusing(kind)(server, SEED, number) for kind, count in
                    ((workers.Mailer, 2), (workers.Planner, 2), (workers.Filer, 2)) for number in range(count)]
            for worker in crew:
                worker.prepare()
            struck = 0
            for point in range(POINTS):
                where = dice.choice(["*.jnl", "*.seg", "*"])
                disk.fault("write", "enospc", path=where, nth=dice.randint(1, 40), times=0)
                struck += full_for_a_while(disk, crew, dice)
                assert server.process.poll() is None and server.process.pid == process, \
                    f"seed {SEED}, point {point}: it ended\n{server.log()[-3000:]}"
                for worker in crew:
                    assert worker.failure is None, f"seed {SEED}, point {point} {where}: {worker.failure}"
                    worker.check()
            server.command("fsck", "--bytes", "--config", str(server.config_file()))
            assert server.stop() == 0
            server.restart()
            for worker in crew:
                worker.check()
            refusals, acknowledged = (sum(getattr(worker, what) for worker in crew) for what in ("refusals", "acknowledged"))
            print(f"COLLEGIUM_SEED={SEED}: {POINTS} points, {struck} met, {refusals} refusals, {acknowledged} acknowledged")
            assert struck >= POINTS // 2 and acknowledged > POINTS
        finally:
            server.dispose()


def full_for_a_while(disk, crew, dice):
    """All work until some have been refused; then there is room and all go on. Whether the fault was met."""
    over = threading.Event()
    before = sum(worker.refusals for worker in crew)
    threads = [threading.Thread(target=worker.run, args=(over,)) for worker in crew]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 3
    while sum(worker.refusals for worker in crew) < before + 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    struck = any(fault["struck"] for fault in disk.status()["faults"])
    disk.clear()
    done = sum(worker.acknowledged for worker in crew)
    deadline = time.monotonic() + PATIENCE
    while sum(worker.acknowledged for worker in crew) < done + 5 and not any(worker.failure for worker in crew):
        assert time.monotonic() < deadline, \
            f"changes are refused although there is room\n{crew[0].server.log()[-3000:]}"
        time.sleep(0.02)
    over.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a client hangs"
    return struck
