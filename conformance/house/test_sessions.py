"""Who is logged in, and the trace of an account: what it shows, and above all what it does not."""

import json
import pathlib
import stat
import time

from blackbox import imap, mail, pop3


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
    session.do(f"LOGIN {user} {password}")
    session.do("AUTHENTICATE PLAIN c2VjcmV0LWJhc2U2NA==")
    session.do(password)
    other = imap.connect(server, server.alice)
    other.ok("NOOP")
    stranger = imap.connect(server, server.bob)
    stranger.ok("STATUS Drafts (MESSAGES)")
    text = path.read_text()
    for shown in ("C: ", ' SELECT "INBOX"', "S: * OK [UIDVALIDITY", 'SEARCH SUBJECT "nothing"', "FETCH * (FLAGS PREVIEW",
                  " LOGIN ...", " AUTHENTICATE ...", "NOOP", "APPENDUID"):
        assert shown in text, shown
    for hidden in (password, "The-secret-body", "c2VjcmV0LWJhc2U2NA", "STATUS Drafts", "about nothing"):
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
