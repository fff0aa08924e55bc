"""MESSAGELIMIT and SAVELIMIT (RFC 9738) with a server that has them: the examples of 3.1 to 3.4, what is not bounded, and
that a client which goes on below the lowest UID told reaches every message once."""

import re

import pytest

from blackbox import imap, limits
from blackbox.server import Server

MOST = limits.value("protocols/imap", "MESSAGE_LIMIT_MIN")
COUNT = MOST + 200
MESSAGE = b"Subject: x\r\n\r\nneedle\r\n"


def configured(line):
    server = Server().start()
    server.stop()
    with server.config_file().open("a") as config:
        config.write(f"\n[imap]\n{line}\n")
    server._spawn("serve", "--config", str(server.config_file()))
    return server


@pytest.fixture(scope="module")
def bounded():
    server = configured(f"message_limit = {MOST}")
    try:
        fill(imap.connect(server, server.alice), "many", COUNT)
        yield server
    finally:
        server.dispose()


def fill(session, name, count):
    session.ok(f"CREATE {name}")
    while count:
        some = min(count, MOST, limits.value("protocols/imap", "APPEND_COUNT_MAX"))
        session.ok(b"APPEND " + name.encode() + b" {%d+}\r\n%s" % (len(MESSAGE), MESSAGE) * some)
        count -= some


@pytest.fixture
def many(bounded):
    """A session with more messages than a command may work on; UIDs are numbers."""
    session = imap.connect(bounded, bounded.alice)
    session.select("many")
    yield session
    session.close()


@pytest.fixture
def own(bounded, request):
    """The same with a copy of them that may be changed."""
    session = imap.connect(bounded, bounded.alice)
    fill(session, "own", COUNT)
    session.select("own")
    yield session
    session.do("UNSELECT")
    session.ok("DELETE own")
    session.close()


def uids(lines):
    return [int(found.group(1)) for line in lines if (found := re.search(rb"UID (\d+)", line))]


def code(session, lowest=COUNT - MOST + 1):
    assert session.status.startswith(b"OK [MESSAGELIMIT %d %d] " % (MOST, lowest)), session.status


def test_told(many):
    assert b" MESSAGELIMIT=%d " % MOST in many.ok("CAPABILITY")[0] + b" "
    assert b"SAVELIMIT" not in many.ok("CAPABILITY")[0]


def test_fetch(many):
    """3.1: the highest UIDs, from the highest down; the client goes on below the lowest."""
    told = many.ok("FETCH 1:* (UID FLAGS)")
    assert uids(told) == list(range(COUNT, COUNT - MOST, -1))
    code(many)
    assert uids(many.ok(f"UID FETCH 1:{COUNT - MOST} FLAGS")) == list(range(1, COUNT - MOST + 1))
    assert many.status == b"OK FETCH completed"
    assert uids(many.ok(f"UID FETCH 1:*,{COUNT} (RFC822.SIZE ENVELOPE)")) == list(range(COUNT, COUNT - MOST, -1))
    code(many)
    assert len(many.ok(f"UID FETCH 1:{MOST} FLAGS")) == MOST
    assert many.status == b"OK FETCH completed"


def test_fetch_of_a_range(many):
    """With PARTIAL (RFC 9394) the range is what counts."""
    assert uids(many.ok(f"UID FETCH 1:* (FLAGS) (PARTIAL -1:-{MOST})")) == list(range(COUNT - MOST + 1, COUNT + 1))
    assert many.status == b"OK FETCH completed"
    status, told = many.do(f"UID FETCH 1:* (FLAGS) (PARTIAL -1:-{MOST + 1})")
    assert status.startswith(b"NO [MESSAGELIMIT %d] " % MOST) and not told


