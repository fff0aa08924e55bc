"""Power cuts under the same load as the kills: the server's disk is an ext4 on a loop device that is shut down while
it writes, so that everything not synced is gone, then mounted again.

A kill leaves the page cache as it was; only this shows whether every acknowledgement waited for its sync. It does not
lose the drive's own cache nor tear sectors. `COLLEGIUM_CUTS` sets how often (20), `COLLEGIUM_SEED` repeats a run.
Needs root and loop devices; is skipped without.
"""

import fcntl
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import test_kill as kills  # noqa: E402
import workers  # noqa: E402

from blackbox import server as servers  # noqa: E402

CUTS = int(os.environ.get("COLLEGIUM_CUTS", "20"))
SIZE_MIB = 4096  # of which the file holds what is written
# linux/fs/ext4: EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH, nothing is written any more, the log included.
SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, 2


class Disk:
    """An ext4 in a file."""

    def __init__(self, folder):
        self.image, self.mount = folder / "disk.img", folder / "disk"
        self.mount.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(SIZE_MIB << 20)
        if os.geteuid() != 0 or self._run("mkfs.ext4", "-q", str(self.image)) or self.put_in():
            pytest.skip("may not mount here")

    @staticmethod
    def _run(*command):
        try:
            return subprocess.run(command, capture_output=True, check=False).returncode
        except FileNotFoundError:
            return 127

    def put_in(self):
        """Mounts it."""
        return self._run("mount", "-o", "loop", str(self.image), str(self.mount))

    def cut(self):
        """Nothing reaches the disk from here on."""
        handle = os.open(self.mount, os.O_RDONLY)
        fcntl.ioctl(handle, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        os.close(handle)

    def take_out(self):
        """Unmounts it; what was in the page cache is thrown away."""
        for _ in range(100):
            if self._run("umount", str(self.mount)) == 0:
                return
            time.sleep(0.05)
        self._run("umount", "-l", str(self.mount))


def state(stat):
    """The letter of a thread's state; X for one that has just ended."""
    try:
        return stat.read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def freeze(pid):
    """Stops every thread, so that nothing is acknowledged behind the cut. Without it a sync under way at that moment
    may answer 0 for data that is gone: jbd2_complete_transaction finds a transaction that an aborted commit has
    already ended, and looks no further. A drive without power answers nothing."""
    os.kill(pid, signal.SIGSTOP)
    tasks = pathlib.Path(f"/proc/{pid}/task")
    for _ in range(2000):
        states = [state(stat) for stat in tasks.glob("*/stat")]
        if all(letter in "TtDZX" for letter in states):
            return
        time.sleep(0.001)
    raise AssertionError(f"not stopped: {states}")


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    made = Disk(tmp_path_factory.mktemp("power"))
    yield made
    made.take_out()


@pytest.fixture(scope="module")
def server(disk):
    made = servers.Server(parent=disk.mount)
    try:
        yield made.start()
    finally:
        made.dispose()


@pytest.fixture(scope="module")
def crew(server):
    made = [kind(server, kills.SEED, number) for kind, count in
            ((workers.Mailer, 4), (workers.Sender, 2), (workers.Planner, 2), (workers.Filer, 2))
            for number in range(count)]
    for worker in made:
        worker.prepare()
    return made


@pytest.mark.timeout(1200)
def test_power_cuts(server, disk, crew):
    """Acknowledged is there to the octet, the rest whole or absent, nothing dangles, after each of the cuts."""
    dice = random.Random(kills.SEED)
    inbox = workers.Inbox(server, [worker for worker in crew if isinstance(worker, workers.Sender)])
    os.sync()

    def end():
        freeze(server.process.pid)
        disk.cut()
        server.kill()

    for cut in range(1, CUTS + 1):
        kills.work(crew, dice.uniform(0.1, 1.0), end)
        disk.take_out()
        assert disk.put_in() == 0
        inbox.crashes += 1
        server.restart()
        kills.check(crew, inbox, f"after cut {cut}")
        done = server.command("fsck", "--bytes", "--json", "--config", str(server.config_file()), check=False)
        assert done.returncode == 0, f"seed {kills.SEED}, after cut {cut}: {done.stdout}{done.stderr}"
    acknowledged = sum(worker.acknowledged for worker in crew)
    print(f"COLLEGIUM_SEED={kills.SEED}, {CUTS} cuts, {acknowledged} acknowledged")
    assert acknowledged > 10 * CUTS
