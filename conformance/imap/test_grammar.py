"""What the grammars of RFC 9051 9 and of the extensions take and refuse: a case a line, with the condition of the answer
and, where it matters, a line that must come. What is BAD changes nothing."""

import re

import pytest

from blackbox import imap

MESSAGES = [b"Subject: hello %d\r\nFrom: a%d@example.com\r\nDate: Mon, 0%d Jan 2026 10:00:00 +0000\r\n\r\nBody %d\r\n"
            % (number, number, number, number) for number in range(1, 6)]

# A group: what comes before, then (command, condition, a pattern of a line, or None).
GROUPS = {
    "numbers": (["SELECT five"], [
        ("FETCH 4294967296 UID", "BAD", None),
        ("UID FETCH 1:9999999999 FLAGS", "BAD", None),
        ("UID FETCH 1:4294967295 UID", "OK", r"\* 5 FETCH"),
        ("FETCH *:4 UID", "OK", r"\* 4 FETCH"),
        ("FETCH 6:* UID", "BAD", None),
        ("UID FETCH 4000000000:* UID", "OK", r"\* 5 FETCH"),
        ("FETCH 01 UID", "BAD", None),
        ("FETCH 1,$ UID", "BAD", None),
        ("FETCH $,1 UID", "BAD", None),
        ("FETCH 1,,2 UID", "BAD", None),
        ("FETCH 1: UID", "BAD", None),
        ("SEARCH 5:9", "OK", r"\* SEARCH 5$"),
    ]),
    "numbers without messages": (["SELECT none"], [
        # RFC 9051 9, seq-number: `*` is one too many as well.
        ("FETCH * FLAGS", "BAD", None),
        ("FETCH 1 FLAGS", "BAD", None),
        ("STORE 1:* +FLAGS (\\Seen)", "BAD", None),
        ("COPY * five", "BAD", None),
        ("MOVE * five", "BAD", None),
        ("UID FETCH * FLAGS", "OK", None),
        ("UID COPY 1:* five", "OK", None),
        ("FETCH $ FLAGS", "OK", None),
        ("SEARCH *", "OK", r"\* SEARCH$"),
        ("SORT (DATE) UTF-8 ALL", "OK", r"\* SORT$"),
        ("THREAD REFS UTF-8 ALL", "OK", r"\* THREAD$"),
        ("SEARCH RETURN (MIN MAX COUNT ALL) ALL", "OK", r'\* ESEARCH \(TAG "t\d+"\) COUNT 0$'),
        ("UIDBATCHES 500", "OK", r'\* UIDBATCHES \(TAG "t\d+"\)$'),
    ]),
    "return options": (["SELECT five"], [
        ("SEARCH RETURN (PARTIAL 3:1) ALL", "OK", r"PARTIAL \(3:1 1:3\)$"),
        ("UID SEARCH RETURN (PARTIAL -3:-1) ALL", "OK", r"PARTIAL \(-3:-1 3:5\)$"),
        ("SEARCH RETURN (PARTIAL 1:4294967295) ALL", "OK", r"PARTIAL \(1:4294967295 1:5\)$"),
        ("SEARCH RETURN (PARTIAL 1:4294967296) ALL", "BAD", None),
        ("SEARCH RETURN (PARTIAL 1:*) ALL", "BAD", None),
        ('SEARCH RETURN (PARTIAL "1:5") ALL', "BAD", None),
        ("SEARCH RETURN (ALL ALL) ALL", "BAD", None),
        # RFC 5267 4.2: CONTEXT is a hint; UPDATE alone tells nothing of the result.
        ("SEARCH RETURN (CONTEXT) 2:4", "OK", r"\) ALL 2:4$"),
        ("SEARCH RETURN (CONTEXT COUNT) 2:4", "OK", r"\) COUNT 3$"),
        ("SEARCH RETURN (UPDATE UPDATE) ALL", "BAD", None),
        ("SEARCH RETURN MIN ALL", "BAD", None),
        ("SEARCH CHARSET UTF-8 RETURN (MIN) ALL", "BAD", None),
        ("SORT RETURN (MIN MAX ALL COUNT) (REVERSE DATE) UTF-8 ALL", "OK", r"MIN 5 MAX 1 COUNT 5 ALL 5,4,3,2,1$"),
        ("UID SORT RETURN (PARTIAL -1:-2) (REVERSE DATE) UTF-8 ALL", "OK", r"PARTIAL \(-1:-2 2,1\)$"),
        ("CANCELUPDATE", "BAD", None),
    ]),
    "parameters": (["ENABLE QRESYNC", "SELECT five"], [
        ("UID FETCH 1:* FLAGS ()", "BAD", None),
        ("UID FETCH 1:* FLAGS (PARTIAL 1:5 PARTIAL 1:2)", "BAD", None),
        ("FETCH 1 FLAGS (CHANGEDSINCE 1 CHANGEDSINCE 2)", "BAD", None),
        ("UID FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED VANISHED)", "BAD", None),
        ("UID FETCH 1:* FLAGS (VANISHED CHANGEDSINCE 1)", "OK", None),
        ("FETCH 1 FLAGS (CHANGEDSINCE 9223372036854775808)", "BAD", None),
        ("STORE 1 () +FLAGS (x)", "BAD", None),
        ("STORE 1 (UNCHANGEDSINCE 1 UNCHANGEDSINCE 2) +FLAGS (x)", "BAD", None),
        ("SELECT five ()", "BAD", None),
        ("SELECT five (QRESYNC (1 1) QRESYNC (1 1))", "BAD", None),
        # RFC 7162 3.2.5.2: both sets ascend, and name each other's numbers.
        ("SELECT five (QRESYNC (1 1 1:3 (1:2 1:3)))", "BAD", None),
        ("SELECT five (QRESYNC (1 1 1:3 (2,1 3,1)))", "BAD", None),
        ("SELECT five (QRESYNC (1 1 1:3 (2:1 3:2)))", "BAD", None),
        ("SELECT five (QRESYNC (1 1 1:3 (1,3 1:2)) CONDSTORE)", "OK", None),
    ]),
    "PREVIEW and modifiers of FETCH": (["SELECT five"], [
        ("FETCH 1 PREVIEW (CHANGEDSINCE 1)", "OK", r"PREVIEW .*MODSEQ"),
        ("FETCH 1 PREVIEW (LAZY) (CHANGEDSINCE 1)", "OK", r"PREVIEW .*MODSEQ"),
        ("FETCH 1 (PREVIEW (lazy LAZY) UID)", "OK", r"PREVIEW .*UID 1"),
        ("FETCH 1 (PREVIEW ())", "BAD", None),
        ("FETCH 1 (PREVIEW (FOO))", "BAD", None),
        ("FETCH 1 PREVIEW (LAZY FOO)", "BAD", None),
        ("FETCH 1 PREVIEW (LAZY) (LAZY)", "BAD", None),
    ]),
    "parts": (["SELECT five"], [
        ("FETCH 1 BINARY.PEEK[1.]", "BAD", None),
        ("FETCH 1 BINARY.PEEK[01]", "BAD", None),
        ("FETCH 1 BINARY.PEEK[1.MIME]", "BAD", None),
        ("FETCH 1 BINARY.SIZE[1]<0.5>", "BAD", None),
        ("FETCH 1 BINARY.PEEK[1]<5>", "BAD", None),
        ("FETCH 1 BINARY.SIZE[1]", "OK", r"BINARY.SIZE\[1\] 8\)"),
        ("FETCH 1 BODY[1.]", "BAD", None),
        ("FETCH 1 BODY[MIME]", "BAD", None),
        ("FETCH 1 BODY[HEADER.FIELDS ()]", "BAD", None),
        ("FETCH 1 ()", "BAD", None),
    ]),
    "flags": (["SELECT five"], [
        ('STORE 1 +FLAGS ("Seen")', "BAD", None),
        ("STORE 1 +FLAGS.SILENT (\\Seen", "BAD", None),
        ("STORE 1 +FLAGS (\\*)", "BAD", None),
        ("STORE 1 ++FLAGS (x)", "BAD", None),
        ("STORE 1 +FLAGS", "BAD", None),
        ("STORE 1 +FLAGS \\Seen \\Flagged", "OK", r"\\Flagged \\Seen"),
        ('APPEND five ("Seen") {3+}\r\nabc', "BAD", None),
        ("APPEND five (\\Seen) () {3+}\r\nabc", "BAD", None),
    ]),
    "keys": (["SELECT five"], [
        ("SEARCH", "BAD", None),
        ("SEARCH ()", "BAD", None),
        ("SEARCH SINCE 30-Feb-2020", "BAD", None),
        ("SEARCH SENTSINCE 02-Jan-2026 SENTBEFORE 4-jan-2026", "OK", r"\* SEARCH 2 3$"),
        ("SEARCH CHARSET UTF-8 SUBJECT {4+}\r\ncaf\xe9", "BAD", None),
        ('SEARCH HEADER subject ""', "OK", r"\* SEARCH 1 2 3 4 5$"),
        ('SEARCH HEADER X-None ""', "OK", r"\* SEARCH$"),
        ('SEARCH BODY ""', "OK", r"\* SEARCH 1 2 3 4 5$"),
        ('SEARCH TEXT ""', "OK", r"\* SEARCH 1 2 3 4 5$"),
        ("SEARCH NOT NOT 1", "OK", r"\* SEARCH 1$"),
        ("SEARCH SUBJECT NIL", "OK", r"\* SEARCH$"),
        ("SEARCH YOUNGER 0", "BAD", None),
        ('SEARCH EMAILID "a b"', "BAD", None),
        ('SEARCH SAVEDBEFORE "01-Jan-2020 10:00:00 +0000"', "BAD", None),
        ("SORT (REVERSE REVERSE DATE) UTF-8 ALL", "BAD", None),
        ("SORT (DATE) CHARSET UTF-8 ALL", "NO", None),
        ('UID SORT (REVERSE DATE) "utf-8" 2:3', "OK", r"\* SORT 3 2$"),
    ]),
    "messages that are sent": (["SELECT five"], [
        # A mailbox that is not there is told before what its message is made of.
        ('APPEND Missing CATENATE (URL "/five/;UID=99")', r"NO \[TRYCREATE\]", None),
        ('APPEND none CATENATE (URL "/five/;UID=1/;SECTION=")', r"NO \[BADURL ", None),
        ('APPEND none CATENATE (URL "/five/;UID=1/;PARTIAL=1.0")', r"NO \[BADURL ", None),
        ('APPEND none CATENATE (URL "/five/;UID=1" URL "/five/;UID=98" URL "/five/;UID=99")',
         r'NO \[BADURL "/five/;UID=98"\]', None),
        ("APPEND none CATENATE ()", "BAD", None),
        ('APPEND none "02-Jan-2020 03:04:05 +2460" {3+}\r\nabc', "BAD", None),
        ("REPLACE 1:2 five {3+}\r\nabc", "BAD", None),
        ("REPLACE $ five {3+}\r\nabc", "BAD", None),
        ("REPLACE 9 five {3+}\r\nabc", "BAD", None),
        ("UID REPLACE 9 five {3+}\r\nabc", "NO", None),
        ("STATUS none (MESSAGES)", "OK", r"\(MESSAGES 0\)"),
    ]),
    "events": (["SELECT five"], [
        ("NOTIFY SET (personal ())", "BAD", None),
        ("NOTIFY SET (selected (MessageNew () MessageExpunge))", "BAD", None),
        # RFC 5465 8: fetch-att, which a macro is not.
        ("NOTIFY SET (selected (MessageNew (ALL) MessageExpunge))", "BAD", None),
        ("SEARCH RETURN (UPDATE (FAST)) ALL", "BAD", None),
        ("NOTIFY SET (selected (MessageNew MessageExpunge (UID)))", "BAD", None),
        ("NOTIFY SET (mailboxes () (MailboxName))", "BAD", None),
        ("NOTIFY SET (SELECTED-delayed (messagenew (uid) MESSAGEEXPUNGE flagchange)) (personal NONE)", "OK", None),
    ]),
    "by UID alone": (["ENABLE UIDONLY", "SELECT five"], [
        ("UID SEARCH *", r"BAD \[UIDREQUIRED\]", None),
        ("UID SORT (DATE) UTF-8 1:2", r"BAD \[UIDREQUIRED\]", None),
        ("UID THREAD REFERENCES UTF-8 1", r"BAD \[UIDREQUIRED\]", None),
        ("REPLACE 1 five {3+}\r\nabc", r"BAD \[UIDREQUIRED\]", None),
        ("ESEARCH IN (selected) 1:2", r"BAD \[UIDREQUIRED\]", None),
        ("ESEARCH IN (selected) UID 1:2", "OK", "UID ALL 1:2$"),
        ("UID SEARCH RETURN (SAVE PARTIAL -1:-2) ALL", "OK", r"UID PARTIAL \(-1:-2 4:5\)$"),
        ("UID FETCH $ FLAGS", "OK", r"\* 4 UIDFETCH \(FLAGS"),
        ("UID FETCH 1 (UID FLAGS)", "OK", r"\* 1 UIDFETCH \(UID 1 FLAGS"),
    ]),
    "UTF-8": (["ENABLE UTF8=ACCEPT", "SELECT five"], [
        ("SEARCH CHARSET UTF-8 ALL", "BAD", None),
        ("ESEARCH CHARSET UTF-8 ALL", "BAD", None),
        ('SEARCH SUBJECT "caf\xe9"', "BAD", None),
    ]),
    "what is enabled": ([], [
        ("ENABLE", "BAD", None),
        ("ENABLE CONDSTORE X-NONE CONDSTORE", "OK", r"\* ENABLED CONDSTORE$"),
    ]),
    "literals": ([], [
        # RFC 7888 8: there is no other sign than `+`.
        ("SELECT {4-}", "BAD", None),
        ("SELECT {4+}\r\nnone", "OK", None),
    ]),
}


@pytest.fixture(scope="module")
def account(server):
    session = imap.connect(server, server.alice)
    session.ok("CREATE five")
    session.ok("CREATE none")
    for message in MESSAGES:
        session.append("five", message)
    session.close()
    return server.alice


@pytest.mark.parametrize("name", GROUPS)
def test_cases(server, account, name):
    before, cases = GROUPS[name]
    session = imap.connect(server, account)
    for command in before:
        session.ok(command)
    wrong = []
    for command, condition, wanted in cases:
        status, lines = session.do(command.encode("latin-1"))
        lines = [line.decode("latin-1") for line in lines]
        fits = re.match(condition, status.decode()) and (not wanted or any(re.search(wanted, line, re.S) for line in lines))
        if not fits:
            wrong.append((command, status, lines))
        # So many BAD answers in a row end a session.
        session.ok("NOOP")
    session.close()
    assert not wrong
