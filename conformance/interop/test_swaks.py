"""swaks: submission on both ports, and every refusal as a sender sees it."""

import email

import pytest

from blackbox import client, imap

DOORS = {"submissions": ["--tls-on-connect"], "submission": ["--tls"]}


def swaks(server, door, *more, account=None, check=True):
    user, password = account or server.alice
    return client.run("swaks", "--server", f"localhost:{server.port(door)}", *DOORS[door], "--tls-verify",
                      "--tls-ca-path", server.ca, "--auth", "PLAIN", "--auth-user", user,
                      "--auth-password", password, "--timeout", "20", *more, check=check)


@pytest.mark.parametrize("door", DOORS)
def test_submits(server, door):
    """From alice to bob, on the implicit and the STARTTLS port."""
    swaks(server, door, "--from", server.alice[0], "--to", server.bob[0],
          "--header", f"Subject: through {door}", "--body", "hello")
    imap.arrival(server, server.bob, f"Subject: through {door}".encode())


def test_auth_login(server):
    """Old clients speak AUTH LOGIN."""
    swaks(server, "submissions", "--auth", "LOGIN", "--from", server.alice[0], "--to", server.bob[0],
          "--header", "Subject: by LOGIN")
    imap.arrival(server, server.bob, b"Subject: by LOGIN")


def test_attachment(server, own_home):
    """A file with 8-bit name and content arrives as sent."""
    path = own_home / "pièce.bin"
    path.write_bytes(bytes(range(256)) * 100)
    swaks(server, "submissions", "--from", server.alice[0], "--to", server.bob[0], "--attach", f"@{path}",
          "--header", "Subject: with a file")
    octets, _ = imap.arrival(server, server.bob, b"Subject: with a file")
    parts = email.message_from_bytes(octets).get_payload()
    assert parts[1].get_payload(decode=True) == path.read_bytes()


def test_foreign_sender_refused(server):
    """MAIL FROM an address of somebody else's: 5xx, whoever it is."""
    for sender in (server.bob[0], "someone@example.net", "nobody@example.org"):
        done = swaks(server, "submissions", "--from", sender, "--to", server.bob[0], check=False)
        assert done.returncode in (23, 24, 25, 26), done.stdout
        assert "<~* 5" in done.stdout


def test_foreign_from_header_refused(server):
    """The From field counts as well as the envelope."""
    done = swaks(server, "submissions", "--from", server.alice[0], "--to", server.bob[0],
                 "--h-From", f"<{server.bob[0]}>", check=False)
    assert done.returncode == 26 and "<~* 5" in done.stdout, done.stdout


def test_unknown_local_recipient_refused(server):
    done = swaks(server, "submissions", "--from", server.alice[0], "--to", "nobody@example.org", check=False)
    assert done.returncode == 24 and "<~* 550" in done.stdout, done.stdout


@pytest.mark.parametrize("door", DOORS)
def test_wrong_password(server, door):
    done = swaks(server, door, "--from", server.alice[0], "--to", server.bob[0],
                 account=(server.alice[0], "wrong"), check=False)
    assert done.returncode == 28 and "535" in done.stdout, done.stdout


def test_no_authentication(server):
    """Nothing is relayed and nothing delivered for a stranger."""
    done = client.run("swaks", "--server", f"localhost:{server.port('submissions')}", "--tls-on-connect",
                      "--from", server.alice[0], "--to", server.bob[0], "--timeout", "20", check=False)
    assert done.returncode in (23, 24) and "<~* 530" in done.stdout, done.stdout
