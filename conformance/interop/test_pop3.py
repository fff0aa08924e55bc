"""POP3 clients: the standard library's, curl, mpop, fetchmail and getmail; each fetches, and removes what it fetched."""

import os
import poplib
import time

import pytest

from blackbox import client, imap, mail, pop3


@pytest.fixture
def drop(server):
    """An account of its own with three messages."""
    account = (f"pop3-{time.monotonic_ns()}@example.org", "maildrop-password-1")
    server.add_account(*account)
    messages = [mail.message(number, 100 + number * 20_000) for number in range(3)]
    messages[1] += b".\r\n..\r\n"
    session = imap.connect(server, account)
    for message in messages:
        session.append("INBOX", message)
    session.logout()
    return account, messages


def left(server, account):
    session = pop3.connect(server, account)
    count = int(session.do("STAT").split()[1])
    session.quit()
    return count


@pytest.mark.parametrize("door", ["pop3", "pop3s"])
def test_poplib(server, drop, door):
    account, messages = drop
    if door == "pop3":
        box = poplib.POP3("localhost", server.port(door), timeout=30)
        assert "STLS" in box.capa()
        box.stls(server.tls())
    else:
        box = poplib.POP3_SSL("localhost", server.port(door), context=server.tls(), timeout=30)
    assert box.capa()["EXPIRE"] == ["NEVER"]
    box.user(account[0])
    box.pass_(account[1])
    assert box.stat() == (3, sum(map(len, messages)))
    for number, message in enumerate(messages, 1):
        _, lines, size = box.retr(number)
        assert b"".join(line + b"\r\n" for line in lines) == message and box.list(number).endswith(b" %d" % len(message))
    assert len(box.uidl()[1]) == 3
    assert box.top(1, 0)[1][-1] == b""
    box.dele(2)
    box.quit()
    assert left(server, account) == 2


@pytest.mark.parametrize("door,scheme", [("pop3s", "pop3s"), ("pop3", "pop3")])
def test_curl(server, own_home, drop, door, scheme):
    account, messages = drop
    url = f"{scheme}://localhost:{server.port(door)}/"
    common = ["curl", "-sS", "--ssl-reqd", "--cacert", server.ca, "--user", ":".join(account), "-m", "60"]
    assert len(client.run(*common, url).stdout.split("\n")) >= 3
    client.run(*common, url + "2", "-o", str(own_home / "got"))
    assert (own_home / "got").read_bytes() == messages[1]
    client.run(*common, "-X", "DELE 1", "-I", url)
    assert left(server, account) == 2


def private(path, text):
    path.write_text(text)
    os.chmod(path, 0o600)
    return str(path)


@pytest.mark.parametrize("auth", ["scram-sha-256", "plain", "login", "user"])
def test_mpop(server, own_home, drop, auth):
    account, messages = drop
    box = own_home / "box"
    (box / "new").mkdir(parents=True)
    (box / "cur").mkdir()
    (box / "tmp").mkdir()
    config = private(own_home / "mpoprc", f"""
account default
host localhost
port {server.port("pop3")}
tls on
tls_starttls on
tls_trust_file {server.ca}
auth {auth}
user {account[0]}
password {account[1]}
delivery maildir {box}
uidls_file {own_home}/uidls
received_header off
keep on
""")
    client.run("mpop", "-C", config, "-Q")
    client.run("mpop", "-C", config, "-Q")
    got = sorted(path.read_bytes() for path in (box / "new").iterdir())
    assert got == sorted(message.replace(b"\r\n", b"\n") for message in messages), "each once, told by UIDL"
    client.run("mpop", "-C", config, "-Q", "--keep=off")
    assert left(server, account) == 0


def test_fetchmail(server, own_home, drop):
    account, messages = drop
    config = private(own_home / "fetchmailrc", f"""
poll localhost service {server.port("pop3s")} protocol POP3 uidl
  user "{account[0]}" password "{account[1]}" ssl sslcertck sslcertfile {server.ca}
  mda "cat >> {own_home}/box" no rewrite fetchall no keep
""")
    client.run("fetchmail", "-f", config, "--nosyslog", "--invisible", "-i", str(own_home / "ids"), "--pidfile",
               str(own_home / "pid"))
    got = (own_home / "box").read_bytes()
    for message in messages:
        assert message.partition(b"\r\n\r\n")[2].replace(b"\r\n", b"\n") in got
    assert left(server, account) == 0


def test_getmail(server, own_home, drop):
    account, messages = drop
    box, folder = own_home / "box", own_home / "getmail"
    box.mkdir()
    folder.mkdir()
    private(folder / "getmailrc", f"""
[retriever]
type = SimplePOP3SSLRetriever
server = localhost
port = {server.port("pop3s")}
username = {account[0]}
password = {account[1]}
ca_certs = {server.ca}
[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "cat > {box}/$$")
allow_root_commands = true
[options]
delete = true
delivered_to = false
received = false
""")
    client.run("getmail", "--getmaildir", str(folder), "--rcfile", str(folder / "getmailrc"))
    bodies = sorted(path.read_bytes().partition(b"\n\n")[2] for path in box.iterdir())
    assert bodies == sorted(message.replace(b"\r\n", b"\n").partition(b"\n\n")[2] for message in messages)
    assert left(server, account) == 0
