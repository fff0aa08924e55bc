"""AUTH=SCRAM-SHA-256 and -PLUS (RFC 7677, RFC 9266) as a client sees them."""

import statistics
import time

import pytest

from blackbox import imap, scram, smtp

HASHES = [("SCRAM-SHA-256", "sha256"), ("SCRAM-SHA-1", "sha1")]


def connect(server):
    return imap.Imap("localhost", server.card["ports"]["imaps"], tls=server.tls())


@pytest.mark.parametrize("mechanism,hash", HASHES)
@pytest.mark.parametrize("initial", [True, False])
def test_a_login_by_proof(server, mechanism, hash, initial):
    client = connect(server)
    assert f"AUTH={mechanism} ".encode() in client.greeting
    told = scram.over_imap(client, mechanism, scram.Scram(*server.alice, hash=hash), initial)
    assert told.startswith("OK [CAPABILITY ") and "AUTH=" not in told
    client.ok("SELECT INBOX")
    client.logout()


@pytest.mark.parametrize("mechanism,hash", HASHES)
def test_a_login_bound_to_the_connection(server, mechanism, hash):
    client = connect(server)
    assert f"AUTH={mechanism}-PLUS ".encode() in client.greeting
    binding = scram.end_point(client.socket)
    bound = dict(hash=hash, flag="p=tls-server-end-point", binding=binding)
    # Bound to another connection, or made to believe that the server cannot bind: somebody stands between.
    other = scram.Scram(*server.alice, **{**bound, "binding": bytes(32)})
    assert scram.over_imap(client, f"{mechanism}-PLUS", other).startswith("NO [AUTHENTICATIONFAILED]")
    downgraded = scram.Scram(*server.alice, hash=hash, flag="y")
    assert scram.over_imap(client, mechanism, downgraded).startswith("NO [AUTHENTICATIONFAILED]")
    assert scram.over_imap(client, f"{mechanism}-PLUS", scram.Scram(*server.alice, **bound)).startswith("OK ")
    client.logout()


@pytest.mark.parametrize("mechanism,hash", HASHES)
def test_submission_takes_the_same_proof(server, mechanism, hash):
    client = smtp.Smtp(server.card["ports"]["submissions"], tls=server.tls())
    code, text = client.do("EHLO me")
    # mutt would take -PLUS and could not bind.
    assert code == 250 and mechanism in text and "-PLUS" not in text
    assert scram.over_smtp(client, mechanism, scram.Scram(server.alice[0], "wrong", hash=hash)) == 535
    # A client that could bind and saw that this door does not says so.
    assert scram.over_smtp(client, mechanism, scram.Scram(*server.alice, hash=hash, flag="y")) == 235


def test_nobody_acts_for_anybody_else(server):
    client = connect(server)
    proof = scram.Scram(*server.alice, authzid=server.bob[0])
    assert scram.over_imap(client, "SCRAM-SHA-256", proof).startswith("NO [AUTHENTICATIONFAILED]")
    proof = scram.Scram(*server.alice, authzid=server.alice[0])
    assert scram.over_imap(client, "SCRAM-SHA-256", proof).startswith("OK ")


def test_an_unknown_name_gets_a_salt_that_stays(server):
    salts = []
    for name in ("nobody@example.org", "nobody@example.org", server.alice[0], server.alice[0]):
        client, proof = connect(server), scram.Scram(name, "wrong")
        begun = time.monotonic()
        told = scram.over_imap(client, "SCRAM-SHA-256", proof)
        salts.append((proof.salt, told))
        assert 1.4 < time.monotonic() - begun < 3
    assert salts[0] == salts[1] and salts[2] == salts[3]
    assert salts[0][0] != salts[2][0] and salts[0][1] == salts[2][1]


def test_an_app_password_with_and_without_its_dashes(server):
    made = server.command("account", "app-password", "add", server.bob[0], "phone", "--json",
                          "--config", str(server.config_file()))
    import json
    secret = json.loads(made.stdout)["password"]
    for typed in (secret, secret.replace("-", "")):
        assert scram.over_imap(connect(server), "SCRAM-SHA-256", scram.Scram(server.bob[0], typed)).startswith("OK ")


def test_logins_by_right_proof_go_on_while_others_fail(server):
    bad = [connect(server) for _ in range(20)]
    for client in bad:
        client.start("AUTHENTICATE SCRAM-SHA-256 biwsbj1hLHI9eA==")
    taken = []
    for _ in range(10):
        begun = time.monotonic()
        client = connect(server)
        assert scram.over_imap(client, "SCRAM-SHA-256", scram.Scram(*server.alice)).startswith("OK ")
        taken.append(time.monotonic() - begun)
    assert statistics.median(taken) < 1
