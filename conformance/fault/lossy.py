"""The lossy file system `lossyfs`, as tests use it: mount, cut the power, let calls fail, switch on again.

    with lossy.Disk(tmp_path) as disk:
        server = servers.Server(data=disk.mount / "data")
        ...
        disk.cut(seed=1)          # from here on every call of the server's fails
        server.kill()
        disk.heal()               # what survived
        server.restart()

It needs /dev/fuse and the right to mount (root, or Debian's `fuse3`); where it has neither, the test fails.
"""

import json
import os
import pathlib
import socket
import subprocess
import tempfile
import threading

from blackbox import server as servers


def binary():
    """The lossyfs to use: `LOSSYFS`, the build beside the server under test, or the release build of this tree."""
    beside = os.path.join(os.path.dirname(servers.binary()), "lossyfs")
    return os.environ.get("LOSSYFS") or (beside if os.path.exists(beside) else servers.built("lossyfs"))


class Disk:
    """One mounted lossy file system. It goes when this process goes, however that ends."""

    def __init__(self, parent=None, strict=False, size=0, direct=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lossy-", dir=parent))
        self.mount = self.folder / "disk"
        self.mount.mkdir()
        self.control = self.folder / "control"
        command = [binary(), str(self.mount), "--control", str(self.control), "--bytes", str(size)]
        command += ["--strict"] * strict + ["--direct"] * direct
        self.lock = threading.Lock()
        # It unmounts when its standard input ends, which the end of this process sees to.
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"ready\n":
            raise RuntimeError(f"lossyfs cannot be mounted: status {self.process.wait()}; it needs /dev/fuse and root or fuse3")
        self.socket = self._connect()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.unmount()

    def _connect(self):
        made = socket.socket(socket.AF_UNIX)
        made.connect(str(self.control))
        return made.makefile("rw")

    def _ask(self, do, **words):
        with self.lock:
            return self._talk(self.socket, do, words)

    @staticmethod
    def _talk(stream, do, words):
        stream.write(json.dumps({"do": do, **words}) + "\n")
        stream.flush()
        answer = json.loads(stream.readline())
        if "error" in answer:
            raise RuntimeError(f"lossyfs, {do} {words}: {answer['error']}")
        return answer

    # -- power --------------------------------------------------------------------------------------
    def cut(self, seed=0, loss="any"):
        """Cuts the power: every later call fails, and what was not synced is lost as `loss` says.

        `drop`: all of it; `keep`: none; `torn`: each write kept, dropped or torn by dice; `any`: dice choose.
        Returns what became of it.
        """
        return self._ask("cut", seed=seed, loss=loss)["toll"]

    def await_cut(self, seconds):
        """Waits for a cut made by a fault; False when there was none in that time."""
        with self._connect() as stream:
            return self._talk(stream, "await", {"ms": int(seconds * 1000)})["cut"]

    def heal(self):
        """The power is back; faults and counters begin anew."""
        self._ask("heal")

    # -- faults -------------------------------------------------------------------------------------
    def fault(self, on, harm, **details):
        """A fault to come, until `clear` or `heal`.

        `on`: one or more of open read write truncate sync syncdir create mkdir rename unlink. `harm`: eio (after a
        failed sync its bytes are lost), enospc, lie (a sync that does nothing), flip (a bit of the bytes written),
        delay (with `delay_ms`), cut (with `seed` and `loss`: the power goes before the deed is done). `path` is a
        pattern with `*` for the path below the mount, `after` one for the last deed in the same directory (as in
        "sync data/blobs/00000001.gone"; syncs and changes of names count), `nth` the first such deed to be struck (from 1), `times` how
        many from there on (0, the default, is all).
        """
        deeds = [on] if isinstance(on, str) else list(on)
        self._ask("fault", fault={"on": deeds, "harm": harm, **details})

    def clear(self):
        """Takes all faults away."""
        self._ask("clear")

    def limit(self, size):
        """Makes the disk that large in bytes (0: no limit), as `statvfs` then tells."""
        self._ask("limit", bytes=size)

    def flip(self, path, bit=None, seed=0):
        """Turns one bit of a file over, for readers and on the disk. Returns which."""
        return self._ask("flip", path=str(path), bit=bit, seed=seed)["bit"]

    # -- facts --------------------------------------------------------------------------------------
    def status(self):
        """`counts` by deed, `dark`, `cuts`, `toll`, `faults` (with `seen` and `struck`), `free_bytes`, `pending_...`."""
        return self._ask("status")

    def counts(self):
        """How often each deed was done since the beginning, `zero` or `heal`."""
        return self.status()["counts"]

    def zero(self):
        """Begins counting anew."""
        self._ask("zero")

    def trace(self):
        """The last deeds but open, read and write, as [deed, path]."""
        return self._ask("trace")["trace"]

    # -- state --------------------------------------------------------------------------------------
    def strict(self, strict=True):
        """Whether names need the sync of their directory (POSIX) or come with any sync (a journal)."""
        self._ask("order", strict=strict)

    def sync(self):
        """Makes everything durable."""
        self._ask("sync")

    def snapshot(self, name="start"):
        """Remembers everything under a name."""
        self._ask("snapshot", name=name)

    def restore(self, name="start"):
        """Goes back to a snapshot, with the power on and without faults."""
        self._ask("restore", name=name)

    def unmount(self):
        """Ends it and removes the folder."""
        if self.process is None:
            return
        self.socket.close()
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
        subprocess.run(["umount", "-l", str(self.mount)], capture_output=True, check=False)
        self.control.unlink(missing_ok=True)
        self.mount.rmdir()
        self.folder.rmdir()
