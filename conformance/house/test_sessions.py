"""Who is logged in, and the trace of an account: what it shows, and above all what it does not."""

import json
import pathlib
import stat
import time

from blackbox import imap, mail, pop3, smtp


def run(server, *arguments, check=True):
    return server.command(*arguments, "--config", str(server.config_file()), check=check)


def sessions(server, *arguments):
    return json.loads(run(server, "session", "list", "--json", *arguments).stdout)


def test_sessions_are_listed_with_what_clients_say(server):
    app = json.loads(run(server, "account", "app-password", "add", server.bob[0], "phone", "--json").stdout)
    before = imap.connect(server)
    before.ok('ID ("name" "Early" "version" "1.0" "os" NIL)')
    before.login(server.alice)
    after = imap.connect(server, (server.bob[0], app["password"]))
    after.ok('ID ("name" "Phone\\"s mail" "support-url" "https://example.org/")')
    scanner = pop3.connect(server, server.alice)
    found = {row["session"]: row for row in sessions(server)}
    rows = sorted((row["door"], row["account"], row["client"], row["app_password"]) for row in found.values())
    assert rows == [("imap", server.alice[0], "Early 1.0", None), ("imap", server.bob[0], 'Phone"s mail', app["id"]),
                    ("pop3", server.alice[0], None, None)]
    assert [row["account"] for row in sessions(server, "--account", server.bob[0])] == [server.bob[0]]
    # ID_NOTE_CHARS_MAX
    after.ok(f'ID ("name" "{"n" * 120}")')
    assert sessions(server, "--account", server.bob[0])[0]["client"] == "n" * 120
    after.ok(f'ID ("name" "{"n" * 121}" "version" "2")')
    assert sessions(server, "--account", server.bob[0])[0]["client"] == "n" * 120
    before.ok("UNAUTHENTICATE")
    scanner.quit()
    after.logout()
    deadline = time.monotonic() + 5
    while sessions(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sessions(server) == []
    before.close()


def test_an_app_password_shows_the_device_that_used_it_last(server):
    app = json.loads(run(server, "account", "app-password", "add", server.alice[0], "tablet", "--json").stdout)
    other = json.loads(run(server, "account", "app-password", "add", server.alice[0], "unused", "--json").stdout)

    def listed():
        rows = json.loads(run(server, "account", "app-password", "list", server.alice[0], "--json").stdout)
        return {row["id"]: (row["last_door"], row["last_client"], row["last_from"]) for row in rows}

    assert listed()[app["id"]] == (None, None, None)
    account = (server.alice[0], app["password"])
    session = imap.connect(server, account)
    assert listed()[app["id"]] == ("imap", None, "127.0.0.1")
    session.ok('ID ("name" "Tablet mail" "version" "7")')
    assert listed()[app["id"]] == ("imap", "Tablet mail 7", "127.0.0.1")
    session.logout()
    shown = json.loads(run(server, "account", "show", server.alice[0], "--json").stdout)["app_passwords"]
    assert {row["id"]: row["last_client"] for row in shown} == {app["id"]: "Tablet mail 7", other["id"]: None}
    # It is written down, and a client that says nothing of itself is the one that was known.
    assert server.stop() == 0
    assert listed()[app["id"]] == ("imap", "Tablet mail 7", "127.0.0.1")
    server.restart()
    imap.connect(server, account).logout()
    assert listed()[app["id"]] == ("imap", "Tablet mail 7", "127.0.0.1")
    smtp.connect(server, account).close()
    assert listed()[app["id"]] == ("submission", None, "127.0.0.1")
    # The password itself is no device's.
    imap.connect(server, server.alice).logout()
    assert listed() == {app["id"]: ("submission", None, "127.0.0.1"), other["id"]: (None, None, None)}
    run(server, "account", "app-password", "remove", server.alice[0], str(app["id"]))
    assert listed() == {other["id"]: (None, None, None)}
    run(server, "account", "app-password", "remove", server.alice[0], str(other["id"]))


def test_pop3_and_submission_are_traced_without_secrets_and_messages(server):
    user, password = server.alice
    message = b"Subject: about nothing\r\n\r\nThe-secret-body\r\nMAIL me\r\n.hidden-dot\r\n"
    imap.connect(server, server.alice).append("INBOX", message)
    told = json.loads(run(server, "account", "trace", user, "--minutes", "5", "--json").stdout)
    path = pathlib.Path(told["file"])
    token = "c2VjcmV0LWJhc2U2NA=="
    scanner = pop3.connect(server, server.alice)
    assert scanner.do("STAT").startswith("+OK")
    assert len(scanner.lines("UIDL")) == len(scanner.lines("LIST")) > 0
    count = len(scanner.lines("LIST"))
    assert "The-secret-body" in scanner.lines(f"RETR {count}") and "The-secret-body" in scanner.lines(f"TOP {count} 9")
    for command in (f"PASS {password}", f"USER {user}", "PASS 12345678", f"APOP {user} 0123456789abcdef", f"AUTH PLAIN {token}",
                    password, f"LIST {password}", "TOP 1 x"):
        assert scanner.do(command).startswith("-ERR"), command
    scanner.quit()
    submitter = smtp.connect(server, server.alice)
    assert [row["door"] for row in sessions(server) if row["door"] != "imap"] == ["submission"]
    assert submitter.submit(user, [server.bob[0]], message)[0] == 250
    for command, code in ((f"AUTH PLAIN {token}", 503), ("VRFY hidden-name", 252), ("NOOP hidden-noop", 250),
                          ("DATA hidden-data", 503), ("MAIL hidden-sender", 501), ("EHLO a hidden-b", 501)):
        assert submitter.do(command)[0] == code, command
    # A refused DATA whose message comes all the same, line by line.
    assert submitter.do("DATA")[0] == 503
    assert submitter.do("The-secret-body")[0] == 500
    submitter.close()
    stranger = smtp.connect(server, server.bob)
    stranger.submit(server.bob[0], [user], b"Subject: his\r\n\r\nx\r\n")
    stranger.close()
    text = path.read_text()
    for line in ("C: STAT", "C: UIDL", "C: LIST", f"C: RETR {count}", f"C: TOP {count} 9", "C: PASS ...", "C: USER ...",
                 "C: AUTH ...", "C: ? ...", "C: LIST ...", "C: QUIT", "S: +OK", "S: ...", "S: -ERR", f"C: MAIL FROM:<{user}>",
                 f"C: RCPT TO:<{server.bob[0]}>", "C: DATA", "S: 354 ", "S: 250 2.0.0 queued as", "C: VRFY ...",
                 "C: NOOP ...", "C: DATA ...", "C: MAIL ...", "C: EHLO ..."):
        assert line in text, line
    for hidden in (password, "12345678", "0123456789abcdef", "The-secret-body", "hidden-", token, "about nothing", "MAIL me",
                   f"MAIL FROM:<{server.bob[0]}>"):
        assert hidden not in text, hidden
    run(server, "account", "trace", user, "--minutes", "0")


def test_a_trace_shows_the_dialogue_and_no_secret(server):
    user, password = server.alice
    session = imap.connect(server, server.alice)
    told = json.loads(run(server, "account", "trace", user, "--minutes", "5", "--json").stdout)
    path = pathlib.Path(told["file"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    message = b"Subject: about nothing\r\n\r\nThe-secret-body\r\n" + mail.message(1, 100_000)
    session.append("INBOX", message)
    session.select("INBOX")
    session.ok("FETCH * (FLAGS PREVIEW BODY.PEEK[] BODY.PEEK[TEXT])")
    session.ok('SEARCH SUBJECT "nothing"')
    # A body comes in many ways, and most of them are refused.
    for command in (b"APPEND {5+}\r\nINBOX {11+}\r\nsecret-b1\r\n", b"APPEND {3+}\r\n&&& {11+}\r\nsecret-b2\r\n",
                    b"APPEND INBOX {11+}\r\nsecret-b3\r\n {11+}\r\nsecret-b4\r\n", b"REPLACE x INBOX {11+}\r\nsecret-b5\r\n",
                    b"APPEND INBOX CATENATE (TEXT {11+}\r\nsecret-b6\r\n TEXT {11+}\r\nsecret-b7\r\n)",
                    b'APPEND INBOX CATENATE (TEXT {11+}\r\nsecret-b8\r\n URL "/INBOX/;UID=77")',
                    b"REPLACE 1 {3+}\r\n&&& {11+}\r\nsecret-b9\r\n", b"APPEND nowhere {11+}\r\nsecret-c1\r\n",
                    b"APPEND INBOX (\\Bad) {11+}\r\nsecret-c2\r\n", b"APPEND INBOX UTF8 (~{11+}\r\nsecret-c3\r\n)",
                    b"APPEND INBOX {11+}\r\nsecret-c4\r\n secret-tail", b"UID REPLACE 99 INBOX {11+}\r\nsecret-c5\r\n",
                    b"FETCH 1 BODY[] {11+}\r\nsecret-c6\r\n", b"APPENDX INBOX {11+}\r\nsecret-c7\r\n",
                    b"append inbox {011+}\r\nsecret-c8\r\n"):
        session.do(command)
    session.do(f"LOGIN {user} {password}")
    session.do("AUTHENTICATE PLAIN c2VjcmV0LWJhc2U2NA==")
    session.do(password)
    # A client that goes on with a login which was refused: its line has the place of a tag.
    for line in (b"AHVzZXIAbGluZS1iYXNlNjQ=", b"secret-line", b"secret-tag with words", b"secret-odd {99999999999}",
                 b"secret-plus+word", b"{secret-brace", b"x UID LOGIN u secret-uid", b"x\tLOGIN u secret-tab",
                 b"x  LOGIN u secret-spaces", b"LOGIN u secret-untagged", b"x LOGI\0N u secret-nul",
                 b'x LOGIN "u" "secret-quoted" secret-more', b"x LOGIN {1+}\r\nu {14+}\r\nsecret-literal",
                 b"x AUTHENTICATE PLAIN =\r\nsecret-second", b"x login u secret-small"):
        session.send(line + b"\r\n")
    session.ok("NOOP")
    other = imap.connect(server, server.alice)
    other.ok("NOOP")
    stranger = imap.connect(server, server.bob)
    stranger.ok("STATUS Drafts (MESSAGES)")
    text = path.read_text()
    for shown in ("C: ", ' SELECT "INBOX"', "S: * OK [UIDVALIDITY", 'SEARCH SUBJECT "nothing"', "FETCH * (FLAGS PREVIEW",
                  " LOGIN ...", " AUTHENTICATE ...", "NOOP", "APPENDUID"):
        assert shown in text, shown
    for hidden in (password, "The-secret-body", "c2VjcmV0LWJhc2U2NA", "STATUS Drafts", "about nothing", "secret-",
                   "AHVzZXIAbGluZS1iYXNlNjQ"):
        assert hidden not in text, hidden
    assert len(text) < 20_000
    # A session that logs in anew is another's, and begins to be taken down behind its login.
    session.ok("UNAUTHENTICATE")
    session.login(server.alice)
    session.ok("NOOP")
    assert password not in path.read_text()
    run(server, "account", "trace", user, "--minutes", "0")
    size = path.stat().st_size
    other.ok("NOOP")
    imap.connect(server, server.alice).ok("NOOP")
    quiet = path.stat().st_size
    imap.connect(server, server.alice).ok("NOOP")
    assert path.stat().st_size == quiet and quiet - size < 500


def test_what_cannot_be_traced_is_refused(server):
    # TRACE_TIME_MAX
    assert run(server, "account", "trace", server.bob[0], "--minutes", "1440").returncode == 0
    assert run(server, "account", "trace", server.bob[0], "--minutes", "1441", check=False).returncode != 0
    assert run(server, "account", "trace", "nobody@example.org", "--minutes", "5", check=False).returncode != 0
    server.stop()
    done = run(server, "account", "trace", server.bob[0], "--minutes", "5", check=False)
    assert done.returncode != 0 and "no server runs" in done.stderr
    assert run(server, "session", "list", check=False).returncode != 0
    server.restart()
