"""Bit rot: one bit of the stopped server's data turns over, then it is started and everything is read.

What is told is what was stored, always. What the bit belonged to may be missing or refused, nothing else may, and
`fsck --bytes` names it. Where the damage is such that going on would hide a loss (the engine's journal, its
manifests), the server refuses to start and says where the damage is and what to do.

`COLLEGIUM_FLIPS` sets how many bits (40), `COLLEGIUM_SEED` repeats a run,
`COLLEGIUM_ROT` keeps to one kind of file (segment, journal, table, engine).
"""

import collections
import hashlib
import os
import pathlib
import random
import re
import shutil
import subprocess

import pytest

from blackbox import dav, imap, mail, server as servers

FLIPS = int(os.environ.get("COLLEGIUM_FLIPS", "40"))
SEED = os.environ.get("COLLEGIUM_SEED") or str(random.SystemRandom().getrandbits(32))
SMALL, LARGE, FILES = 8600, 40, 20
# The most that one bit may take away: a block of a table, a group of the journal.
LOST_MAX = 1100


def digest(octets):
    return hashlib.sha256(octets).digest()


class Store:
    """A filled data directory, its pristine copy, and what must be in it."""

    def __init__(self):
        self.server = servers.Server().start()
        self.pristine = self.server.folder / "pristine"
        dice = random.Random(SEED)
        mbox = self.server.folder / "small.mbox"
        with open(mbox, "wb") as out:
            for number in range(SMALL):
                body = dice.randbytes(1500).hex().encode()
                lines = b"".join(body[at:at + 76] + b"\n" for at in range(0, len(body), 76))
                out.write(b"From x Mon Nov 23 10:00:00 2026\nSubject: small %d\n\n" % number + lines + b"\n")
        self.server.command("import", "--account", self.server.alice[0], "--mbox", str(mbox), "--config",
                            str(self.server.config_file()), timeout=300)
        mbox.unlink()
        session = imap.connect(self.server, self.server.alice)
        for number in range(LARGE):
            session.append("Archive", mail.message(number, 30_000))
        files = dav.connect(self.server, self.server.alice)
        self.files = {f"f{number}": dice.randbytes(dice.choice([100, 20_000, 300_000])) for number in range(FILES)}
        for name, body in self.files.items():
            assert files.put(dav.files(self.server.alice[0], name), body).status == 201
        self.boxes = [box for box in ("INBOX", "Archive", "small") if self.exists(session, box)]
        self.mail = self.read_mail()
        assert sum(len(found) for found in self.mail.values()) == SMALL + LARGE, self.boxes
        assert self.server.stop() == 0
        shutil.copytree(self.server.data, self.pristine)
        subprocess.run(["cp", "-a", "--sparse=always", str(self.server.data) + "/.", str(self.pristine)], check=True)

    @staticmethod
    def exists(session, box):
        return session.do(f'STATUS "{box}" (MESSAGES)')[0].startswith(b"OK")

    def restore(self):
        self.server.kill()
        shutil.rmtree(self.server.data)
        subprocess.run(["cp", "-a", "--sparse=always", str(self.pristine), str(self.server.data)], check=True)

    def read_mail(self):
        """box -> {uid: digest} of what is told; a message that is refused is left out."""
        found = {}
        for box in self.boxes:
            found[box] = {}
            try:
                session = imap.connect(self.server, self.server.alice)
                session.select(box)
                uids = session.uids("ALL")
            except imap.ImapError:
                continue
            while uids:
                uids = self.read_some(box, uids, found[box])
        return found

    def read_some(self, box, uids, found):
        """Reads until one is refused; what is left behind it."""
        session = imap.connect(self.server, self.server.alice)
        session.select(box)
        if len(uids) > 1 and not hasattr(self, "careful"):
            status, lines = session.do(f"UID FETCH {uids[0]}:{uids[-1]} (UID BODY.PEEK[])")
            for line in lines:
                literal = re.search(rb"BODY\[\] ~?\{(\d+)\}\r\n", line)
                if literal:
                    octets = line[literal.end():literal.end() + int(literal.group(1))]
                    rest = line[:literal.start()] + line[literal.end() + len(octets):]
                    found[int(re.search(rb"UID (\d+)", rest).group(1))] = digest(octets)
            if status.startswith(b"OK"):
                return []
        left = [uid for uid in uids if uid not in found]
        for at, uid in enumerate(left):
            try:
                found[uid] = digest(session.body(uid))
            except (imap.ImapError, AttributeError, TypeError, IndexError):
                return left[at + 1:]
        return []


