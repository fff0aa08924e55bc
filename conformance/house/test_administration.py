"""Accounts, domains, groups and aliases from the command line, with the server running and stopped."""

import json
import os
import subprocess

import pytest

from blackbox import dav, imap, server as servers, smtp
from blackbox.mail import message


class Shell:
    """The command on one configuration."""

    def __init__(self, server):
        self.server = server

    def __call__(self, *arguments, check=True):
        return self.server.command(*arguments, "--config", str(self.server.config_file()), check=check)

    def json(self, *arguments):
        return json.loads(self(*arguments, "--json").stdout)

    def refused(self, *arguments):
        done = self(*arguments, check=False)
        assert done.returncode == 1 and done.stderr.strip(), done
        return done.stderr

    def with_input(self, text, *arguments):
        return subprocess.run([servers.binary(), *arguments, "--config", str(self.server.config_file())],
                              input=text, capture_output=True, text=True, timeout=60, check=True)


@pytest.fixture(scope="module", params=["running", "stopped"])
def shell(request):
    made = servers.Server().start()
    try:
        if request.param == "stopped":
            made.stop()
        yield Shell(made)
    finally:
        made.dispose()


@pytest.fixture
def shell_running(server):
    return Shell(server)


def log_in(server, address, password):
    try:
        imap.connect(server, (address, password)).logout()
        return True
    except imap.ImapError:
        return False


def test_an_account_from_birth_to_death(shell):
    made = shell.json("account", "add", "carol@example.org", "--name", "Carol", "--quota", "5M")
    assert made["address"] == "carol@example.org" and len(made["password"]) >= 26
    assert "exists" in shell.refused("account", "add", "CAROL@example.org")
    shown = shell.json("account", "show", "carol@example.org")
    assert (shown["name"], shown["quota_bytes"], shown["disabled"], shown["used_count"]) == ("Carol", 5 << 20, False, 0)
    assert "carol@example.org" in shell("account", "list").stdout
    assert "carol@example.org" in [row["address"] for row in shell.json("account", "list")]
    changed = shell.json("account", "set", "carol@example.org", "--name", "C.", "--quota", "0", "--administrator", "true")
    assert (changed["name"], changed["quota_bytes"], changed["administrator"]) == ("C.", None, True)
    assert shell.json("account", "disable", "carol@example.org")["disabled"] is True
    assert shell.json("account", "show", "carol@example.org")["disabled"] is True
    shell("account", "enable", "carol@example.org")
    shell("account", "remove", "carol@example.org")
    assert "not found" in shell.refused("account", "show", "carol@example.org")
    again = shell.json("account", "add", "carol@example.org")
    assert again["id"] > made["id"], "an id came back"
    shell("account", "remove", "carol@example.org")


def test_domains_and_tenants(shell):
    shell("tenant", "add", "school")
    assert {"default", "school"} <= {row["name"] for row in shell.json("tenant", "list")}
    shell("domain", "add", "School.Example", "--tenant", "school")
    rows = {row["name"]: row["tenant"] for row in shell.json("domain", "list")}
    assert rows["school.example"] == "school" and rows["example.org"] == "default"
    assert "domain" in shell.refused("account", "add", "x@nowhere.example")
    assert "exists" in shell.refused("domain", "add", "school.example")
    assert shell.refused("domain", "add", "not a domain")
    assert "not found" in shell.refused("domain", "add", "other.example", "--tenant", "nobody")
    shell("account", "add", "dean@school.example")
    assert "addresses" in shell.refused("domain", "remove", "school.example")
    shell("account", "remove", "dean@school.example")
    shell("domain", "remove", "school.example")
    assert "school.example" not in [row["name"] for row in shell.json("domain", "list")]


