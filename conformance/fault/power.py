"""A server on a lossy disk under mixed load, and everything that must hold after its power was cut."""

import json
import os
import pathlib
import random
import re
import shutil
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import lossy  # noqa: E402
import workers  # noqa: E402

from blackbox import dav, imap, server as servers  # noqa: E402

SEED = os.environ["COLLEGIUM_SEED"]  # conftest.py rolls it when nobody gave one
# After a cut, until every door answers. The logs here are far below a gigabyte.
READY_SECONDS_MAX = 2 + 1
# Small, so that a short run seals segments, writes tables out and merges them; what is removed is free at once.
SMALL = """
[store]
undelete_days = 0
segment_mib = 1
memtable_kib = 128
"""


class Rig:
    """One life: a disk, a server on it, and who works on it."""

    def __init__(self, seed, strict=False, small=True, crew=((workers.Mailer, 2), (workers.Sender, 1),
                                                             (workers.Planner, 1), (workers.Filer, 1))):
        self.seed, self.dice = seed, random.Random(f"{seed}-rig")
        self.folder = tempfile.mkdtemp(prefix="power-")
        self.disk = lossy.Disk(self.folder)
        self.server = servers.Server(parent=self.folder, data=self.disk.mount / "data")
        self.server.start()
        if small:
            self.make_small()
        self.crew = [kind(self.server, seed, number) for kind, count in crew for number in range(count)]
        for worker in self.crew:
            worker.prepare()
        self.inbox = workers.Inbox(self.server, [worker for worker in self.crew if isinstance(worker, workers.Sender)])
        self.disk.sync()
        self.disk.strict(strict)
        self.cuts, self.slowest = 0, 0.0

    def make_small(self):
        """Makes the store anew, with everything in it small."""
        self.server.stop()
        with open(self.server.config_file(), "a") as config:
            config.write(SMALL)
        for part in ("engine", "blobs"):
            shutil.rmtree(self.server.data / part)
        self.server.restart()
        self.make_accounts()

    def make_accounts(self):
        """Alice and bob in a new store, with the passwords they had."""
        self.command("domain", "add", "example.org")
        for address, password in (self.server.alice, self.server.bob):
            self.server.add_account(address, password)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.server.kill()
            self.server.dispose()
        finally:
            self.disk.unmount()
            os.rmdir(self.folder)

    @property
    def acknowledged(self):
        return sum(worker.acknowledged for worker in self.crew)

    def work(self, seconds, end, patience=0):
        """All work for a while, then `end` is called under load and all are joined. With `patience`, `end` is not
        called before the power is gone by a fault, or that time is over."""
        over = threading.Event()
        threads = [threading.Thread(target=worker.run, args=(over,)) for worker in self.crew]
        for worker in self.crew:
            worker.server_dying = patience > 0
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        if patience:
            self.disk.await_cut(patience)
        for worker in self.crew:
            worker.server_dying = True
        end()
        over.set()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive(), "a client hangs on a dead server"
        for worker in self.crew:
            worker.server_dying = False
            assert worker.failure is None, f"seed {self.seed}: {worker.failure}"

    def cut(self, seconds, loss="any"):
        """Works, cuts the power under load, and switches on again without starting the server."""
        def end():
            toll.update(self.disk.cut(self.dice.getrandbits(60), loss))
            self.server.kill()
        toll = {}
        self.work(seconds, end)
        self.disk.heal()
        self.cuts += 1
        self.inbox.crashes += 1
        return toll

    def start(self):
        """Starts the server; it must be ready soon."""
        begun = time.monotonic()
        self.server.restart()
        took = time.monotonic() - begun
        self.slowest = max(self.slowest, took)
        assert took < READY_SECONDS_MAX, f"ready after {took:.1f} s"

    def check(self):
        """What every client knows, the invariants of the store, and every octet on the disk."""
        for worker in self.crew:
            worker.check()
        self.inbox.check()
        self.fsck()

    def fsck(self):
        done = self.command("fsck", "--bytes", "--json", check=False)
        assert done.returncode == 0, f"fsck: {done.stdout}{done.stderr}"

    def command(self, *words, check=True):
        return self.server.command(*words, "--config", str(self.server.config_file()), check=check)

    def settle(self):
        """Nothing leaks: after a collection every octet is somebody's, and the quota is the sum."""
        self.command("collect")
        self.fsck()
        used, total = counted(self.server), summed(self.server)
        assert used == total, f"quota says {used}, the sum is {total}"

    def rounds(self, cuts, seconds=(0.05, 0.35), orders=(False, True), crash_at_start=0.1):
        """So many cuts, each followed by all checks."""
        for _ in range(cuts):
            strict = self.dice.choice(orders)
            self.disk.strict(strict)
            moment = f"seed {self.seed}, cut {self.cuts + 1}, {'strict' if strict else 'journal'}"
            try:
                toll = self.cut(self.dice.uniform(*seconds))
                moment += f", toll {toll}"
                if self.dice.random() < crash_at_start:
                    self.cut_while_starting()
                self.start()
                self.check()
                if self.cuts % 10 == 0:
                    self.settle()
            except (AssertionError, RuntimeError, OSError) as error:
                raise AssertionError(f"{moment}: {error!r}\n{self.server.log()[-3000:]}") from error

    def cut_while_starting(self):
        """A second cut in the middle of recovery, at one of its syncs."""
        self.disk.fault(["sync", "syncdir", "truncate", "unlink"], "cut", nth=self.dice.randint(1, 6),
                        seed=self.dice.getrandbits(60))
        patience, servers.READY_SECONDS = servers.READY_SECONDS, 2
        try:
            self.server.restart()
        except RuntimeError:
            pass
        finally:
            servers.READY_SECONDS = patience
            self.disk.cut(self.dice.getrandbits(60))
            self.server.kill()
            self.disk.heal()
            self.inbox.crashes += 1


def counted(server):
    """What the server says that alice uses."""
    done = server.command("account", "show", server.alice[0], "--json", "--config", str(server.config_file()))
    return json.loads(done.stdout)["used_bytes"]


def summed(server):
    """The same, added up over everything she can list."""
    session = imap.connect(server, server.alice)
    total = 0
    for line in session.ok('LIST "" "*" RETURN (STATUS (SIZE))'):
        found = re.search(rb"^\* STATUS .*SIZE (\d+)", line)
        total += int(found.group(1)) if found else 0
    session.logout()
    files = dav.connect(server, server.alice)
    for home in ("files", "calendars", "addressbooks"):
        queue = [f"/dav/{home}/{server.alice[0]}/"]
        while queue:
            folder = queue.pop()
            told = files.propfind(urllib.parse.quote(folder), "D:getcontentlength", "D:resourcetype", depth=1)
            for href, entry in told.multistatus().items():
                if href.rstrip("/") == folder.rstrip("/"):
                    continue
                status, length = entry["{DAV:}getcontentlength"]
                total += int(length.text) if status == 200 else 0
                if entry["{DAV:}resourcetype"][1].find("{DAV:}collection") is not None:
                    queue.append(href)
    files.close()
    return total
