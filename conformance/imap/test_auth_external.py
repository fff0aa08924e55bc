"""AUTH=EXTERNAL (RFC 4422 appendix A): logins by client certificate, on a listener with `client_ca`."""

import base64
import subprocess

import pytest

from blackbox import imap, server as servers, smtp


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def authority(folder, name):
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 2,
            "-subj", f"/CN={name}", "-keyout", key, "-out", certificate)
    return key, certificate


def person(folder, issuer, name, addresses):
    """A certificate with these rfc822Names."""
    key, request, certificate, extra = (folder / f"{name}.{end}" for end in ("key", "csr", "pem", "ext"))
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", key, "-out", request)
    names = ",".join(f"email:{address}" for address in addresses)
    extra.write_text((f"subjectAltName={names}\n" if names else "") + "extendedKeyUsage=clientAuth\n")
    openssl("x509", "-req", "-in", request, "-CA", issuer[1], "-CAkey", issuer[0], "-CAcreateserial",
            "-days", 2, "-extfile", extra, "-out", certificate)
    return certificate, key


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    ours, others = authority(folder, "ours"), authority(folder, "others")
    made = servers.Server()
    made.start().stop()
    listener = '\n[[listener]]\nprotocol = "{}"\nbind = "127.0.0.1:{}"\ntls = "implicit"\nclient_ca = "{}"\n'
    made.extra_config = (listener.format("imap", made.base + 81, ours[1])
                         + listener.format("submission", made.base + 82, ours[1]))
    made._extend_config()
    made.restart()
    people = {name: person(folder, ours, name, addresses) for name, addresses in {
        "alice": ["alice@example.org"], "both": ["alice@example.org", "bob@example.org"],
        "nobody": ["nobody@example.org"], "nameless": []}.items()}
    people["stranger"] = person(folder, others, "stranger", ["alice@example.org"])
    try:
        yield made, people
    finally:
        made.dispose()


def tls(house, name):
    context = house[0].tls()
    if name:
        context.load_cert_chain(*house[1][name])
    return context


def log_in(house, name, who=""):
    client = imap.Imap("localhost", house[0].base + 81, tls=tls(house, name))
    message = base64.b64encode(who.encode()).decode() or "="
    tag = client.start(f"AUTHENTICATE EXTERNAL {message}")
    return client, client.line().decode().removeprefix(f"{tag} ")


def test_a_certificate_is_enough(house):
    client, told = log_in(house, "alice")
    assert b" AUTH=EXTERNAL " in client.greeting and told.startswith("OK ")
    client.ok("SELECT INBOX")
    assert log_in(house, "alice", "alice@example.org")[1].startswith("OK ")
    assert log_in(house, "both", "bob@example.org")[1].startswith("OK ")


@pytest.mark.parametrize("name,who", [
    ("alice", "bob@example.org"), ("both", ""), ("nobody", ""), ("both", "carol@example.org"),
])
def test_it_says_who_one_is_and_nobody_else(house, name, who):
    assert log_in(house, name, who)[1].startswith("NO [AUTHENTICATIONFAILED]")


@pytest.mark.parametrize("name", [None, "nameless"])
def test_not_offered_without_an_address(house, name):
    client, told = log_in(house, name)
    assert b"AUTH=EXTERNAL" not in client.greeting and told.startswith("NO [CANNOT]")
    client.ok(f"LOGIN {house[0].alice[0]} {house[0].alice[1]}")


def test_another_authority_is_not_believed(house):
    with pytest.raises((OSError, imap.ImapError)):
        log_in(house, "stranger")


def test_submission_by_certificate(house):
    client = smtp.Smtp(house[0].base + 82, tls=tls(house, "alice"))
    assert "EXTERNAL" in client.do("EHLO me")[1]
    assert client.do("AUTH EXTERNAL =")[0] == 235


def test_the_certificate_outlasts_the_login(house):
    """RFC 8437 4.2: one connection, one certificate, one person after the other."""
    client, told = log_in(house, "both", "alice@example.org")
    assert told.startswith("OK ")
    for who in ("bob@example.org", "alice@example.org"):
        client.ok("UNAUTHENTICATE")
        assert b" AUTH=EXTERNAL " in client.ok("CAPABILITY")[0]
        client.ok(f"AUTHENTICATE EXTERNAL {base64.b64encode(who.encode()).decode()}")
        assert f"* ACL INBOX {who} lrswipkxteacd".encode() == client.ok("GETACL INBOX")[0]
    client.ok("UNAUTHENTICATE")
    assert client.do("AUTHENTICATE EXTERNAL =")[0].startswith(b"NO")
