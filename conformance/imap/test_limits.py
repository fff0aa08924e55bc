"""Commands at each limit of protocols/imap/src/limits.rs and one past it: the first is done, the second refused with
a tagged reply, and the session goes on."""

import pytest

from blackbox import imap, limits


def limit(name):
    return limits.value("protocols/imap", name)


@pytest.fixture
def alice(server):
    session = imap.connect(server, server.alice)
    session.do("CREATE limits")
    session.select("limits")
    yield session
    session.do("UNSELECT")
    session.do("DELETE limits")
    session.logout()


def outcome(session, command):
    status, _ = session.do(command)
    return status.split(b" ")[0].decode()


def refused(session, command):
    """Refused, and the session is whole."""
    assert outcome(session, command) in ("BAD", "NO"), command[:80]
    session.ok("NOOP")


def fields(count):
    return " ".join(f"X-{number}" for number in range(count))


def nested(depth):
    return "SEARCH " + "(" * depth + "ALL" + ")" * depth


def part(depth):
    return "FETCH 1 BODY.PEEK[" + ".".join(["1"] * depth) + "]"


# What a count of something looks like as a command.
COUNTED = [
    ("NESTING_MAX", nested),
    ("SEARCH_KEY_COUNT_MAX", lambda count: "SEARCH " + " ".join(["SEEN"] * count)),
    ("SEARCH_TEXT_COUNT_MAX", lambda count: "SEARCH " + " ".join(["TEXT x"] * count)),
    ("FUZZY_WORDS_OF_SEARCH_COUNT_MAX",
     lambda count: "SEARCH " + " ".join(f'FUZZY SUBJECT "word{number}"' for number in range(count))),
    ("SORT_KEY_COUNT_MAX", lambda count: "SORT (" + " ".join(["DATE"] * count) + ") UTF-8 ALL"),
    ("FETCH_ITEM_COUNT_MAX", lambda count: "FETCH 1 (" + " ".join(["UID"] * count) + ")"),
    ("HEADER_FIELD_COUNT_MAX", lambda count: f"FETCH 1 BODY.PEEK[HEADER.FIELDS ({fields(count)})]"),
    ("PART_DEPTH_MAX", part),
    ("LIST_PATTERN_COUNT_MAX", lambda count: 'LIST "" (' + " ".join(["x"] * count) + ")"),
    ("LIST_PATTERN_BYTES_MAX", lambda count: 'LIST "" "' + "x" * count + '"'),
    ("METADATA_NAME_COUNT_MAX",
     lambda count: "GETMETADATA limits (" + " ".join(f"/private/e{number}" for number in range(count)) + ")"),
    ("ID_FIELD_COUNT_MAX", lambda count: "ID (" + " ".join(f'"k{number}" "v"' for number in range(count)) + ")"),
    ("LANGUAGE_COUNT_MAX", lambda count: "LANGUAGE " + " ".join(["x"] * (count - 1)) + " i-default"),
    ("COMPARATOR_COUNT_MAX", lambda count: "COMPARATOR " + " ".join(["x"] * (count - 1)) + " default"),
]


@pytest.mark.parametrize("name,command", COUNTED, ids=[name for name, _ in COUNTED])
def test_counts(alice, name, command):
    alice.append("limits", b"Subject: x\r\n\r\nx\r\n")
    alice.ok("NOOP")
    most = limit(name)
    alice.ok(command(most))
    refused(alice, command(most + 1))


def test_messages_of_one_append(alice):
    """MULTIAPPEND (RFC 3502): all of them or none."""
    most = limit("APPEND_COUNT_MAX")
    message = b"a: b\r\n\r\n"
    literal = b" {%d+}\r\n%s" % (len(message), message)
    alice.ok(b"APPEND limits" + literal * most)
    refused(alice, b"APPEND limits" + literal * (most + 1))
    assert alice.ok("STATUS limits (MESSAGES)") == [b"* STATUS limits (MESSAGES %d)" % most]


def test_words_of_one_fuzzy_string(alice):
    """So many are looked for word by word, in any order; more of them as the string that they are."""
    most = limit("FUZZY_WORD_COUNT_MAX")
    words = [f"word{number}" for number in range(most + 1)]
    alice.append("limits", b"Subject: x\r\n\r\n" + " ".join(words).encode() + b"\r\n")
    alice.ok("NOOP")
    assert alice.ok(f'SEARCH FUZZY TEXT "{" ".join(reversed(words[:most]))}"')[0] == b"* SEARCH 1"
    assert alice.ok(f'SEARCH FUZZY TEXT "{" ".join(reversed(words))}"')[0] == b"* SEARCH"