def test_groups_and_aliases(shell):
    shell("group", "add", "team@example.org", "--name", "The team")
    shell("group", "add-member", "team@example.org", "alice@example.org")
    shell("group", "add-member", "team@example.org", "bob@example.org")
    assert "already" in shell.refused("group", "add-member", "team@example.org", "bob@example.org")
    assert "inside itself" in shell.refused("group", "add-member", "team@example.org", "team@example.org")
    assert shell.json("group", "show", "team@example.org")["members"] == ["alice@example.org", "bob@example.org"]
    assert [row["member_count"] for row in shell.json("group", "list")] == [2]
    assert shell.json("account", "show", "alice@example.org")["groups"] == ["team@example.org"]
    shell("alias", "add", "everybody@example.org", "team@example.org")
    shell("alias", "add", "a@example.org", "alice@example.org")
    assert {"alias": "a@example.org", "target": "alice@example.org"} in shell.json("alias", "list")
    assert [row["alias"] for row in shell.json("alias", "list", "alice@example.org")] == ["a@example.org"]
    assert "exists" in shell.refused("account", "add", "a@example.org")
    assert "alias of" in shell.refused("account", "remove", "a@example.org")
    assert "own address" in shell.refused("alias", "remove", "alice@example.org")
    shell("alias", "remove", "a@example.org")
    shell("group", "remove-member", "team@example.org", "bob@example.org")
    shell("group", "remove", "team@example.org")
    assert shell.json("group", "list") == [] and shell.json("alias", "list") == []


def test_listings_are_tables_and_json(shell):
    for noun in ("account", "domain", "group", "tenant", "alias", "queue"):
        assert isinstance(shell.json(noun, "list"), list)
        assert shell(noun, "list").stdout.splitlines()[0].isupper()


def test_wrong_use_is_told(shell):
    for arguments in (["account", "add", "no address"], ["account", "show", "nobody@example.org"],
                      ["account", "set-password", "nobody@example.org"], ["group", "show", "alice@example.org"],
                      ["queue", "retry", "zz"], ["queue", "remove", "0000000000000001"],
                      ["account", "app-password", "remove", "alice@example.org", "99"],
                      ["account", "add", "bell@example.org", "--name", "a\x1bb"]):
        assert shell.refused(*arguments)
    assert shell("account", "frobnicate", check=False).returncode == 2


def test_a_new_account_is_open_at_once(server, shell_running):
    made = shell_running.json("account", "add", "dora@example.org")
    assert log_in(server, "dora@example.org", made["password"])
    assert not log_in(server, "dora@example.org", "not it, not at all")
    session = imap.connect(server, ("dora@example.org", made["password"]))
    names = b"\n".join(session.ok('LIST "" "*"'))
    for name in (b"INBOX", b"Drafts", b"Sent", b"Trash", b"Junk", b"Archive"):
        assert name in names
    session.logout()


def test_passwords_change_at_once(server, shell_running):
    old = shell_running.json("account", "add", "emil@example.org")["password"]
    assert log_in(server, "emil@example.org", old)
    shell_running.with_input("battery staple\n", "account", "set-password", "emil@example.org", "--password-stdin")
    assert not log_in(server, "emil@example.org", old)
    assert log_in(server, "emil@example.org", "battery staple")
    shell_running("account", "disable", "emil@example.org")
    assert not log_in(server, "emil@example.org", "battery staple")
    shell_running("account", "enable", "emil@example.org")
    assert log_in(server, "emil@example.org", "battery staple")
    shell_running("account", "remove", "emil@example.org")
    assert not log_in(server, "emil@example.org", "battery staple")


def test_app_passwords(server, shell_running):
    address = "fritz@example.org"
    shell_running("account", "add", address)
    one = shell_running.json("account", "app-password", "add", address, "phone")
    two = shell_running.json("account", "app-password", "add", address, "laptop")
    assert [row["label"] for row in shell_running.json("account", "app-password", "list", address)] == ["phone", "laptop"]
    assert log_in(server, address, one["password"]) and log_in(server, address, two["password"].replace("-", ""))
    shell_running("account", "app-password", "remove", address, str(one["id"]))
    assert not log_in(server, address, one["password"])
    assert log_in(server, address, two["password"])


