"""curl: it speaks SMTP, IMAP and DAV, with the quickstart's CA as the only one trusted."""

import pytest

from blackbox import client, imap, mail


def curl(server, *arguments, check=True, account=None):
    user, password = account or server.alice
    return client.run("curl", "-sS", "--cacert", server.ca, "--user", f"{user}:{password}", "-m", "60",
                      *arguments, check=check)


@pytest.mark.parametrize("door,scheme", [("submissions", "smtps"), ("submission", "smtp")])
def test_smtp(server, own_home, door, scheme):
    octets = mail.message(1, 3000, subject=f"curl {door}")
    (own_home / "m").write_bytes(octets)
    curl(server, "--ssl-reqd", f"{scheme}://localhost:{server.port(door)}", "--mail-from", server.alice[0],
         "--mail-rcpt", server.bob[0], "-T", str(own_home / "m"))
    imap.arrival(server, server.bob, octets)


def test_smtp_utf8(server, own_home):
    """SMTPUTF8: raw UTF-8 in headers, and MAIL FROM with the parameter."""
    octets = mail.message(2, 900, subject="déjà vu ☕")
    (own_home / "m").write_bytes(octets)
    curl(server, "--ssl-reqd", f"smtps://localhost:{server.port('submissions')}", "--mail-from", server.alice[0],
         "--mail-rcpt", server.bob[0], "-T", str(own_home / "m"))
    imap.arrival(server, server.bob, octets)


@pytest.mark.parametrize("door,scheme", [("imaps", "imaps"), ("imap", "imap")])
def test_imap(server, own_home, door, scheme):
    """Appends and fetches whole over both ports."""
    octets = mail.message(3, 5000, subject=f"imap {door}")
    (own_home / "m").write_bytes(octets)
    url = f"{scheme}://localhost:{server.port(door)}/Archive"
    curl(server, "--ssl-reqd", url, "-T", str(own_home / "m"))
    session = imap.connect(server, server.alice)
    session.select("Archive")
    uid = session.uids()[-1]
    session.logout()
    curl(server, "--ssl-reqd", f"{url};UID={uid}", "-o", str(own_home / "back"))
    assert (own_home / "back").read_bytes() == octets


def test_dav(server, own_home):
    """PUT, ranged GET and a refused wrong password."""
    (own_home / "f").write_bytes(b"0123456789" * 1000)
    url = server.url("webdav", f"/dav/files/{server.alice[0]}/curl.bin")
    curl(server, "-f", "-T", str(own_home / "f"), url)
    assert curl(server, "-f", "-r", "5-14", url).stdout == "5678901234"
    done = curl(server, "-o", "/dev/null", "-w", "%{http_code}", url, account=(server.alice[0], "wrong"))
    assert done.stdout == "401"


def test_foreign_certificate_refused(server):
    """Without the quickstart's CA the handshake fails: the CA is what makes the certificate valid."""
    done = client.run("curl", "-sS", "-m", "10", server.url(), check=False)
    assert done.returncode == 60, done.stderr
