"""The maildrop beside IMAP: the same messages, octet for octet, and what is removed is gone for both."""

import json
import time

import pytest

from blackbox import imap, mail, pop3

TEXT = b"From: a@example.org\r\nSubject: dots\r\n\r\n.\r\n..two\r\nplain\r\n.end"


@pytest.fixture
def drop(server):
    """An account of its own with five messages of many kinds."""
    account = (f"pop3-{time.monotonic_ns()}@example.org", "maildrop-password-1")
    server.add_account(*account)
    messages = [TEXT, mail.message(1, 100), mail.message(2, 300_000), b"\r\n", mail.message(3, 5_000)]
    session = imap.connect(server, account)
    for message in messages:
        session.append("INBOX", message)
    session.logout()
    return account, messages


def octets(lines):
    return "".join(line + "\r\n" for line in lines).encode("utf-8", "surrogateescape")


def whole(message):
    return message if not message or message.endswith(b"\r\n") else message + b"\r\n"


def test_messages_come_as_they_are_stored(server, drop):
    account, messages = drop
    session = pop3.connect(server, account)
    assert session.do("STAT") == f"+OK {len(messages)} {sum(map(len, messages))}"
    sizes = [line.split() for line in session.lines("LIST")]
    assert sizes == [[str(number), str(len(message))] for number, message in enumerate(messages, 1)]
    for number, message in enumerate(messages, 1):
        assert octets(session.lines(f"RETR {number}")) == whole(message)
    head, _, body = TEXT.partition(b"\r\n\r\n")
    assert octets(session.lines("TOP 1 0")) == head + b"\r\n\r\n"
    assert octets(session.lines("TOP 1 2")) == head + b"\r\n\r\n.\r\n..two\r\n"
    assert octets(session.lines("TOP 1 99")) == whole(TEXT)
    session.quit()


def test_removed_at_quit_and_only_then(server, drop):
    account, messages = drop
    session = pop3.connect(server, account)
    session.do("DELE 1")
    session.close()
    session = pop3.connect(server, account)
    assert session.do("STAT").split()[1] == str(len(messages))
    before = [line.split()[1] for line in session.lines("UIDL")]
    for number in (2, 4):
        assert session.do(f"DELE {number}").startswith("+OK")
    assert session.do("RSET").startswith("+OK")
    for number in (1, 3):
        assert session.do(f"DELE {number}").startswith("+OK")
    other = imap.connect(server, account)
    assert other.select("INBOX")["exists"] == len(messages), "marks are the session's own"
    assert session.quit() == "+OK bye, 2 removed"
    assert other.select("INBOX")["exists"] == len(messages) - 2
    other.logout()
    session = pop3.connect(server, account)
    assert [line.split()[1] for line in session.lines("UIDL")] == [before[1], before[3], before[4]]
    session.quit()


def test_unique_ids_outlive_the_server(server, drop):
    account, _ = drop
    session = pop3.connect(server, account)
    before = session.lines("UIDL")
    session.quit()
    server.kill()
    server.restart()
    session = pop3.connect(server, account)
    assert session.lines("UIDL") == before
    assert all(len(line.split()[1]) <= 70 for line in before)
    session.quit()


def test_what_another_session_removes_keeps_its_number(server, drop):
    account, messages = drop
    session = pop3.connect(server, account)
    other = imap.connect(server, account)
    other.select("INBOX")
    other.ok("UID STORE 1:2 +FLAGS.SILENT (\\Deleted)")
    other.ok("EXPUNGE")
    other.append("INBOX", b"Subject: late\r\n\r\n")
    assert session.do("RETR 1") == "-ERR there is no such message any more"
    assert octets(session.lines("RETR 4")) == whole(messages[3])
    assert session.do("STAT").split()[1] == str(len(messages))
    assert session.do("DELE 1").startswith("+OK") and session.do("DELE 3").startswith("+OK")
    session.quit()
    assert other.select("INBOX")["exists"] == 3
    other.logout()


def test_nothing_else_changes(server, drop):
    """Reading by POP3 leaves \\Seen and MODSEQ alone."""
    account, _ = drop
    other = imap.connect(server, account)
    before = other.ok("STATUS INBOX (UNSEEN HIGHESTMODSEQ)")
    session = pop3.connect(server, account)
    session.lines("RETR 1")
    session.quit()
    assert other.ok("STATUS INBOX (UNSEEN HIGHESTMODSEQ)") == before
    other.logout()


def test_app_passwords_log_in_and_can_be_taken_back(server, drop):
    account, _ = drop
    config = str(server.config_file())
    made = server.command("account", "app-password", "add", account[0], "scanner", "--json", "--config", config)
    told = json.loads(made.stdout)
    pop3.connect(server, (account[0], told["password"])).quit()
    number = str(told.get("number", told.get("id")))
    server.command("account", "app-password", "remove", account[0], number, "--config", config)
    session = pop3.Pop3(server.port("pop3s"), server.tls())
    session.do(f"USER {account[0]}")
    assert session.do(f"PASS {told['password']}").startswith("-ERR [AUTH]")
    session.close()


def test_headers_in_utf8(server, drop):
    """RFC 6856: as they are for who says UTF8, RFC 6858's form for others."""
    account, _ = drop
    message = "From: Élise <elise@example.org>\r\nTo: é@exämple.org\r\nSubject: déjà vu\r\n\r\nété\r\n".encode()
    session = imap.connect(server, account)
    session.append("INBOX", message)
    session.logout()
    session = pop3.connect(server, account)
    lines = session.lines("RETR 6")
    assert lines[0] == "From: =?UTF-8?Q?=C3=89lise?= <elise@example.org>"
    assert lines[1] == "To: invalid@internationalized-address.invalid"
    assert all(line.isascii() for line in lines[:4]) and lines[-1] == "été"
    session.quit()
    session = pop3.Pop3(server.port("pop3s"), server.tls())
    assert session.do("UTF8").startswith("+OK")
    session.login(account)
    assert octets(session.lines("RETR 6")) == message
    session.quit()
