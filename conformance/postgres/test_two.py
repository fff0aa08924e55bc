"""Two server processes on one database: one mailbox, one queue, one set of UIDs."""

import random
import threading
import time

import pytest

from blackbox import imap

PER_WRITER = 15


@pytest.fixture(scope="module")
def twin(server):
    made = server.twin()
    try:
        yield made.start()
    finally:
        made.dispose()


def writer(at, mailbox, number, told, refused, count=PER_WRITER):
    try:
        session = imap.connect(at, at.alice)
        for n in range(count):
            message = f"Subject: {number}-{n}\r\n\r\n{'x' * random.Random(n).randrange(50, 9000)}\r\n".encode()
            try:
                told.append((session.append(mailbox, message)[1], f"{number}-{n}"))
            except imap.ImapError as error:
                if "closed" in str(error):
                    return
                refused.append(str(error))
    except (OSError, imap.ImapError):
        return


def run(pairs, mailbox, count=PER_WRITER, meanwhile=None):
    told, refused = [], []
    threads = [threading.Thread(target=writer, args=(at, mailbox, number, told, refused, count))
               for number, at in enumerate(pairs)]
    for thread in threads:
        thread.start()
    if meanwhile:
        meanwhile()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    return told, refused


def stored(at, mailbox):
    session = imap.connect(at, at.alice)
    session.select(mailbox)
    found = {uid: session.body(uid).split(b"\r\n")[0].removeprefix(b"Subject: ").decode() for uid in session.uids()}
    session.logout()
    return found


def test_no_uid_is_given_twice_and_nobody_is_refused(server, twin):
    imap.connect(server, server.alice).ok("CREATE both")
    told, refused = run([server, twin] * 4, "both")
    assert refused == []
    assert len(told) == 8 * PER_WRITER and len({uid for uid, _ in told}) == len(told)
    assert stored(server, "both") == dict(told) == stored(twin, "both")


def test_one_hears_of_the_others_delivery(server, twin):
    listener = imap.connect(server, server.alice)
    listener.select("INBOX")
    listener.start("IDLE")
    while not listener.line().startswith(b"+"):
        pass
    time.sleep(1.2)
    imap.connect(twin, twin.alice).append("INBOX", b"Subject: heard\r\n\r\nx\r\n")
    began = time.monotonic()
    while b"EXISTS" not in listener.line():
        pass
    assert time.monotonic() - began < 2.5
    listener.close()


@pytest.mark.timeout(180)
def test_either_may_be_killed(server, twin):
    imap.connect(server, server.alice).ok("CREATE killed")
    seen = {}
    for victim, other in ((server, twin), (twin, server)):
        def kill(victim=victim):
            time.sleep(0.7)
            victim.kill()

        told, refused = run([victim, other] * 4, "killed", 25, kill)
        assert refused == []
        found = stored(other, "killed")
        for uid, subject in told:
            assert found.get(uid) == subject, f"UID {uid}"
        for uid, subject in seen.items():
            assert found.get(uid) == subject, f"UID {uid} means something else now"
        assert len(told) >= 4 * 25, "the other one went on"
        seen = found
        victim.restart()
    fsck = server.command("fsck", "--bytes", "--config", str(server.config_file()))
    assert fsck.returncode == 0