@pytest.fixture(scope="module")
def store():
    made = Store()
    try:
        yield made
    finally:
        made.server.dispose()


def kind(path):
    if path.suffix == ".seg":
        return "segment"
    if path.suffix == ".jnl":
        return "journal"
    # Keyspace 0 is fjall's own.
    return "table" if path.parent.name == "tables" and path.parent.parent.name != "0" else "engine"


def turn(path, dice):
    """Turns one bit over where the file has data."""
    octets = bytearray(path.read_bytes())
    used = len(octets.rstrip(b"\0")) or len(octets)
    bit = dice.randrange(used * 8)
    octets[bit // 8] ^= 1 << bit % 8
    with open(path, "r+b") as out:
        out.seek(bit // 8)
        out.write(octets[bit // 8:bit // 8 + 1])
    return bit


def starts(store):
    """Whether it starts; when not, it says what is damaged and what to do."""
    before = len(store.server.log())
    try:
        store.server.restart()
        # Its sockets are open before its store is.
        while store.server.process.poll() is None:
            try:
                imap.connect(store.server, store.server.alice).logout()
                return True
            except (OSError, imap.ImapError) as error:
                if "NO" in str(error):
                    return True
    except RuntimeError:
        pass
    words = store.server.log()[before:]
    assert "panic" not in words, words
    assert re.search(r"damaged|missing|unknown version|behind|cannot be opened", words), words
    return False


def lost(store):
    """What is missing or refused; whatever is told must be right."""
    missing = []
    told = store.read_mail()
    for box, wanted in store.mail.items():
        for uid, octets in told[box].items():
            assert wanted.get(uid) == octets, f"{box} {uid}: other octets than were stored"
        missing += [(box, uid) for uid in wanted if uid not in told[box]]
    files = dav.connect(store.server, store.server.alice)
    for name, body in store.files.items():
        try:
            answer = files.get(dav.files(store.server.alice[0], name))
            if answer.status == 200:
                assert answer.body == body, f"{name}: other octets than were stored"
            else:
                assert answer.status in (404, 500, 503), answer
                missing.append(name)
        except (OSError, dav.http.client.HTTPException):
            missing.append(name)
            files = dav.connect(store.server, store.server.alice)
    return missing


@pytest.mark.timeout(600 + 20 * FLIPS)
def test_every_bit(store):
    dice = random.Random(SEED)
    files = collections.defaultdict(list)
    for path in sorted(store.server.data.rglob("*")):
        if path.is_file() and path.parts[-2:-1] != ("data",) and path.stat().st_size and "tls" not in path.parts:
            files[kind(path)].append(path)
    assert {"segment", "journal", "table", "engine"} <= set(files), dict(files)
    outcome = collections.Counter()
    for number in range(FLIPS):
        what = os.environ.get("COLLEGIUM_ROT") or sorted(files)[number % len(files)]
        path = dice.choice(files[what])
        bit = turn(path, dice)
        where = f"seed {SEED}, {path.relative_to(store.server.data)} bit {bit}"
        config = str(store.server.config_file())
        try:
            if starts(store):
                outcome[what, check(store, where)] += 1
            elif what == "journal":
                mended = store.server.command("fsck", "--mend-journal", "--json", "--config", config, check=False)
                assert "left out" in mended.stderr, mended.stderr
                assert starts(store), f"{where}: {mended.stderr}\n{store.server.log()[-2000:]}"
                outcome[what, "refused, mended: " + check(store, where, mended=True)] += 1
            else:
                outcome[what, "refused to start"] += 1
        except (AssertionError, OSError) as error:
            raise AssertionError(f"{where}: {error}\n{store.server.log()[-3000:]}") from error
        store.restore()
    print(f"COLLEGIUM_SEED={SEED}")
    for (what, came), count in sorted(outcome.items()):
        print(f"  {what}: {came}: {count}")


def check(store, where, mended=False):
    gone = lost(store)
    assert len(gone) <= LOST_MAX, f"{len(gone)} are lost"
    done = store.server.command("fsck", "--bytes", "--json", "--config", str(store.server.config_file()), check=False,
                                timeout=300)
    if gone and not mended:
        assert done.returncode != 0, f"{len(gone)} are lost and fsck finds nothing: {gone[:3]}"
    assert store.server.process.poll() is None
    assert store.server.stop() == 0
    if not gone:
        return "named, nothing lost" if done.returncode else "without effect"
    return "detected, named"
