"""AUTH=SCRAM-SHA-1 (RFC 5802): messages that are none. Whole logins stand in `test_auth_scram_sha_256.py`."""

import base64

import pytest

from blackbox import imap

WRONG = "NO [AUTHENTICATIONFAILED]"


@pytest.mark.parametrize("message", [
    b"", b",", b"n,,", b"n,,n=a@b", b"n,,m=x,n=a@b,r=x", b"n,,n=a@b,r=", b"p=tls-unique,,n=a@b,r=x",
    b"p=tls-exporter,,n=a@b,r=x", b"n,a=victim@example.org,n=a@b,r=x", b"\0", b"n,,n=\xff,r=x", b"n,,n=" + b"x" * 5000,
])
def test_what_is_no_first_message(server, message):
    client = imap.Imap("localhost", server.card["ports"]["imaps"], tls=server.tls())
    tag = client.start(b"AUTHENTICATE SCRAM-SHA-1 " + (base64.b64encode(message) or b"="))
    assert client.line().decode().startswith(f"{tag} {WRONG}")
    # The failure is this login's only.
    client.ok(f"LOGIN {server.alice[0]} {server.alice[1]}")


@pytest.mark.parametrize("answer,expect", [
    (b"c=biws,r=x,p=AAAA", WRONG), (b"", WRONG), (b"c=biws", WRONG), (None, "BAD"),
])
def test_what_is_no_last_message(server, answer, expect):
    client = imap.Imap("localhost", server.card["ports"]["imaps"], tls=server.tls())
    tag = client.start(b"AUTHENTICATE SCRAM-SHA-1 " + base64.b64encode(b"n,,n=" + server.alice[0].encode() + b",r=x"))
    assert client.line().startswith(b"+ ")
    client.send((b"*" if answer is None else base64.b64encode(answer)) + b"\r\n")
    assert client.line().decode().startswith(f"{tag} {expect}")
    client.ok(f"LOGIN {server.alice[0]} {server.alice[1]}")


def test_not_before_tls(server):
    client = imap.Imap("localhost", server.card["ports"]["imap"])
    assert b"SCRAM" not in client.greeting
    tag = client.start("AUTHENTICATE SCRAM-SHA-1 biwsbj1hLHI9eA==")
    assert client.line().decode().startswith(f"{tag} NO [PRIVACYREQUIRED]")
