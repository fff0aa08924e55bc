"""A full disk: writes are refused in each door's words or the server ends itself; nothing acknowledged is lost."""

import os
import pathlib
import subprocess

import pytest

from blackbox import dav, imap, mail, server as servers

SIZE = "128m"


@pytest.fixture
def small(tmp_path):
    """A server on a file system of 128 MiB."""
    mount = tmp_path / "small"
    mount.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(mount)], capture_output=True)
    if done.returncode != 0:
        pytest.skip("may not mount here")
    made = servers.Server(parent=mount)
    try:
        yield made.start(), mount
    finally:
        made.dispose()
        subprocess.run(["umount", "-l", str(mount)], check=False)


def test_full_disk(small):
    """Fill it, hear refusals, keep reading, make room, start again: all acknowledged is there."""
    server, mount = small
    ballast = mount / "ballast"
    session = imap.connect(server, server.alice)
    files = dav.connect(server, server.alice)
    kept = {}
    for number in range(5):
        octets = mail.message(number, 50_000)
        kept[session.append("INBOX", octets)[1]] = octets
    free = os.statvfs(mount)
    with open(ballast, "wb") as out:
        out.write(bytes(max(0, free.f_bavail * free.f_frsize - (6 << 20))))
    refused, number, stored = 0, 5, {}
    while refused < 3 and number < 2000:
        number += 1
        octets = mail.message(number, 50_000)
        try:
            kept[session.append("INBOX", octets)[1]] = octets
        except (imap.ImapError, OSError):
            refused += 1
        if server.process.poll() is not None:
            break
        body = os.urandom(50_000)
        try:
            answer = files.put(dav.files(server.alice[0], f"f{number}"), body)
            if answer.status == 201:
                stored[f"f{number}"] = body
            else:
                assert answer.status in (503, 507), answer
        except OSError:
            pass
        if server.process.poll() is not None:
            break
        if refused:
            try:
                session = imap.connect(server, server.alice)
            except (OSError, imap.ImapError):
                refused += 1
    assert refused or server.process.poll() is not None, "the disk never filled"
    server.kill()
    ballast.unlink()
    server.restart()
    session = imap.connect(server, server.alice)
    session.select("INBOX")
    for uid, octets in kept.items():
        assert session.body(uid) == octets, f"UID {uid}"
    files = dav.connect(server, server.alice)
    for name, body in stored.items():
        assert files.get(dav.files(server.alice[0], name)).body == body, name
    session.append("INBOX", mail.message(9999, 50_000))
    assert pathlib.Path(server.data).exists()
    session.logout()
