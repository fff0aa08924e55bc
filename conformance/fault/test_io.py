"""A disk that fails: EIO on write, sync and read.

After a failed sync the process acknowledges nothing more and ends with a status that is not zero; it never tries the
sync again, and what was acknowledged before is there when it starts again. A read that fails is one request that
fails, in its door's words. `COLLEGIUM_POINTS` sets at how many seeded points a sync or write fails (24).
"""

import os
import pathlib
import random
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import lossy  # noqa: E402
import workers  # noqa: E402

from blackbox import dav, imap, mail, server as servers, smtp  # noqa: E402

POINTS = int(os.environ.get("COLLEGIUM_POINTS", "24"))
SEED = os.environ.get("COLLEGIUM_SEED") or str(random.SystemRandom().getrandbits(32))


@pytest.mark.timeout(600 + 20 * POINTS)
def test_a_failed_sync_ends_the_process(tmp_path):
    """The n-th sync of the journal, a segment or anything fails while all work: it ends by itself, nothing is lost."""
    dice = random.Random(SEED)
    with lossy.Disk(tmp_path) as disk:
        server = servers.Server(parent=disk.mount)
        try:
            server.start()
            crew = [kind(server, SEED, number) for kind, count in
                    ((workers.Mailer, 2), (workers.Planner, 2), (workers.Filer, 2)) for number in range(count)]
            for worker in crew:
                worker.prepare()
            ended = 0
            for point in range(POINTS):
                where = dice.choice(["*.jnl", "*.seg", "*/engine/*", "*/blobs/*"])
                # Once: a second try would be told that all is well.
                disk.fault("sync", "eio", path=where, nth=dice.randint(1, 30), times=1)
                over = threading.Event()
                for worker in crew:
                    worker.server_dying = True
                threads = [threading.Thread(target=worker.run, args=(over,)) for worker in crew]
                for thread in threads:
                    thread.start()
                status = ends(server, 6)
                over.set()
                for thread in threads:
                    thread.join(30)
                    assert not thread.is_alive(), "a client hangs on a server that has failed"
                for worker in crew:
                    worker.server_dying = False
                    assert worker.failure is None, f"seed {SEED}, point {point} {where}: {worker.failure}"
                struck = any(fault["struck"] for fault in disk.status()["faults"])
                disk.clear()
                if struck:
                    assert status not in (None, 0), f"seed {SEED}, point {point} {where}: ended with {status}"
                    ended += 1
                else:
                    assert status is None, f"seed {SEED}, point {point}: ended with {status}\n{server.log()[-2000:]}"
                    server.kill()
                server.restart()
                for worker in crew:
                    worker.check()
            server.command("fsck", "--bytes", "--config", str(server.config_file()))
            print(f"COLLEGIUM_SEED={SEED}: {POINTS} points, {ended} ended the process")
            assert ended >= POINTS // 2
        finally:
            server.dispose()


def ends(server, seconds):
    """The status of a process that ends by itself in time; None when it goes on."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            return server.process.returncode
        time.sleep(0.02)
    return None


def test_a_body_that_cannot_be_written(tmp_path):
    """EIO on writing a body is a refusal of that body; the next one is taken."""
    with lossy.Disk(tmp_path) as disk:
        server = servers.Server(parent=disk.mount)
        try:
            server.start()
            session, files = imap.connect(server, server.alice), dav.connect(server, server.alice)
            session.append("INBOX", mail.message(1, 50_000))
            disk.fault("write", "eio", path="*.seg")
            with pytest.raises(imap.ImapError, match=r"NO \[UNAVAILABLE\]"):
                session.append("INBOX", mail.message(2, 50_000))
            assert files.put(dav.files(server.alice[0], "f"), os.urandom(50_000)).status == 503
            code, text = smtp.connect(server, server.alice).submit(server.alice[0], [server.bob[0]], mail.message(3, 50_000))
            assert code == 451, (code, text)
            disk.clear()
            session.append("INBOX", mail.message(2, 50_000))
            assert files.put(dav.files(server.alice[0], "f"), os.urandom(50_000)).status == 201
            assert session.select("INBOX")["exists"] == 2 and server.process.poll() is None
            server.command("fsck", "--bytes", "--config", str(server.config_file()))
        finally:
            server.dispose()


def test_a_read_that_fails_is_one_request_that_fails(tmp_path):
    """EIO on reading a body: NO, 5xx and a cut answer, never other octets; the rest goes on, and it comes back."""
    with lossy.Disk(tmp_path, direct=True) as disk:
        server = servers.Server(parent=disk.mount)
        try:
            server.start()
            session, files = imap.connect(server, server.alice), dav.connect(server, server.alice)
            octets, body = mail.message(1, 50_000), os.urandom(50_000)
            session.append("INBOX", octets)
            assert files.put(dav.files(server.alice[0], "f"), body).status == 201
            session.select("INBOX")
            disk.fault("read", "eio", path="*.seg")
            with pytest.raises(imap.ImapError):
                session.body(1)
            try:
                answer = files.get(dav.files(server.alice[0], "f"))
                assert answer.status in (500, 503), answer
            except (OSError, dav.http.client.HTTPException):
                pass  # broken off
            # What needs no body is served, on the same sessions and on new ones.
            other = imap.connect(server, server.alice)
            assert other.select("INBOX")["exists"] == 1
            assert b"ENVELOPE" in b"".join(other.ok("FETCH 1 (FLAGS ENVELOPE)"))
            files = dav.connect(server, server.alice)
            assert files.propfind(dav.files(server.alice[0]), "D:getetag", depth=1).status == 207
            other.append("INBOX", mail.message(2, 50_000))
            disk.clear()
            assert other.body(1) == octets
            assert files.get(dav.files(server.alice[0], "f")).body == body
            assert server.process.poll() is None and "logging: panic" not in server.log()
        finally:
            server.dispose()


def test_tables_that_cannot_be_read(tmp_path):
    """EIO on the engine's own files after a start: whoever needs them hears so, nobody hears that there is nothing."""
    with lossy.Disk(tmp_path, direct=True) as disk:
        server = servers.Server(parent=disk.mount)
        try:
            server.start()
            session = imap.connect(server, server.alice)
            for number in range(20):
                session.append("INBOX", mail.message(number, 3_000))
            session.logout()
            disk.fault("read", "eio", path="*/tables/*")
            try:
                session = imap.connect(server, server.alice)
                assert session.select("INBOX")["exists"] == 20
            except imap.ImapError as refusal:
                assert any(word in str(refusal) for word in ("UNAVAILABLE", "SERVERBUG", "closed")), refusal
            disk.clear()
            session = imap.connect(server, server.alice)
            assert session.select("INBOX")["exists"] == 20 and server.process.poll() is None
        finally:
            server.dispose()
