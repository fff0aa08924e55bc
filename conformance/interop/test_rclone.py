"""rclone: a tree with odd names synchronised and checked, and a file of 1 GiB in flat server memory."""

import hashlib
import os

import pytest

from blackbox import client, dav

GIB = 1 << 30
GROWTH_BYTES_MAX = 96 << 20
ODD_NAMES = ["plain.txt", "with space.txt", "éàü.txt", "日本語.txt", "100%.txt", "a+b.txt", "a&b<c>.txt", "semi;colon.txt",
             "quote'd.txt", 'double"d.txt', "hash#tag.txt", "question?.txt", "%41encoded.txt", "co:lon.txt",
             "[brackets].txt", "{braces}.txt", "tilde~.txt", "back\\slash.txt", "dot.", " lead.txt", "trail .txt",
             "emoji 🐙.txt", ".hidden", "e\u0301 decomposed.txt", "x" * 200 + ".txt", "comma,.txt", "at@sign.txt",
             "equals=.txt", "dollar$.txt", "caret^.txt", "pipe|.txt", "back`tick.txt", "star*.txt", "-dash"]


@pytest.fixture
def remote(server, own_home):
    """The remote `c:` configured by environment, as rclone documents it."""
    user, password = server.alice
    hidden = client.run("rclone", "obscure", password).stdout.strip()
    settings = {"TYPE": "webdav", "VENDOR": "other", "USER": user, "PASS": hidden,
                "URL": server.url("webdav", f"/dav/files/{user}/")}
    env = {f"RCLONE_CONFIG_C_{key}": value for key, value in settings.items()}
    env["RCLONE_CA_CERT"] = server.ca

    def run(*arguments, check=True, timeout=280):
        return client.run("rclone", "--retries", "1", "--low-level-retries", "1", *arguments, env=env, check=check,
                          timeout=timeout)
    return run


def plant(folder):
    """The odd names, in folders with odd names, with different sizes."""
    for place in ("", "dossier été/", "a b/c#d/e%f/"):
        (folder / place).mkdir(parents=True, exist_ok=True)
        for number, name in enumerate(ODD_NAMES):
            (folder / place / name).write_bytes(os.urandom(number * 777))


def test_sync_and_check(remote, own_home):
    """sync up, check by download, sync down elsewhere, then deletions and a rename go through."""
    here, back = own_home / "tree", own_home / "back"
    plant(here)
    remote("sync", str(here), "c:tree", "--create-empty-src-dirs")
    remote("check", "--download", str(here), "c:tree")
    remote("sync", "c:tree", str(back))
    remote("check", "--download", str(back), "c:tree")
    assert sorted(p.relative_to(here) for p in here.rglob("*")) == sorted(p.relative_to(back) for p in back.rglob("*"))
    for path in list(here.rglob("*.txt"))[::3]:
        path.unlink()
    (here / ".hidden").rename(here / "renamed 🦀")
    remote("sync", str(here), "c:tree")
    remote("check", "--download", str(here), "c:tree")
    assert "0 files" not in remote("size", "c:tree").stdout
    remote("moveto", "c:tree/renamed 🦀", "c:tree/dossier été/moved")
    remote("copyto", "c:tree/dossier été/moved", "c:tree/copied")
    sums = [remote("hashsum", "MD5", "--download", f"c:tree/{name}").stdout.split()[0]
            for name in ("copied", "dossier été/moved")]
    assert sums[0] == sums[1]
    remote("purge", "c:tree")
    assert "tree" not in remote("lsf", "c:").stdout


def test_about(remote):
    """Free and used space come from the quota properties."""
    assert "Used" in remote("about", "c:").stdout


def pattern():
    """1 GiB that does not compress away, in pieces of 1 MiB."""
    block = os.urandom(1 << 20)
    for number in range(1024):
        yield number.to_bytes(8, "big") + block[8:]


@pytest.mark.timeout(600)
def test_gibibyte_in_flat_memory(server, remote, own_home, tmp_path):
    """Up by rclone, down by GET in pieces; the resident memory grows by less than 96 MiB."""
    big = tmp_path / "big.bin"
    digest = hashlib.sha256()
    with open(big, "wb") as out:
        for piece in pattern():
            out.write(piece)
            digest.update(piece)
    try:
        before, peak = server.resident_bytes(), Peak(server)
        with peak:
            remote("copyto", str(big), "c:big.bin", timeout=500)
            session = dav.connect(server, server.alice, "webdav")
            href = dav.files(server.alice[0], "big.bin")
            assert int(session.do("HEAD", href).headers["content-length"]) == GIB
            there = hashlib.sha256()
            for start in range(0, GIB, 64 << 20):
                answer = session.get(href, Range=f"bytes={start}-{start + (64 << 20) - 1}")
                assert answer.status == 206 and len(answer.body) == 64 << 20
                there.update(answer.body)
            remote("copyto", "c:big.bin", str(tmp_path / "back.bin"), timeout=500)
        assert there.digest() == digest.digest()
        with open(tmp_path / "back.bin", "rb") as back:
            assert hashlib.file_digest(back, "sha256").digest() == digest.digest()
        assert peak.bytes - before < GROWTH_BYTES_MAX, f"grew by {(peak.bytes - before) >> 20} MiB"
        remote("deletefile", "c:big.bin")
    finally:
        for path in (big, tmp_path / "back.bin"):
            path.unlink(missing_ok=True)


class Peak:
    """The highest resident memory of the server while the block runs."""

    def __init__(self, server):
        self.server, self.bytes = server, 0

    def __enter__(self):
        import threading
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()

    def _watch(self):
        while not self.over.wait(0.05):
            self.bytes = max(self.bytes, self.server.resident_bytes())

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
