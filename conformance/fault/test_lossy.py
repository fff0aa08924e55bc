"""The lossy file system itself: a test that trusts it must know that it loses what it should, and nothing else."""

import errno
import mmap
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import lossy  # noqa: E402


@pytest.fixture
def disk(tmp_path):
    with lossy.Disk(tmp_path) as made:
        yield made


def put(path, octets, sync=True):
    with open(path, "wb") as out:
        out.write(octets)
        out.flush()
        if sync:
            os.fsync(out.fileno())


def test_a_cut_loses_what_was_not_synced(disk):
    put(disk.mount / "kept", b"k" * 10_000)
    put(disk.mount / "lost", b"l" * 10_000, sync=False)
    assert disk.status()["pending_writes"] == 1
    handle = os.open(disk.mount / "kept", os.O_RDWR)
    disk.cut(loss="drop")
    for call in (lambda: os.fsync(handle), lambda: os.pwrite(handle, b"x", 0), lambda: os.listdir(disk.mount)):
        with pytest.raises(OSError) as told:
            call()
        assert told.value.errno == errno.EIO
    disk.heal()
    assert os.listdir(disk.mount) == ["kept"]
    assert (disk.mount / "kept").read_bytes() == b"k" * 10_000
    with pytest.raises(OSError):
        os.pwrite(handle, b"x", 0)  # a handle of before the cut
    os.close(handle)


def test_strict_names(disk):
    disk.strict()
    folder = disk.mount / "folder"
    folder.mkdir()
    put(folder / "file", b"text")
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
    disk.cut(loss="drop")
    disk.heal()
    assert os.listdir(disk.mount) == []


def test_faults_strike_the_nth_on_the_named_files(disk):
    disk.fault("sync", "eio", path="*.seg", nth=2, times=1)
    put(disk.mount / "a.seg", b"one")
    put(disk.mount / "a.jnl", b"one")
    with pytest.raises(OSError):
        put(disk.mount / "a.seg", b"two")
    put(disk.mount / "a.jnl", b"three")
    disk.fault("write", "enospc", nth=3)
    put(disk.mount / "b", b"1")
    put(disk.mount / "b", b"2")
    with pytest.raises(OSError) as told:
        put(disk.mount / "b", b"3")
    assert told.value.errno == errno.ENOSPC
    disk.clear()
    put(disk.mount / "b", b"4")
    disk.fault("sync", "lie", path="b")
    put(disk.mount / "b", b"5555")
    assert disk.status()["faults"][0]["struck"] == 1
    disk.cut(loss="drop")
    disk.heal()
    assert (disk.mount / "b").read_bytes() == b"4"


def test_cut_at_a_sync(disk):
    disk.fault(["sync", "syncdir"], "cut", nth=2, loss="drop")
    assert not disk.await_cut(0.01)
    put(disk.mount / "a", b"one")
    with pytest.raises(OSError):
        put(disk.mount / "b", b"two")
    assert disk.await_cut(1)
    disk.heal()
    assert os.listdir(disk.mount) == ["a"]


def test_size_and_snapshots(disk):
    disk.limit(1 << 20)
    put(disk.mount / "a", b"a" * 500_000)
    disk.snapshot()
    assert os.statvfs(disk.mount).f_bavail == 256 - 123
    with pytest.raises(OSError) as told:
        put(disk.mount / "b", b"b" * 600_000)
    assert told.value.errno == errno.ENOSPC
    (disk.mount / "a").unlink()
    disk.restore()
    assert (disk.mount / "a").read_bytes() == b"a" * 500_000 and os.listdir(disk.mount) == ["a"]


def test_rot_and_mapped_memory(disk):
    put(disk.mount / "a", b"\0" * 10_000)
    with open(disk.mount / "a", "r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[5000] = 255
        mapped.flush()
        assert disk.flip("a", bit=8) == 8
        assert os.pread(file.fileno(), 2, 0) == b"\0\1"
    disk.flip("a", seed=7)
    disk.cut(loss="drop")
    disk.heal()
    octets = (disk.mount / "a").read_bytes()
    assert octets[1] == 1 and sum(octet.bit_count() for octet in octets) in (8, 9, 10) and octets[5000] > 126
