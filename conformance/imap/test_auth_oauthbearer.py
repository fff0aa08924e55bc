"""AUTH=OAUTHBEARER (RFC 7628): logins by a token of the configured issuer, and tokens that are none."""

import base64
import json
import subprocess
import time

import pytest

from blackbox import imap, server as servers, smtp


def b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


class Issuer:
    """An issuer of ES256 tokens, by the openssl command."""

    def __init__(self, folder, name):
        self.key = folder / f"{name}.pem"
        run = lambda *words: subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True).stdout
        self.run = run
        run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.key)
        point = run("ec", "-in", self.key, "-pubout", "-outform", "DER", "-conv_form", "uncompressed")[-64:]
        self.point = point

    def jwks(self, kid="k1"):
        x, y = self.point[:32], self.point[32:]
        return json.dumps({"keys": [{"kty": "EC", "crv": "P-256", "kid": kid, "x": b64(x), "y": b64(y)}]})

    def token(self, header=None, **claims):
        header = {"alg": "ES256", "kid": "k1"} | (header or {})
        claims = {"iss": "https://sso", "aud": "collegium", "exp": int(time.time()) + 300,
                  "email": "alice@example.org"} | claims
        signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
        done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(self.key)], input=signed.encode(),
                              check=True, capture_output=True).stdout
        return f"{signed}.{b64(fixed(done))}"


def fixed(der):
    """An ECDSA signature as 64 octets (RFC 7518 3.4)."""
    at, parts = 2, []
    for _ in range(2):
        size = der[at + 1]
        parts.append(der[at + 2:at + 2 + size].lstrip(b"\0").rjust(32, b"\0"))
        at += 2 + size
    return b"".join(parts)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sso")
    issuer, stranger = Issuer(folder, "ours"), Issuer(folder, "theirs")
    (folder / "keys.json").write_text(issuer.jwks())
    made = servers.Server()
    made.start().stop()
    made.extra_config = (servers.PLAIN_HTTP + '[login.oauth]\nissuer = "https://sso"\naudience = "collegium"\n'
                         f'algorithm = "ES256"\nkeys = "{folder / "keys.json"}"\n')
    made._extend_config()
    made.restart()
    try:
        yield made, issuer, stranger
    finally:
        made.dispose()


def log_in(house, token, mechanism="OAUTHBEARER", login=""):
    """(client, the tagged line); the error's JSON is acknowledged as RFC 7628 3.2.3 wants it."""
    client = imap.Imap("localhost", house[0].port("imaps"), tls=house[0].tls())
    assert f" AUTH={mechanism} ".encode() in client.greeting
    if mechanism == "XOAUTH2":
        message = f"user={login}\x01auth=Bearer {token}\x01\x01"
    else:
        message = f"n,{'a=' + login if login else ''},\x01host=localhost\x01port=993\x01auth=Bearer {token}\x01\x01"
    tag = client.start(f"AUTHENTICATE {mechanism} {base64.b64encode(message.encode()).decode()}")
    line = client.line()
    if line.startswith(b"+ "):
        assert json.loads(base64.b64decode(line[2:])) == {"status": "invalid_token"}
        client.send("AQ==\r\n")
        line = client.line()
    return client, line.decode().removeprefix(f"{tag} ")


def test_a_good_token(house):
    client, told = log_in(house, house[1].token())
    assert told.startswith("OK [CAPABILITY ")
    client.ok("SELECT INBOX")
    assert log_in(house, house[1].token(), login="alice@example.org")[1].startswith("OK ")


def test_submission_takes_it_too(house):
    client = smtp.Smtp(house[0].port("submissions"), tls=house[0].tls())
    assert "OAUTHBEARER" in client.do("EHLO me")[1]
    message = f"n,,\x01auth=Bearer {house[1].token()}\x01\x01"
    assert client.do(f"AUTH OAUTHBEARER {base64.b64encode(message.encode()).decode()}")[0] == 235


@pytest.mark.parametrize("case", [
    "foreign aud", "foreign iss", "old", "not yet", "no such account", "an alias of nobody", "alg none", "alg HS256",
    "kid of a path", "signed by another", "cut", "acting for bob", "not verified",
])
def test_what_is_refused(house, case):
    _, issuer, stranger = house
    now = int(time.time())
    token = {
        "foreign aud": lambda: issuer.token(aud="other"), "foreign iss": lambda: issuer.token(iss="https://evil"),
        "old": lambda: issuer.token(exp=now - 3600), "not yet": lambda: issuer.token(nbf=now + 3600),
        "no such account": lambda: issuer.token(email="nobody@example.org"),
        "an alias of nobody": lambda: issuer.token(email="x"), "alg none": lambda: issuer.token({"alg": "none"}),
        "alg HS256": lambda: issuer.token({"alg": "HS256"}), "kid of a path": lambda: issuer.token({"kid": "../k1"}),
        "signed by another": stranger.token, "cut": lambda: issuer.token()[:-4], "acting for bob": issuer.token,
        "not verified": lambda: issuer.token(email_verified=False),
    }[case]()
    login = "bob@example.org" if case == "acting for bob" else ""
    client, told = log_in(house, token, login=login)
    assert told.startswith("NO [AUTHENTICATIONFAILED]"), told
    client.ok(f"LOGIN {house[0].bob[0]} {house[0].bob[1]}")


def test_not_offered_without_an_issuer(server):
    client = imap.Imap("localhost", server.port("imaps"), tls=server.tls())
    assert b"OAUTHBEARER" not in client.greeting and b"XOAUTH2" not in client.greeting
    tag = client.start("AUTHENTICATE OAUTHBEARER biwsAWF1dGg9QmVhcmVyIHgBAQ==")
    assert client.line().decode().startswith(f"{tag} NO [CANNOT]")


@pytest.mark.parametrize("login,expect", [("alice@example.org", "OK "), ("bob@example.org", "NO [A")])
def test_xoauth2(house, login, expect):
    assert log_in(house, house[1].token(), "XOAUTH2", login)[1].startswith(expect)
