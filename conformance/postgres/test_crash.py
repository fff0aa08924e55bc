"""The database and the server die under mixed IMAP, SMTP, CalDAV and WebDAV load: what was acknowledged is there,
and while the database is away the server says so and goes on when it is back.

`COLLEGIUM_KILLS` sets how often (4 of each kind here), `COLLEGIUM_SEED` repeats a run.
"""

import importlib.util
import os
import pathlib
import random
import time

import pytest

from blackbox import imap, pgserver, postgres

# Longer than the server waits before it refuses, shorter than the clients wait for it.
AWAY_SECONDS = 14
KILLS = int(os.environ.get("COLLEGIUM_KILLS", "4"))


def load(name):
    path = pathlib.Path(__file__).resolve().parent.parent / "fault" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


kills = load("test_kill")
workers = kills.workers


@pytest.fixture(scope="module")
def cluster():
    made = postgres.Cluster().start()
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def server(cluster):
    made = pgserver.Server(cluster=cluster)
    try:
        yield made.start()
    finally:
        made.dispose()


@pytest.fixture(scope="module")
def crew(server):
    print(f"COLLEGIUM_SEED={kills.SEED}")
    made = [kind(server, kills.SEED, number) for kind, count in
            ((workers.Mailer, 2), (workers.Sender, 1), (workers.Planner, 1), (workers.Filer, 1))
            for number in range(count)]
    for worker in made:
        worker.prepare()
    return made


@pytest.fixture(scope="module")
def inbox(server, crew):
    return workers.Inbox(server, [worker for worker in crew if isinstance(worker, workers.Sender)])


def settle(server, number):
    """Clients may have gone that waited for the outcome of a change: it may happen now. What is committed behind it shows
    that it has, or never will."""
    session = imap.connect(server, server.alice)
    session.ok(f'CREATE "settled-{number}"')
    session.logout()


@pytest.mark.timeout(600 + 60 * KILLS)
@pytest.mark.parametrize("end", ["crash", "immediate"])
def test_the_database_dies(server, cluster, crew, inbox, end):
    """Every process of it at once, or a stop that writes nothing more; the server's process lives on. Once it is away
    for longer than a write waits that has not been sent, otherwise it comes back while the clients wait."""
    dice = random.Random(f"{kills.SEED}-{end}")
    process = server.process
    away = {1} if end == "immediate" else {}

    def die():
        cluster.crash() if end == "crash" else cluster.stop("immediate")
        time.sleep(AWAY_SECONDS if kill in away else dice.uniform(0, 1))
        cluster.start()

    for kill in range(1, KILLS + 1):
        kills.work(crew, dice.uniform(0.1, 0.9), die)
        inbox.crashes += 1
        settle(server, f"{end}-{kill}")
        kills.check(crew, inbox, f"after {end} {kill} of the database")
    assert server.process is process and process.poll() is None, "the server has ended"
    assert kills.counted(server) == kills.summed(server), "quota is not the sum"


@pytest.mark.timeout(600)
def test_the_server_dies(server, crew, inbox):
    dice = random.Random(f"{kills.SEED}-server")
    for kill in range(1, KILLS + 1):
        kills.work(crew, dice.uniform(0.1, 0.9), server.kill)
        inbox.crashes += 1
        server.restart()
        kills.check(crew, inbox, f"after kill {kill} of the server")
    assert server.command("fsck", "--bytes", "--config", str(server.config_file())).returncode == 0


@pytest.mark.timeout(120)
def test_a_database_that_is_away_is_told_of_and_comes_back(server, cluster):
    session = imap.connect(server, server.alice)
    session.append("INBOX", b"Subject: before\r\n\r\nx\r\n")
    cluster.stop("fast")
    began = time.monotonic()
    tag = session.tag()
    session.send(f'{tag} CREATE "away"\r\n')
    status, _ = session.finish(tag)
    assert status.startswith(b"NO [UNAVAILABLE]"), status
    assert time.monotonic() - began < 30
    cluster.start()
    session.ok('CREATE "back"')
    session.append("INBOX", b"Subject: after\r\n\r\nx\r\n")
    assert b"away" not in b"".join(session.ok('LIST "" "*"'))
    session.logout()
