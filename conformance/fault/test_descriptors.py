"""Too few file descriptors: those who are in are served, those who come wait, and the store is never the one to go
short."""

import os
import pathlib
import resource
import socket
import subprocess
import time

import pytest

from blackbox import dav, imap, mail, server as servers

LIMIT = 256


class Few(servers.Server):
    """A server that may have 256 descriptors."""

    def _spawn(self, *arguments):
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        # Children have what this process has while they are started; hard, so that nothing can raise it again.
        here = len(os.listdir("/proc/self/fd"))
        assert here < LIMIT, "this process has too many itself"
        preexec = f"ulimit -n {LIMIT}; exec"
        original, servers_binary = servers.subprocess.Popen, servers.binary()

        def limited(command, **details):
            return original(["bash", "-c", f'{preexec} "$@"', "bash", *command], **details)

        servers.subprocess.Popen = limited
        try:
            super()._spawn(*arguments)
        finally:
            servers.subprocess.Popen = original
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == before and servers_binary


@pytest.fixture
def few():
    made = Few()
    try:
        yield made.start()
    finally:
        made.dispose()


def cpu_seconds(server):
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_too_few_descriptors(few):
    assert "at most" in few.log() and "file descriptors" in few.log(), "it does not tell that there are too few"
    inside = imap.connect(few, few.alice)
    files = dav.connect(few, few.alice)
    inside.select("INBOX")
    crowd = []
    for _ in range(400):
        one = socket.create_connection(("127.0.0.1", few.port("imap")), 5)
        one.settimeout(0.2)
        crowd.append(one)
    greeted = 0
    for one in crowd:
        try:
            greeted += one.recv(100).startswith(b"* OK")
        except OSError:
            break
    assert 20 <= greeted < LIMIT, greeted
    # Nobody else comes in, and waiting for a place costs nothing.
    before = cpu_seconds(few)
    time.sleep(2)
    assert cpu_seconds(few) - before < 0.5, "it does not wait quietly"
    held = len(os.listdir(f"/proc/{few.process.pid}/fd"))
    assert held <= LIMIT - 40, f"{held} descriptors are taken: nothing is kept for the store"
    # Those who are in are served, and the store goes on.
    for number in range(30):
        inside.append("INBOX", mail.message(number, 20_000))
        assert files.put(dav.files(few.alice[0], f"f{number}"), os.urandom(20_000)).status == 201
    few.command("fsck", "--bytes", "--config", str(few.config_file()))
    for one in crowd:
        one.close()
    deadline = time.monotonic() + 20
    while True:
        try:
            imap.connect(few, few.bob, timeout=5).logout()
            break
        except (OSError, imap.ImapError):
            assert time.monotonic() < deadline, "it does not recover"
    assert few.process.poll() is None and "logging: panic" not in few.log()


def test_check_warns(few):
    done = subprocess.run(["bash", "-c", f'ulimit -n {LIMIT}; exec "$@"', "bash", servers.binary(), "check", "--config",
                           str(few.config_file())], capture_output=True, text=True, check=True)
    assert "warning" in done.stderr and str(LIMIT) in done.stderr