def test_changes_of_a_result_kept_up_to_date(server, alice):
    """So many messages at once are told as having come into it; of more the client hears that it must ask again."""
    most = limit("UPDATE_CHANGE_COUNT_MAX")
    other = imap.connect(server, server.alice)
    literal = b" {8+}\r\na: b\r\n\r\n"
    for count in (most, most + 1):
        alice.ok("UNSELECT")
        alice.do("DELETE limits")
        alice.ok("CREATE limits")
        alice.ok("SELECT limits")
        alice.ok("SEARCH RETURN (UPDATE) ALL")
        # Copied in one batch, so that they come at once.
        source = "source" + str(count)
        other.do(f"DELETE {source}")
        other.ok(f"CREATE {source}")
        left = count
        while left:
            some = min(left, limit("APPEND_COUNT_MAX"))
            other.ok(f"APPEND {source}".encode() + literal * some)
            left -= some
        other.ok(f"SELECT {source}")
        other.ok("COPY 1:* limits")
        other.ok("UNSELECT")
        other.ok(f"DELETE {source}")
        told = b"\n".join(alice.ok("NOOP"))
        assert (b"ADDTO" in told, b"[NOUPDATE" in told) == (count == most, count > most), told[:300]
    other.logout()


def test_parts_of_one_catenate(alice):
    most = limit("CATENATE_PART_COUNT_MAX")
    assert outcome(alice, b"APPEND limits CATENATE (TEXT {10+}\r\nSubject: x" + b" TEXT {1+}\r\ny" * (most - 1) + b")") == "OK"
    refused(alice, b"APPEND limits CATENATE (TEXT {10+}\r\nSubject: x" + b" TEXT {1+}\r\ny" * most + b")")
    assert alice.ok("STATUS limits (MESSAGES)") == [b"* STATUS limits (MESSAGES 1)"]


def test_the_length_of_a_url(alice):
    """A URL of the length is read, and found to lead nowhere; a longer one is not read."""
    most = limit("URL_BYTES_MAX")
    def append(length):
        url = b"/limits;UIDVALIDITY=1/;UID=1/;SECTION=" + b"1" * (length - len(b"/limits;UIDVALIDITY=1/;UID=1/;SECTION="))
        return alice.do(b"APPEND limits CATENATE (URL {%d+}\r\n%s)" % (length, url))[0]
    assert append(most).startswith(b"NO [BADURL")
    assert append(most + 1).startswith((b"BAD", b"NO [TOOBIG", b"NO [LIMIT")), "read"
    alice.ok("NOOP")


def test_literals(alice):
    """The largest literal that is not a message; one more octet is refused before the `+`."""
    most = limit("LITERAL_BYTES_MAX")
    tag = alice.start("SEARCH TEXT {%d}" % most)
    assert alice.line().startswith(b"+")
    alice.send(b"x" * most + b"\r\n")
    assert alice.finish(tag)[0].startswith(b"OK")
    tag = alice.start("SEARCH TEXT {%d}" % (most + 1))
    assert alice.finish(tag)[0].startswith((b"NO", b"BAD"))
    alice.ok("NOOP")


def test_literals_of_one_command(alice):
    """Two to a key, so that it is not the keys that are too many."""
    most = limit("LITERAL_COUNT_MAX")
    key = b" HEADER {1+}\r\nx {1+}\r\nx"
    alice.ok(b"SEARCH" + key * (most // 2))
    refused(alice, b"SEARCH" + key * (most // 2) + b" SUBJECT {1+}\r\nx")


def test_the_length_of_a_line(server):
    """A line of the length, with its end, is read; where a longer one ends nobody knows, so the session does."""
    session = imap.connect(server, server.alice)
    session.select("INBOX")
    most = limit("LINE_BYTES_MAX")
    def search(length):
        tag = f"t{session.count + 1} "
        return 'SEARCH TEXT "' + "x" * (length - len(tag + 'SEARCH TEXT ""\r\n')) + '"'
    session.ok(search(most))
    session.start(search(most + 1))
    assert session.line().startswith(b"* BYE")


def test_commands_in_the_wrong_state_are_no_nonsense(server):
    """A client that asks too early is told so, however often."""
    session = imap.connect(server)
    for _ in range(limit("BAD_COMMANDS_BEFORE_LOGIN_MAX")):
        for command in ("SELECT INBOX", "FETCH 1 FLAGS", "UID SEARCH ALL", "IDLE"):
            assert outcome(session, command) == "BAD"
    session.login(server.alice)
    for _ in range(limit("BAD_COMMANDS_MAX") + 1):
        assert outcome(session, "CLOSE") == "BAD"


def test_bad_commands(server):
    """So many before login, so many after it; then BYE."""
    for name, session in (("BAD_COMMANDS_BEFORE_LOGIN_MAX", imap.connect(server)),
                          ("BAD_COMMANDS_MAX", imap.connect(server, server.alice))):
        most = limit(name)
        for _ in range(most - 1):
            assert outcome(session, "NONSENSE") == "BAD"
        session.start("NONSENSE")
        with pytest.raises(imap.ImapError):
            for _ in range(4):
                session.line()
