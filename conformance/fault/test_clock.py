"""The wall clock jumps by an hour and by ten years, both ways, under a running server (libfaketime).

Sessions live by a clock that only grows; mail is delivered; tokens of before lead to the present; UIDVALIDITY grows;
a lock does not outlive a clock that went back. The store's own test walks 200 seeds of the same
(`storage/store/tests/clock.rs`).
"""

import email.utils
import os
import pathlib
import re
import subprocess
import time

import pytest

from blackbox import dav, imap, mail, server as servers, smtp

STEPS = ["+1h", "-1h", "+10y", "-10y", "+0"]
LIBRARY = next((str(path) for path in pathlib.Path("/usr/lib").rglob("libfaketimeMT.so.1")), None)


class Faked(servers.Server):
    """A server that believes what a file says about the time."""

    def __init__(self):
        super().__init__()
        self.clock = self.folder / "clock"
        self.step("+0")

    def step(self, offset):
        self.offset = offset
        draft = self.clock.with_suffix(".new")
        draft.write_text(offset + "\n")
        draft.rename(self.clock)

    def now(self):
        sign, number, unit = re.fullmatch(r"([+-])(\d+)([hy]?)", self.offset).groups()
        seconds = int(number) * {"h": 3600, "y": 365 * 86400, "": 1}[unit]
        return time.time() + (seconds if sign == "+" else -seconds)

    def _spawn(self, *arguments):
        before = dict(os.environ)
        os.environ.update(LD_PRELOAD=LIBRARY, FAKETIME_TIMESTAMP_FILE=str(self.clock), FAKETIME_NO_CACHE="1",
                          FAKETIME_DONT_FAKE_MONOTONIC="1", DONT_FAKE_MONOTONIC="1")
        try:
            super()._spawn(*arguments)
        finally:
            os.environ.clear()
            os.environ.update(before)


@pytest.fixture
def faked():
    assert LIBRARY, "libfaketime is missing: apt-get install libfaketime"
    made = Faked()
    try:
        yield made.start()
    finally:
        made.dispose()


LOCK = ('<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>'
        "</D:lockinfo>")


def delivered(session, subject):
    """Waits for a message in bob's INBOX; returns its INTERNALDATE in seconds."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        session.select("INBOX")
        for uid in session.uids(f'HEADER Subject "{subject}"'):
            line = b"".join(session.ok(f"UID FETCH {uid} (INTERNALDATE)")).decode()
            date = re.search(r'INTERNALDATE "([^"]+)"', line).group(1)
            return email.utils.mktime_tz(email.utils.parsedate_tz(date.strip()))
        time.sleep(0.2)
    raise AssertionError(f"{subject} never came")


def test_a_jumping_clock(faked):
    old = imap.connect(faked, faked.alice)
    old.select("INBOX")
    files = dav.connect(faked, faked.alice)
    home = dav.files(faked.alice[0])
    assert files.put(home + "first", b"1").status == 201
    token, present, validity = files.sync(home).sync_token(), {"first"}, 0
    for number, offset in enumerate(STEPS):
        # A lock taken before the jump, for ten minutes.
        locked = home + f"locked-{number}"
        assert files.do("LOCK", locked, LOCK, headers={"Timeout": "Second-600"}).status == 201
        assert files.put(locked, b"no").status == 423
        present.add(f"locked-{number}")
        faked.step(offset)
        assert abs(faked.now() - server_time(faked)) < 30, "the clock was not moved: the test tests nothing"
        # Deadlines are by another clock: who was in is in, who comes gets in.
        old.ok("NOOP")
        bob = imap.connect(faked, faked.bob)
        subject = f"jump-{number}"
        octets = mail.message(number, 500, subject=subject)
        assert smtp.connect(faked, faked.alice).submit(faked.alice[0], [faked.bob[0]], octets)[0] == 250
        assert abs(delivered(bob, subject) - faked.now()) < 120, "INTERNALDATE is not the clock's"
        old.do('DELETE "again"')
        old.ok('CREATE "again"')
        told = int(re.search(rb"UIDVALIDITY (\d+)", b"".join(old.ok('STATUS "again" (UIDVALIDITY)'))).group(1))
        assert told > validity, f"UIDVALIDITY {told} after {validity}"
        validity = told
        assert files.put(home + f"f{number}", b"x").status == 201
        present.add(f"f{number}")
        told = files.sync(home, token)
        assert told.status == 207, f"{offset}: a token of a minute ago: {told}"
        seen = {href.rstrip("/").rsplit("/", 1)[1] for href, entry in told.multistatus().items() if None not in entry}
        assert seen >= present - {"first"}, (offset, present - seen)
        if offset != "+1h":  # that far on it has lapsed; from the others it must not be held for years
            state = files.put(locked, b"yes").status
            assert state == (423 if offset == "-1h" else 204), (offset, state)
    old.logout()
    assert faked.stop() == 0
    faked.restart()
    faked.command("fsck", "--bytes", "--config", str(faked.config_file()))
    assert "logging: panic" not in faked.log()


def server_time(faked):
    """What the server's clock says: the INTERNALDATE it gives."""
    session = imap.connect(faked, faked.alice)
    uid = session.append("Trash", mail.message(1, 100))[1]
    session.select("Trash")
    line = b"".join(session.ok(f"UID FETCH {uid} (INTERNALDATE)")).decode()
    session.logout()
    return email.utils.mktime_tz(email.utils.parsedate_tz(re.search(r'INTERNALDATE "([^"]+)"', line).group(1).strip()))
