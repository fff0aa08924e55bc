"""Kill -9 at random moments under mixed IMAP, SMTP, CalDAV and WebDAV load: what was acknowledged is there.

`COLLEGIUM_KILLS` sets how often (60), `COLLEGIUM_SEED` repeats a run.
"""

import os
import pathlib
import random
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import workers  # noqa: E402

from power import counted, summed  # noqa: E402

from blackbox import imap, server as servers  # noqa: E402

KILLS = int(os.environ.get("COLLEGIUM_KILLS", "60"))
SEED = os.environ["COLLEGIUM_SEED"]


@pytest.fixture(scope="module")
def crew(server):
    """Nine workers with everything prepared; they go on through all tests of this file."""
    print(f"COLLEGIUM_SEED={SEED}")
    made = [kind(server, SEED, number) for kind, count in
            ((workers.Mailer, 3), (workers.Sender, 2), (workers.Planner, 2), (workers.Filer, 2))
            for number in range(count)]
    for worker in made:
        worker.prepare()
    return made


@pytest.fixture(scope="module")
def inbox(server, crew):
    """Where all the senders' mail arrives."""
    return workers.Inbox(server, [worker for worker in crew if isinstance(worker, workers.Sender)])


def work(crew, seconds, end):
    """All work for a while, then `end` is called under load and all are joined."""
    over = threading.Event()
    threads = [threading.Thread(target=worker.run, args=(over,)) for worker in crew]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    for worker in crew:
        worker.server_dying = True
    outcome = end()
    over.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a client hangs on a dead server"
    for worker in crew:
        worker.server_dying = False
        assert worker.failure is None, f"seed {SEED}: {worker.failure}"
    return outcome


def check(crew, inbox, moment):
    try:
        for worker in crew:
            worker.check()
        inbox.check()
    except AssertionError as error:
        raise AssertionError(f"seed {SEED}, {moment}: {error}") from error


@pytest.mark.timeout(600 + 10 * KILLS)
def test_kill_nine(server, crew, inbox):
    """Whole or absent, never back, after each of the kills."""
    dice = random.Random(SEED)
    for kill in range(1, KILLS + 1):
        work(crew, dice.uniform(0.02, 0.7), server.kill)
        if dice.random() < 0.15:
            die_while_starting(server, dice)
        inbox.crashes += 1
        server.restart()
        check(crew, inbox, f"after kill {kill}")
        if kill % 10 == 0 or kill == KILLS:
            assert counted(server) == summed(server), f"seed {SEED}, after kill {kill}: quota is not the sum"
    acknowledged = {}
    for worker in crew:
        name = type(worker).__name__
        acknowledged[name] = acknowledged.get(name, 0) + worker.acknowledged
    print(f"{KILLS} kills, acknowledged: {acknowledged}")
    assert all(count > KILLS for count in acknowledged.values()), f"too little load: {acknowledged}"


def die_while_starting(server, dice):
    """A second kill in the middle of recovery."""
    timer = threading.Timer(dice.uniform(0.0, 0.15), lambda: server.process.kill())
    patience, servers.READY_SECONDS = servers.READY_SECONDS, 5
    try:
        timer.start()
        server.restart()
    except (RuntimeError, AttributeError, ProcessLookupError):
        pass
    finally:
        servers.READY_SECONDS = patience
        timer.cancel()
        server.kill()


@pytest.mark.timeout(300)
def test_terminate_drains(server, crew, inbox):
    """SIGTERM under load, three times: commands in progress end, IDLE hears BYE, exit status 0 within ten seconds."""
    for turn in range(3):
        idle = imap.connect(server, server.bob)
        idle.select("INBOX")
        idle.start("IDLE")
        while not idle.line().startswith(b"+"):
            pass
        start = time.monotonic()
        assert work(crew, 0.8, server.stop) == 0
        assert time.monotonic() - start < 0.8 + 10.5
        lines = []
        try:
            while True:
                lines.append(idle.line())
        except (imap.ImapError, OSError):
            pass
        assert any(line.startswith(b"* BYE") for line in lines), lines
        server.restart()
        check(crew, inbox, f"after SIGTERM {turn + 1}")