def test_fetch_of_what_changed(own):
    """Those that did not change are not worked on."""
    state = own.select("own")["highestmodseq"]
    own.ok("UID STORE 1:3 +FLAGS.SILENT (\\Seen)")
    assert uids(own.ok(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {state})")) == [1, 2, 3]
    assert own.status == b"OK FETCH completed"
    # RFC 9394 3.4: of the range only what has changed of it.
    assert uids(own.ok(f"UID FETCH 1:* (FLAGS) (PARTIAL 2:500 CHANGEDSINCE {state})")) == [2, 3]


def test_search(many):
    """3.1: what is looked at counts, not what is found."""
    lowest = COUNT - MOST + 1
    assert many.ok("UID SEARCH UNDELETED")[0].split()[2:] == [b"%d" % uid for uid in range(lowest, COUNT + 1)]
    code(many)
    assert many.ok("UID SEARCH DELETED")[0] == b"* SEARCH"
    code(many)
    assert len(many.ok(f"UID SEARCH UID 1:{MOST} UNDELETED")[0].split()) == MOST + 2
    assert many.status == b"OK SEARCH completed"
    assert len(many.ok(f"SEARCH 1:{MOST} BODY needle")[0].split()) == MOST + 2
    assert many.status == b"OK SEARCH completed"
    assert many.ok("UID SEARCH RETURN (COUNT MIN PARTIAL -1:-2) BODY needle")[0].endswith(
        b" MIN %d COUNT %d PARTIAL (-1:-2 %d:%d)" % (lowest, MOST, COUNT - 1, COUNT))
    code(many)


def test_search_by_sides(many):
    """3.2: UIDAFTER and UIDBEFORE."""
    assert many.ok(f"UID SEARCH UIDAFTER {COUNT - 3}")[0] == b"* SEARCH %d %d %d" % (COUNT - 2, COUNT - 1, COUNT)
    assert many.status == b"OK SEARCH completed"
    assert many.ok("UID SEARCH UIDBEFORE 3")[0] == b"* SEARCH 1 2"
    assert many.ok("UID SEARCH UIDBEFORE 1")[0] == b"* SEARCH"
    assert many.ok(f"UID SEARCH UIDAFTER {COUNT}")[0] == b"* SEARCH"
    assert many.ok("UID SEARCH (UIDAFTER 4 UIDBEFORE 7) UNDELETED")[0] == b"* SEARCH 5 6"
    assert many.status == b"OK SEARCH completed"
    assert many.ok("UID SEARCH UID 1:9 NOT UIDAFTER 2")[0] == b"* SEARCH 1 2"
    for wrong in ("UIDAFTER", "UIDAFTER 0", "UIDBEFORE *", "UIDBEFORE 1:2"):
        assert many.do(f"UID SEARCH {wrong}")[0].startswith(b"BAD"), wrong


def test_saved_results(many):
    """3.4: $ holds what was reached."""
    many.ok("UID SEARCH RETURN (SAVE) UNDELETED")
    code(many)
    assert many.ok("UID SEARCH RETURN (MIN COUNT) $")[0].endswith(b" MIN %d COUNT %d" % (COUNT - MOST + 1, MOST))
    assert many.status == b"OK SEARCH completed"
    assert len(many.ok("UID FETCH $ FLAGS")) == MOST


def test_updates_of_a_part_are_not_kept(many):
    told = many.ok("UID SEARCH RETURN (COUNT UPDATE) UNDELETED")
    assert any(b"[NOUPDATE " in line for line in told), told


def test_sort_and_thread(many):
    """3.3: SORT has its keys and is whole; THREAD of so many is refused."""
    assert len(many.ok("UID SORT (SUBJECT REVERSE ARRIVAL) UTF-8 ALL")[0].split()) == COUNT + 2
    status, told = many.do("UID THREAD REFERENCES UTF-8 ALL")
    assert status.startswith(b"NO [MESSAGELIMIT %d] " % MOST) and not told
    assert many.ok(f"UID THREAD REFS UTF-8 UID 1:{MOST}")[0].startswith(b"* THREAD (")


def test_multisearch(bounded, many):
    told = many.ok("ESEARCH IN (mailboxes many) RETURN (COUNT) UNDELETED")
    assert told[0].endswith(b" COUNT %d" % MOST)
    code(many)
    fill(many, "few", 3)
    status, _ = many.do("ESEARCH IN (mailboxes (few many)) RETURN (COUNT) UNDELETED")
    assert status.startswith(b"NO [MESSAGELIMIT %d] " % MOST), status
    # Nothing is told of it, and nothing is kept: not when the open mailbox comes first either.
    many.ok("SELECT few")
    tag = many.start("ESEARCH IN (mailboxes (few many)) RETURN (COUNT UPDATE) UNDELETED")
    status, told = many.finish(tag)
    assert status.startswith(b"NO [MESSAGELIMIT %d] " % MOST) and not told, told
    assert many.do(f'CANCELUPDATE "{tag}"')[0].startswith(b"NO")
    tag = many.start("ESEARCH IN (mailboxes (few many)) RETURN (COUNT UPDATE) UID 1:5")
    assert len(many.finish(tag)[1]) == 2
    many.ok(f'CANCELUPDATE "{tag}"')
    many.select("many")
    told = many.ok("ESEARCH IN (mailboxes (few many)) RETURN (COUNT) UID 1:5")
    assert len(told) == 2
    many.ok("DELETE few")


def test_copy_is_whole_or_not_at_all(many):
    many.ok("CREATE target")
    status, told = many.do(f"UID COPY 1:{COUNT} target")
    assert status.startswith(b"NO [MESSAGELIMIT %d %d] " % (MOST, COUNT - MOST + 1)) and not told
    assert many.ok("STATUS target (MESSAGES)") == [b"* STATUS target (MESSAGES 0)"]
    many.ok(f"UID COPY 1:{MOST} target")
    assert many.ok("STATUS target (MESSAGES)") == [b"* STATUS target (MESSAGES %d)" % MOST]
    many.ok("DELETE target")


def test_append(many):
    many.ok("CREATE target")
    literal = b" {%d+}\r\n%s" % (len(MESSAGE), MESSAGE)
    status, _ = many.do(b"APPEND target" + literal * (MOST + 1))
    assert status.startswith(b"NO [MESSAGELIMIT %d] " % MOST), status
    assert many.ok("STATUS target (MESSAGES)") == [b"* STATUS target (MESSAGES 0)"]
    many.ok("DELETE target")


def test_store(own):
    told = own.ok("UID STORE 1:* +FLAGS (\\Flagged)")
    assert uids(told) == list(range(COUNT, COUNT - MOST, -1))
    code(own)
    assert len(own.ok(f"UID SEARCH UID 1:{MOST} FLAGGED")[0].split()) == 2 + 2 * MOST - COUNT
    # What has a code already has the other one before it.
    own.ok("UID STORE 1:* (UNCHANGEDSINCE 1) +FLAGS.SILENT (\\Seen)")
    assert own.status.startswith(b"OK [MODIFIED ")
    told = own.ok("UID STORE 1:* (UNCHANGEDSINCE 1) +FLAGS.SILENT (\\Seen)")
    assert told[-1].startswith(b"* NO [MESSAGELIMIT %d %d] " % (MOST, COUNT - MOST + 1)), told[-1]


def test_move(own):
    own.ok("CREATE target")
    told = own.ok("UID MOVE 1:* target")
    code(own)
    lowest = COUNT - MOST + 1
    assert re.match(rb"\* OK \[COPYUID \d+ %d:%d 1:%d\] " % (lowest, COUNT, MOST), told[0]), told[0]
    numbers = [int(line.split()[1]) for line in told if line.endswith(b"EXPUNGE")]
    assert numbers == list(range(COUNT, COUNT - MOST, -1))
    own.ok(f"UID MOVE 1:{lowest - 1} target")
    assert own.status == b"OK MOVE completed"
    assert own.ok("STATUS target (MESSAGES)") == [b"* STATUS target (MESSAGES %d)" % COUNT]
    own.ok("DELETE target")


def test_uid_expunge_and_what_is_not_bounded(own):
    for part in ("1:200", f"201:{COUNT}"):
        own.ok(f"UID STORE {part} +FLAGS.SILENT (\\Deleted)")
    told = own.ok("UID EXPUNGE 1:*")
    code(own)
    assert len([line for line in told if line.endswith(b"EXPUNGE")]) == MOST
    own.ok("UNSELECT")
    own.ok("DELETE own")
    for command in ("EXPUNGE", "CLOSE"):
        fill(own, "own", COUNT)
        own.select("own")
        for part in ("1:200", f"201:{COUNT}"):
            own.ok(f"UID STORE {part} +FLAGS.SILENT (\\Deleted)")
        own.ok(command)
        assert b"MESSAGELIMIT" not in own.status
        assert own.ok("STATUS own (MESSAGES)") == [b"* STATUS own (MESSAGES 0)"]
        if command == "EXPUNGE":
            own.ok("UNSELECT")
            own.ok("DELETE own")
    assert many_unseen(own) == COUNT


def many_unseen(session):
    return int(re.search(rb"UNSEEN (\d+)", session.ok("STATUS many (UNSEEN)")[0]).group(1))


def test_both_codes_of_a_fetch(bounded, own):
    """3.1: EXPUNGEISSUED has the tagged reply."""
    other = imap.connect(bounded, bounded.alice)
    other.select("own")
    other.ok(f"UID STORE {COUNT} +FLAGS.SILENT (\\Deleted)")
    own.ok("NOOP")
    other.ok("EXPUNGE")
    told = own.ok(f"FETCH 1:{COUNT} (UID FLAGS)")
    assert own.status.startswith(b"OK [EXPUNGEISSUED] "), own.status
    assert told[-1].startswith(b"* NO [MESSAGELIMIT %d %d] " % (MOST, COUNT - MOST + 1)), told[-1]
    other.close()


def test_batches(many):
    assert many.ok(f"UIDBATCHES {MOST}")[0].endswith(b" %d:%d,%d:1" % (COUNT, COUNT - MOST + 1, COUNT - MOST))
    status, _ = many.do(f"UIDBATCHES {MOST + 1}")
    assert status.startswith(b"NO [MESSAGELIMIT %d] " % MOST)


def test_by_uid_alone(many):
    """With UIDONLY (RFC 9586), as Yahoo's clients have both."""
    many.ok("ENABLE UIDONLY")
    told = many.ok("UID FETCH 1:* FLAGS")
    assert [int(line.split()[1]) for line in told] == list(range(COUNT, COUNT - MOST, -1))
    code(many)


@pytest.mark.parametrize("name", ["MESSAGELIMIT", f"MESSAGELIMIT={MOST}"])
def test_who_is_not_told_is_not_bounded(bounded, name):
    config = ("--config", str(bounded.config_file()))
    bounded.command("account", "set", bounded.alice[0], "--hide-capability", name, *config)
    session = imap.connect(bounded, bounded.alice)
    assert b"MESSAGELIMIT" not in session.ok("CAPABILITY")[0]
    session.select("many")
    assert len(session.ok("FETCH 1:* FLAGS")) == COUNT
    assert session.status == b"OK FETCH completed"
    bounded.command("account", "set", bounded.alice[0], "--hide-capability", "", *config)


def test_savelimit():
    server = configured(f"save_limit = {MOST}")
    try:
        session = imap.connect(server, server.alice)
        assert b" SAVELIMIT=%d" % MOST in session.ok("CAPABILITY")[0]
        assert b"MESSAGELIMIT" not in session.ok("CAPABILITY")[0]
        fill(session, "many", COUNT)
        session.select("many")
        assert len(session.ok("FETCH 1:* FLAGS")) == COUNT and session.status == b"OK FETCH completed"
        status, _ = session.do("COPY 1:* INBOX")
        assert status.startswith(b"NO [MESSAGELIMIT %d %d] " % (MOST, COUNT - MOST + 1))
        session.ok("MOVE 1:* INBOX")
        assert session.status == b"OK MOVE completed"
    finally:
        server.dispose()


def test_a_bound_that_is_too_low_is_no_configuration(bounded):
    text = bounded.config_file().read_text()
    for name in ("message_limit", "save_limit"):
        wrong = bounded.config_file().with_name("wrong.toml")
        wrong.write_text(text.replace(f"message_limit = {MOST}", f"{name} = {MOST - 1}"))
        checked = bounded.command("check", "--config", str(wrong), check=False)
        assert checked.returncode != 0 and str(MOST) in checked.stdout + checked.stderr, checked
