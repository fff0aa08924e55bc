"""The commands of an administrator, on a running server and on a stopped one."""

import json

import pytest

from blackbox import imap, mail, smtp


def run(server, *arguments, stdin="", check=True):
    return server.command(*arguments, "--config", str(server.config_file()), stdin=stdin, check=check)


def listing(server, *arguments):
    return json.loads(run(server, *arguments, "--json").stdout)


@pytest.mark.parametrize("running", [True, False])
def test_account_life(server, running):
    """add, list, show, set-password, disable, enable, remove."""
    user = f"carol-{running}@example.org".lower()
    if not running:
        server.stop()
    try:
        run(server, "account", "add", user, "--name", "Carol", "--password-stdin", stdin="first-password-1\n")
        assert any(entry["address"] == user for entry in listing(server, "account", "list"))
        assert listing(server, "account", "show", user)["name"] == "Carol"
        run(server, "account", "set-password", user, "--password-stdin", stdin="second-password-2\n")
        assert run(server, "account", "add", user, check=False).returncode != 0
    finally:
        if not running:
            server.restart()
    with pytest.raises(imap.ImapError):
        imap.connect(server, (user, "first-password-1"))
    session = imap.connect(server, (user, "second-password-2"))
    run(server, "account", "disable", user)
    with pytest.raises(imap.ImapError):
        imap.connect(server, (user, "second-password-2"))
    run(server, "account", "enable", user)
    imap.connect(server, (user, "second-password-2")).logout()
    run(server, "account", "remove", user)
    with pytest.raises(imap.ImapError):
        imap.connect(server, (user, "second-password-2"))
    session.close()


def test_app_passwords(server):
    """Each is revoked by itself."""
    user = server.alice[0]
    made = listing(server, "account", "app-password", "add", user, "phone")
    imap.connect(server, (user, made["password"])).logout()
    kept = listing(server, "account", "app-password", "list", user)
    assert [entry["label"] for entry in kept] == ["phone"] and "password" not in kept[0]
    run(server, "account", "app-password", "remove", user, str(kept[0]["id"]))
    with pytest.raises(imap.ImapError):
        imap.connect(server, (user, made["password"]))
    imap.connect(server, server.alice).logout()


def test_aliases_and_groups_receive(server):
    """Mail to an alias and to a group with a group inside reaches everybody once."""
    run(server, "alias", "add", "bobby@example.org", server.bob[0])
    for group in ("staff@example.org", "all@example.org"):
        run(server, "group", "add", group)
    run(server, "group", "add-member", "staff@example.org", server.bob[0])
    run(server, "group", "add-member", "all@example.org", "staff@example.org")
    run(server, "group", "add-member", "all@example.org", server.bob[0])
    run(server, "group", "add-member", "all@example.org", server.alice[0])
    session = smtp.connect(server, server.alice)
    for number, target in enumerate(("bobby@example.org", "all@example.org")):
        code, text = session.submit(server.alice[0], [target], mail.message(number, 500, subject=f"to {target}"))
        assert code == 250, text
    imap.arrival(server, server.bob, b"Subject: to bobby@")
    imap.arrival(server, server.bob, b"Subject: to all@")
    imap.arrival(server, server.alice, b"Subject: to all@")
    box = imap.connect(server, server.bob)
    box.select("INBOX")
    assert len(box.uids('SUBJECT "to all@"')) == 1
    box.logout()


def test_alias_is_an_identity(server):
    """An alias may be sent from; another's may not."""
    run(server, "alias", "add", "al@example.org", server.alice[0])
    session = smtp.connect(server, server.alice)
    octets = mail.message(1, 500, sender="al@example.org", subject="by alias")
    assert session.submit("al@example.org", [server.bob[0]], octets)[0] == 250
    imap.arrival(server, server.bob, b"Subject: by alias")
    session = smtp.connect(server, server.bob)
    assert session.submit("al@example.org", [server.bob[0]], octets)[0] // 100 == 5


def test_domains(server):
    """A second domain receives once it is there, and cannot go while it is used."""
    assert run(server, "account", "add", "x@second.example", check=False).returncode != 0
    run(server, "domain", "add", "second.example")
    run(server, "account", "add", "x@second.example", "--password-stdin", stdin="some-password-3\n")
    session = smtp.connect(server, server.alice)
    assert session.submit(server.alice[0], ["x@second.example"], mail.message(3, 500, subject="second"))[0] == 250
    imap.arrival(server, ("x@second.example", "some-password-3"), b"Subject: second")
    assert run(server, "domain", "remove", "second.example", check=False).returncode != 0


def test_quota(server):
    """What does not fit is refused with OVERQUOTA and 552 or 452, and what is deleted frees."""
    user, password = "small@example.org", "small-password-4"
    run(server, "account", "add", user, "--password-stdin", "--quota", "100K", stdin=password + "\n")
    session = imap.connect(server, (user, password))
    session.append("INBOX", mail.message(1, 60_000))
    with pytest.raises(imap.ImapError, match="OVERQUOTA"):
        session.append("INBOX", mail.message(2, 60_000))
    session.select("INBOX")
    assert len(session.uids()) == 1
    session.ok("STORE 1 +FLAGS (\\Deleted)")
    session.ok("EXPUNGE")
    session.append("INBOX", mail.message(3, 60_000))
    shown = listing(server, "account", "show", user)
    assert shown["used_bytes"] >= 59_000 and shown["used_count"] >= 1
    session.logout()


def test_second_quickstart_serves_what_is_there(server):
    """The same folder again: the same accounts, the same passwords, the same mail."""
    session = imap.connect(server, server.alice)
    session.append("Archive", mail.message(99, 500, subject="kept"))
    session.logout()
    card = server.card
    assert server.stop() == 0
    server.restart()
    assert server.card == card
    session = imap.connect(server, server.alice)
    session.select("Archive")
    assert session.uids('SUBJECT "kept"')
    session.logout()
