"""An engine and segments that do not belong together: refused in clear words, taken only when somebody says so."""

import shutil

import pytest

from blackbox import stores
from blackbox.mail import message

ALICE = ("alice@example.org", "belonging-password")


@pytest.fixture
def kept():
    """A stopped store with one message, and beside it a copy of its data of that time."""
    made = stores.Kept()
    try:
        made.command("domain", "add", "example.org")
        made.command("account", "add", ALICE[0], "--password-stdin", stdin=ALICE[1] + "\n")
        work(made, 1)
        shutil.copytree(made.data, made.folder / "older", ignore=shutil.ignore_patterns("*.sock"))
        work(made, 2)
        yield made
    finally:
        made.dispose()


def work(kept, number):
    """Three messages, and what is seen of the inbox then."""
    kept.start()
    session = kept.imap(ALICE)
    for part in range(3):
        session.append("INBOX", message(10 * number + part, 20_000))
    session.logout()
    seen = stores.look_mail(kept, ALICE)["INBOX"]["messages"]
    assert kept.end() == 0
    return seen


def refused(kept, words):
    """No command opens the store, and each says why and what can be done."""
    for arguments in (("serve",), ("account", "list"), ("fsck",)):
        done = kept.command(*arguments, check=False)
        assert done.returncode == 1 and words in done.stderr and "--accept-loss" in done.stderr, done


def accepted(kept):
    """Opened once with the flag, it is opened from then on; what is missing is named."""
    kept.start("--accept-loss")
    kept.end()
    found = kept.command("fsck", "--bytes", "--json", check=False).stdout
    more = work(kept, 3)
    return more, found


def swap(kept, name):
    shutil.rmtree(kept.data / name)
    shutil.copytree(kept.folder / "older" / name, kept.data / name)


def test_an_older_engine(kept):
    swap(kept, "engine")
    refused(kept, "the engine is older than the segments")
    more, found = accepted(kept)
    assert len(more) == 6 and found.strip() == "[]", "the first three, and three new ones"


def test_older_segments(kept):
    swap(kept, "blobs")
    refused(kept, "the segments of bodies are older than the engine")
    kept.start("--accept-loss")
    kept.end()
    found = kept.command("fsck", "--bytes", "--json", check=False).stdout
    assert found.count("DamagedBlob") == 3, found


def test_no_segments(kept):
    shutil.rmtree(kept.data / "blobs")
    refused(kept, "is missing")


def test_no_engine(kept):
    shutil.rmtree(kept.data / "engine")
    refused(kept, "the engine is older than the segments")