def test_mail_reaches_groups_and_aliases_at_once(server, shell_running):
    shell_running("account", "add", "gerd@example.org")
    shell_running("group", "add", "all@example.org")
    shell_running("alias", "add", "everyone@example.org", "all@example.org")
    for member in ("bob@example.org", "gerd@example.org"):
        shell_running("group", "add-member", "all@example.org", member)
    shell_running("account", "disable", "gerd@example.org")
    sender = smtp.connect(server, server.alice)
    assert sender.submit(server.alice[0], ["everyone@example.org"], message(1))
    session = imap.connect(server, server.bob)
    for _ in range(100):
        if session.select("INBOX").get("exists"):
            break
    assert session.select("INBOX")["exists"] == 1
    assert shell_running.json("queue", "list") == []
    sender.close()
    session.logout()


def test_the_socket_is_its_owners_only(server):
    path = server.data / "admin.sock"
    assert path.is_socket() and path.stat().st_mode & 0o777 == 0o600


def test_the_socket_survives_nonsense(server, shell_running):
    import socket
    for line in (b"{}\n", b"\xff\xfe\n", b'{"account_list": {}, "x": 1}\n', b'{"account_list": {"x": 1}}\n', b"A" * 2_000_000):
        with socket.socket(socket.AF_UNIX) as raw:
            raw.settimeout(10)
            raw.connect(str(server.data / "admin.sock"))
            try:
                raw.sendall(line)
                raw.shutdown(socket.SHUT_WR)
                answer = raw.recv(65536)
            except OSError:
                continue
            assert b'"error"' in answer, answer
    assert shell_running.json("account", "list")


def test_a_removed_account_leaves_nothing(server, shell_running):
    made = shell_running.json("account", "add", "hugo@example.org")
    session = imap.connect(server, ("hugo@example.org", made["password"]))
    session.ok('CREATE "a/b/c"')
    for number in range(20):
        session.append("a/b/c", message(number, size=20_000))
    session.logout()
    removed = shell_running.json("account", "remove", "hugo@example.org")
    assert removed["id"] == made["id"]
    again = shell_running.json("account", "add", "hugo@example.org")
    session = imap.connect(server, ("hugo@example.org", again["password"]))
    assert not any(b"a/b" in line for line in session.ok('LIST "" "*"'))
    session.logout()
    assert shell_running.json("fsck", "--bytes") == []


def test_what_is_stored_holds_together(shell):
    assert shell.json("fsck", "--bytes") == []
    assert shell("fsck").returncode == 0


def test_a_quota_holds_in_every_door(server, shell_running):
    made = shell_running.json("account", "add", "iris@example.org", "--quota", "100k")
    login = ("iris@example.org", made["password"])
    session = imap.connect(server, login)
    with pytest.raises(imap.ImapError, match="OVERQUOTA"):
        session.append("INBOX", message(1, size=200_000))
    browser = dav.connect(server, login)
    assert browser.put(dav.files(login[0], "big"), b"x" * 200_000).status == 507
    assert browser.put(dav.files(login[0], "small"), b"x" * 1000).status == 201
    shell_running("account", "set", "iris@example.org", "--quota", "1M")
    session.append("INBOX", message(1, size=200_000))
    shown = shell_running.json("account", "show", "iris@example.org")
    assert shown["quota_bytes"] == 1 << 20 and 200_000 < shown["used_bytes"] < 300_000 and shown["used_count"] == 2
    session.logout()
    browser.close()


def test_the_space_of_removed_things_comes_back():
    server = servers.Server()
    try:
        space_comes_back(server.start().forget(), Shell(server))
    finally:
        server.dispose()


def space_comes_back(server, shell_running):
    def stored():
        return sum(path.stat().st_size for path in (server.data / "blobs").rglob("*") if path.is_file())

    before = stored()
    browser = dav.connect(server, server.bob)
    for number in range(8):
        body = os.urandom(40 << 20)
        assert browser.put(dav.files(server.bob[0], f"big{number}"), body).status == 201
    assert stored() > before + (310 << 20)
    for number in range(7):
        assert browser.delete(dav.files(server.bob[0], f"big{number}")).status == 204
    told = shell_running.json("collect")
    assert told["segment_count"] >= 1 and told["freed_bytes"] > 200 << 20, told
    assert stored() < before + (120 << 20)
    assert browser.get(dav.files(server.bob[0], "big7")).body == body
    browser.close()
    assert shell_running.json("fsck", "--bytes") == []
