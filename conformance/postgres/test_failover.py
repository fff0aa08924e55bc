"""The primary dies for good and its synchronous standby takes over: the server goes on by itself with everything that
was acknowledged, and nothing is acknowledged before the standby has been promoted."""

import importlib.util
import pathlib
import time

import pytest

from blackbox import imap, pgserver, postgres


def crash_tests():
    path = pathlib.Path(__file__).resolve().parent / "test_crash.py"
    spec = importlib.util.spec_from_file_location("test_crash", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


kills = crash_tests().kills
workers = kills.workers


@pytest.mark.timeout(240)
def test_a_standby_takes_over():
    primary = postgres.Cluster().start()
    standby, server = None, None
    try:
        standby = primary.standby().start()
        primary.psql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.psql("SELECT pg_reload_conf()")
        url = f"postgresql://postgres@localhost:{primary.port},localhost:{standby.port}/collegium?sslmode=disable"
        server = pgserver.Server(cluster=primary, url=url).start()
        crew = [workers.Mailer(server, kills.SEED, 0), workers.Sender(server, kills.SEED, 0),
                workers.Filer(server, kills.SEED, 0)]
        for worker in crew:
            worker.prepare()
        inbox = workers.Inbox(server, [crew[1]])
        session = imap.connect(server, server.alice, timeout=60)

        def fail_over():
            primary.crash()
            # The standby answers, and takes no writes yet: nothing is acknowledged.
            began = time.monotonic()
            tag = session.tag()
            session.send(f'{tag} CREATE "too early"\r\n')
            status, _ = session.finish(tag)
            assert status.startswith(b"NO [UNAVAILABLE]") and time.monotonic() - began < 30, status
            # Those who work still wait to hear what became of their last change.
            standby.promote()

        kills.work(crew, 1.0, fail_over)
        inbox.crashes += 1
        kills.check(crew, inbox, "after the failover")
        session.ok('CREATE "later"')
        names = b"".join(session.ok('LIST "" "*"'))
        assert b"later" in names and b"too early" not in names
        session.logout()
        kills.work(crew, 0.5, lambda: None)
        kills.check(crew, inbox, "on the new primary")
        assert server.command("fsck", "--bytes", "--config", str(server.config_file())).returncode == 0
    finally:
        for one in (server, standby, primary):
            if one:
                one.dispose()
