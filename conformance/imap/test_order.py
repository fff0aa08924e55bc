"""Commands in order (RFC 9051 5.5, 7.5.1): pipelines as iOS and mbsync send them, commands behind DONE, tagged replies in
the order of the commands, and no EXPUNGE while sequence numbers are in use."""

import base64
import itertools
import re
import time

import pytest

from blackbox import imap, mail

NUMBERS = itertools.count()


@pytest.fixture
def box(server):
    """A session with a mailbox of its own and five messages in it, and the mailbox's name."""
    session = imap.connect(server, server.alice)
    name = f"order {next(NUMBERS)}"
    session.ok(f'CREATE "{name}"')
    for number in range(5):
        session.append(name, mail.message(number, 300))
    session.select(name)
    yield session, name
    session.close()


def tagged(session, tags):
    """Reads up to the last of the tags; the tagged lines must come in this order. Untagged lines by tag."""
    told = {}
    for tag in tags:
        lines = told[tag] = []
        while True:
            line = session.line()
            if re.match(rb"[a-z]\d+ ", line):
                assert line.startswith(tag.encode() + b" OK"), f"{tag} is waited for, {line!r} comes"
                break
            lines.append(line)
    return told


def test_many_commands_in_one_segment(box):
    session, _ = box
    commands = ["NOOP", "FETCH 1:* FLAGS", "SEARCH ALL", "UID FETCH 1:* (UID BODY.PEEK[])", "STATUS INBOX (MESSAGES)",
                "STORE 2 +FLAGS (\\Flagged)", "CAPABILITY", 'LIST "" "*"', "FETCH 3 BODY.PEEK[HEADER]", "STORE 2 -FLAGS (\\Flagged)"]
    tags = [f"p{number}" for number in range(300)]
    session.send("".join(f"{tag} {commands[number % len(commands)]}\r\n" for number, tag in enumerate(tags)))
    told = tagged(session, tags)
    assert all(b"* 3 FETCH" in told[tag][0] for tag in tags[8::10])


@pytest.mark.parametrize("cut", range(0, 60, 7))
def test_commands_behind_done(server, box, cut):
    """iOS 18 sends DONE and its next commands in one segment, cut wherever the network likes."""
    session, _ = box
    session.send("i1 IDLE\r\n")
    while not session.line().startswith(b"+"):
        pass
    octets = b"DONE\r\ni2 UID FETCH 1:* (FLAGS)\r\ni3 NOOP\r\ni4 IDLE\r\n"
    session.send(octets[:cut])
    session.send(octets[cut:])
    told = tagged(session, ["i1", "i2", "i3"])
    assert len(told["i2"]) == 5
    assert session.line().startswith(b"+")
    session.send("DONE\r\ni5 LOGOUT\r\n")
    tagged(session, ["i4", "i5"])


def test_idle_and_done_in_one_segment(box):
    """Who does not wait for `+` is answered all the same, in order."""
    session, _ = box
    session.send("q1 NOOP\r\nq2 IDLE\r\nDONE\r\nq3 SEARCH ALL\r\n")
    assert tagged(session, ["q1"]) is not None
    assert session.line().startswith(b"+")
    assert tagged(session, ["q2", "q3"])["q3"] == [b"* SEARCH 1 2 3 4 5"]


def test_literals_in_a_pipeline(box):
    session, name = box
    message = mail.message(9, 500)
    session.send(b"l1 NOOP\r\nl2 APPEND \"%b\" {%d+}\r\n%b\r\nl3 FETCH 6 RFC822.SIZE\r\nl4 SEARCH SUBJECT {9+}\r\nMessage 9\r\n"
                 % (name.encode(), len(message), message))
    told = tagged(session, ["l1", "l2", "l3", "l4"])
    assert b"* 6 EXISTS" in told["l2"] and told["l3"] == [b"* 6 FETCH (RFC822.SIZE %d)" % len(message)]
    assert told["l4"] == [b"* SEARCH 6"]


def test_before_login(server):
    """LOGIN, and AUTHENTICATE with an initial response, with everything behind them in one segment."""
    user, password = server.alice
    first = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
    for login in (f'LOGIN "{user}" "{password}"', f"AUTHENTICATE PLAIN {first}", f"AUTHENTICATE PLAIN\r\n{first}"):
        session = imap.Imap("localhost", server.port("imaps"), server.tls(), timeout=20)
        session.send(f"z1 CAPABILITY\r\nz2 {login}\r\nz3 SELECT INBOX\r\nz4 NOOP\r\nz5 LOGOUT\r\nz6 NOOP\r\n")
        tagged(session, ["z1"])
        line = session.line()
        if login.endswith("PLAIN\r\n" + first):
            assert line.startswith(b"+"), line
            line = session.line()
        assert line.startswith(b"z2 OK"), line
        tagged(session, ["z3", "z4", "z5"])
        with pytest.raises((imap.ImapError, OSError)):
            session.line()


def expunged(server, name, number):
    """Another session removes one message."""
    other = imap.connect(server, server.alice)
    other.select(name)
    other.ok(f"STORE {number} +FLAGS.SILENT (\\Deleted)")
    other.ok("EXPUNGE")
    other.logout()


USES_NUMBERS = ["FETCH 1:* FLAGS", "FETCH 1 BODY.PEEK[]", "STORE 1 +FLAGS (\\Seen)", "STORE 1 +FLAGS.SILENT (\\Seen)", "SEARCH ALL",
                "SEARCH UNSEEN", "SORT (DATE) UTF-8 ALL", "THREAD REFERENCES UTF-8 ALL", "SEARCH RETURN (COUNT) ALL"]
MAY_TELL = ["NOOP", "CHECK", "UID FETCH 1:* FLAGS", "UID STORE 1 +FLAGS (\\Seen)", "UID SEARCH ALL", "UID SORT (DATE) UTF-8 ALL",
            "STATUS INBOX (MESSAGES)", 'LIST "" "*"']


@pytest.mark.parametrize("command", USES_NUMBERS)
def test_no_expunge_while_numbers_are_used(server, box, command):
    session, name = box
    expunged(server, name, 3)
    session.send(f"e1 {command}\r\ne2 {command}\r\ne3 NOOP\r\n")
    told = tagged(session, ["e1", "e2", "e3"])
    assert not [line for tag in ("e1", "e2") for line in told[tag] if b"EXPUNGE" in line or b"VANISHED" in line]
    assert b"* 3 EXPUNGE" in told["e3"]


@pytest.mark.parametrize("command", MAY_TELL)
def test_expunge_is_told_with_the_others(server, box, command):
    session, name = box
    expunged(server, name, 3)
    status, lines = session.do(command)
    assert status.startswith(b"OK") and b"* 3 EXPUNGE" in lines


def test_what_is_gone_is_left_out(server, box):
    """A message that another session removed: FETCH leaves it out, its number still counts (RFC 2180 4.1)."""
    session, name = box
    expunged(server, name, 3)
    status, lines = session.do("FETCH 2:4 (UID RFC822.SIZE)")
    assert [line.split(b" RFC822.SIZE")[0] for line in lines if b"FETCH" in line] == [b"* 2 FETCH (UID 2", b"* 4 FETCH (UID 4"]
    assert status.startswith((b"OK", b"NO [EXPUNGEISSUED]"))
    for command in ("STORE 3 +FLAGS (\\Seen)", "COPY 3 INBOX"):
        status, lines = session.do(command)
        assert b"EXPUNGEISSUED" in status or b"* 3 EXPUNGE" in lines, (command, status, lines)
    # UIDs that are not there are passed over without a word.
    assert session.do("UID COPY 3 INBOX")[0].startswith(b"OK")


def test_each_command_sees_what_those_before_did(box):
    """RFC 9051 5.5: the outcome is that of one after the other."""
    session, _ = box
    session.send("s1 STORE 1 +FLAGS (\\Seen)\r\ns2 SEARCH SEEN\r\ns3 FETCH 2 BODY[TEXT]\r\ns4 SEARCH SEEN\r\n"
                 "s5 STORE 2:3 +FLAGS (\\Deleted)\r\ns6 EXPUNGE\r\ns7 FETCH 2 UID\r\ns8 MOVE 1 INBOX\r\ns9 FETCH 1 UID\r\n")
    told = tagged(session, [f"s{number}" for number in range(1, 10)])
    assert told["s2"] == [b"* SEARCH 1"] and told["s4"] == [b"* SEARCH 1 2"]
    assert told["s6"][:2] == [b"* 3 EXPUNGE", b"* 2 EXPUNGE"] and told["s7"] == [b"* 2 FETCH (UID 4)"]
    assert b"* 1 EXPUNGE" in told["s8"] and told["s9"] == [b"* 1 FETCH (UID 4)"]


def test_mailboxes_in_a_pipeline(server, box):
    """A number behind SELECT is one of the mailbox that was selected."""
    session, name = box
    session.ok(f'CREATE "{name} 2"')
    session.append(f"{name} 2", mail.message(77, 300))
    session.send(f'm1 SELECT "{name} 2"\r\nm2 FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]\r\nm3 SELECT "{name}"\r\nm4 FETCH 5 UID\r\n'
                 f'm5 DELETE "{name} 2"\r\nm6 CREATE "{name} 2"\r\nm7 STATUS "{name} 2" (MESSAGES)\r\n')
    told = tagged(session, [f"m{number}" for number in range(1, 8)])
    assert b"Message 77" in told["m2"][0] and told["m4"] == [b"* 5 FETCH (UID 5)"]
    assert b"(MESSAGES 0)" in told["m7"][0]


def test_empty_lines_and_bare_lf(box):
    """What some clients put between commands changes nothing."""
    session, _ = box
    session.send(b"\r\nn1 NOOP\r\n\r\n\r\nn2 NOOP\nn3 SEARCH ALL \r\n")
    assert tagged(session, ["n1", "n2"])
    line = session.line()
    assert line.startswith((b"* SEARCH", b"n3 BAD")), line


def test_long_arguments(box):
    """8,000 octets and more in one quoted string, and a command line of 60 KB."""
    session, _ = box
    session.ok(f'SEARCH SUBJECT "{"x" * 9_000}"')
    session.ok("UID FETCH " + ",".join(str(number) for number in range(1, 10_000, 2)) + " FLAGS")


def test_what_the_client_knows_of_what_is_gone(server, box):
    """UID and FLAGS need no message: they are as the client knows them until EXPUNGE is told (RFC 2180 4.1.1)."""
    session, name = box
    session.ok("STORE 3 +FLAGS (\\Flagged)")
    expunged(server, name, 3)
    status, lines = session.do("FETCH 3 (UID FLAGS)")
    fetched = [line for line in lines if b"FETCH" in line]
    assert len(fetched) == 1 and fetched[0].startswith(b"* 3 FETCH (UID 3 FLAGS (") and b"\\Flagged" in fetched[0]
    assert b"\\Deleted" not in fetched[0] and status.startswith(b"OK [EXPUNGEISSUED]")
    # By UID it is left out, since EXPUNGE comes along.
    status, lines = session.do("UID FETCH 3 (FLAGS)")
    assert not [line for line in lines if b"FETCH" in line] and b"* 3 EXPUNGE" in lines


def test_a_change_of_what_is_gone_shows_in_this_session(server, box):
    """STORE by number on a message that another session removed: this session's view goes on until EXPUNGE is told
    (RFC 2180 4.2), the code says that there is no more to it, and the other messages are changed."""
    session, name = box
    expunged(server, name, 3)
    status, lines = session.do("STORE 3:4 +FLAGS (\\Flagged $Ours)")
    flags = {line.split(b" ")[1]: line for line in lines if b"FETCH" in line}
    assert set(flags) == {b"3", b"4"} and all(b"\\Flagged $Ours" in line for line in flags.values())
    assert status.startswith(b"OK [EXPUNGEISSUED]")
    assert not any(b"FETCH" in line for line in session.ok("STORE 3 -FLAGS.SILENT (\\Flagged)"))
    known = [line for line in session.ok("FETCH 3 (FLAGS)") if b"FETCH" in line]
    assert len(known) == 1 and b"$Ours" in known[0] and b"\\Flagged" not in known[0]
    lines = session.ok("NOOP")
    assert b"* 3 EXPUNGE" in lines and not [line for line in lines if b"* 3 FETCH" in line]
    assert b"\\Flagged $Ours" in session.ok("FETCH 3 (FLAGS)")[0]


def test_a_change_of_what_is_gone_has_a_modseq(server, box):
    """With CONDSTORE every change is told with its MODSEQ (RFC 7162 3.2), which goes back for no message; with QRESYNC, whose
    clients ask by MODSEQ what vanished, nothing is told of what is gone."""
    session, name = box
    session.ok("ENABLE CONDSTORE")
    [known] = re.findall(rb"MODSEQ \((\d+)\)", session.ok("STORE 3 +FLAGS (\\Answered)")[0])
    expunged(server, name, 3)
    status, lines = session.do("STORE 3 +FLAGS (\\Flagged)")
    told = [re.fullmatch(rb"\* 3 FETCH \(FLAGS \(.*\\Flagged.*\) MODSEQ \((\d+)\)\)", line) for line in lines if b"FETCH" in line]
    assert status.startswith(b"OK [EXPUNGEISSUED]") and len(told) == 1 and int(told[0].group(1)) >= int(known)
    for command in (f"STORE 3 (UNCHANGEDSINCE {int(known)}) +FLAGS (\\Seen)", "STORE 3 +FLAGS.SILENT (\\Seen)"):
        status, lines = session.do(command)
        assert status.startswith(b"OK [EXPUNGEISSUED]") and not [line for line in lines if b"FETCH" in line], command
    session.ok("ENABLE QRESYNC")
    expunged(server, name, 3)
    status, lines = session.do("STORE 3 +FLAGS (\\Draft)")
    assert status.startswith(b"OK [EXPUNGEISSUED]") and not [line for line in lines if b"FETCH" in line]


@pytest.mark.parametrize("command", ["SEARCH ALL", "SORT (DATE) UTF-8 ALL", "THREAD ORDEREDSUBJECT UTF-8 ALL",
                                     "SEARCH RETURN (ALL) ALL"])
def test_a_search_says_that_something_is_gone(server, box, command):
    """What another session removed is not found, and still counted: the client is told why (RFC 5530)."""
    session, name = box
    expunged(server, name, 3)
    assert session.do(command)[0].startswith(b"OK [EXPUNGEISSUED]")
    assert session.do("UID " + command)[0].startswith(b"OK")
    assert not session.do(command)[0].startswith(b"OK [EXPUNGEISSUED]")


def test_flags_that_change_back_are_told(server, box):
    """FETCH tells flags of now while an EXPUNGE waits; that they changed back since is told behind that."""
    session, name = box
    expunged(server, name, 3)
    other = imap.connect(server, server.alice)
    other.select(name)
    other.ok("STORE 1 +FLAGS (\\Flagged)")
    assert [line for line in session.ok("FETCH 1 FLAGS") if b"\\Flagged" in line]
    other.ok("STORE 1 -FLAGS (\\Flagged)")
    told = [line for line in session.ok("NOOP") if b"* 1 FETCH" in line]
    assert len(told) == 1 and b"\\Flagged" not in told[0]
    other.logout()


def test_a_fetch_that_is_taken_slowly_goes_on_with_what_is_there(server):
    """It reads newer states on its way: what was removed meanwhile is left out, flags and MODSEQ stay of one state."""
    session, other = imap.connect(server, server.alice), imap.connect(server, server.alice)
    name = f"order {next(NUMBERS)}"
    session.ok(f'CREATE "{name}"')
    for number in range(200):
        session.append(name, mail.message(number, 100_000))
    session.ok("ENABLE CONDSTORE")
    session.select(name)
    tag = session.start("UID FETCH 1:* (FLAGS MODSEQ BODY.PEEK[])")
    first = session.line()
    assert b"* 1 FETCH" in first
    other.select(name)
    # The client takes nothing for longer than a state is held, and the other end changes what is still to come.
    other.ok("UID STORE 199:200 +FLAGS (\\Flagged \\Deleted)")
    other.ok("UID EXPUNGE 200")
    time.sleep(1.5)
    lines = [first, *session.finish(tag)[1]]
    told = {int(re.search(rb"UID (\d+)", line)[1]): line for line in lines if b"BODY[]" in line}
    assert sorted(told) == list(range(1, 200)), "all but what has gone"
    assert b"\\Flagged" not in told[199], "flags are those of the state when it was asked"
    before = int(re.search(rb"MODSEQ \((\d+)\)", told[199])[1])
    unasked = [line for line in lines if b"UID 199" in line and b"BODY[]" not in line]
    now = b" ".join(unasked or session.ok("UID FETCH 199 (FLAGS MODSEQ)"))
    assert b"\\Flagged" in now and int(re.search(rb"MODSEQ \((\d+)\)", now)[1]) > before
    session.close()
    other.close()


def states(lines):
    """What a client with QRESYNC goes by, in the order told."""
    return [(bool(one), int(one or two)) for line in lines
            for one, two in re.findall(rb"^\* OK \[HIGHESTMODSEQ (\d+)\]|MODSEQ \((\d+)\)", line)]


@pytest.mark.parametrize("command", ["STORE 4 +FLAGS (\\Flagged)", "STORE 4 +FLAGS.SILENT (\\Flagged)", "FETCH 5 (MODSEQ)"])
def test_a_client_that_is_cut_off_hears_of_what_is_gone(server, box, command):
    """RFC 7162 3.2.10: where a MODSEQ is told ahead of a removal that waits, the state before that is told behind it."""
    session, name = box
    session.ok("ENABLE QRESYNC")
    opened = session.select(name)
    expunged(server, name, 3)
    other = imap.connect(server, server.alice)
    other.select(name)
    other.ok("UID STORE 5 +FLAGS (\\Answered)")
    other.logout()
    told = states(session.ok(command))
    is_state, state = told[-1]
    assert is_state and state == int(opened["highestmodseq"]) and told[-2][1] > state, told
    # It is said where there is a reason only.
    assert not states(session.ok("FETCH 1 (FLAGS)"))
    session.close()
    again = imap.connect(server, server.alice)
    again.ok("ENABLE QRESYNC")
    lines = again.ok(f'SELECT "{name}" (QRESYNC ({opened["uidvalidity"]} {state}))')
    assert b"* VANISHED (EARLIER) 3" in lines
    assert not [told for told in states(again.ok("STORE 1 +FLAGS (\\Seen)")) if told[0]]
    again.logout()


def pushed(session, until):
    """What comes unasked, up to the first line with these octets."""
    lines = []
    while not lines or until not in lines[-1]:
        lines.append(session.line())
    return lines


def test_a_delayed_removal_is_not_lost(server, box):
    """The same where events are told unasked (RFC 5465 3, SELECTED-DELAYED)."""
    session, name = box
    session.ok("ENABLE QRESYNC")
    opened = session.select(name)
    session.ok("NOTIFY SET (selected-delayed (MessageNew MessageExpunge FlagChange))")
    expunged(server, name, 3)
    other = imap.connect(server, server.alice)
    other.select(name)
    other.ok("UID STORE 5 +FLAGS (\\Answered)")
    told = pushed(session, b"\\Answered")
    told.append(session.line())
    assert states(told)[-1][0] and not any(b"VANISHED" in line for line in told), told
    again = imap.connect(server, server.alice)
    again.ok("ENABLE QRESYNC")
    assert b"* VANISHED (EARLIER) 3" in again.ok(f'SELECT "{name}" (QRESYNC ({opened["uidvalidity"]} {states(told)[-1][1]}))')
    again.logout()
    assert b"* VANISHED 3" in session.ok("NOOP")
    other.ok("UID STORE 5 -FLAGS (\\Answered)")
    assert not any(one for one, _ in states(pushed(session, b"UID 5") + session.ok("NOOP")))
    other.logout()


def test_a_delayed_removal_keeps_what_was_told_of_the_message(server, box):
    """A change of a message that has gone is not taken back by the next event."""
    session, name = box
    session.ok("ENABLE CONDSTORE")
    session.ok("NOTIFY SET (selected-delayed (MessageNew MessageExpunge FlagChange))")
    other = imap.connect(server, server.alice)
    other.select(name)
    other.ok("UID STORE 3 +FLAGS.SILENT (\\Deleted)")
    pushed(session, b"\\Deleted")
    other.ok("EXPUNGE")
    assert any(b"\\Flagged" in line for line in session.ok("STORE 3 +FLAGS (\\Flagged)"))
    other.ok("UID STORE 5 +FLAGS (\\Answered)")
    told = pushed(session, b"\\Answered") + session.ok("FETCH 3 (FLAGS)")
    here = [line for line in told if line.startswith(b"* 3 FETCH")]
    assert len(here) == 1 and b"\\Flagged" in here[0], told
    assert not any(b"MODSEQ (0)" in line for line in told)
    other.logout()


@pytest.mark.parametrize("gone", ["3", "2:4", "1:3", "3:5", "1:5"])
def test_a_sorted_result_is_right_while_removals_wait(server, box, gone):
    """What has gone still stands in the result; what comes is put where it belongs among the others."""
    session, name = box
    session.ok("NOTIFY SET (selected-delayed (MessageNew MessageExpunge FlagChange))")
    other = imap.connect(server, server.alice)
    other.ok(f'CREATE "{name} sorted"')
    for subject in b"bdfhj":
        other.append(f"{name} sorted", b"Subject: %c\r\n\r\nx\r\n" % subject)
    session.select(f"{name} sorted")
    session.ok("UID SORT RETURN (UPDATE COUNT) (SUBJECT) UTF-8 ALL")
    other.select(f"{name} sorted")
    other.ok(f"STORE {gone} +FLAGS.SILENT (\\Deleted)")
    other.ok("EXPUNGE")
    result = [(uid, subject) for uid, subject in enumerate("bdfhj", 1)]
    low, high = (int(end) for end in (gone + ":" + gone).split(":")[:2])
    for uid, subject in enumerate("aiceg", 6):
        other.append(f"{name} sorted", b"Subject: %s\r\n\r\nx\r\n" % subject.encode())
        line = pushed(session, b"ADDTO")[-1]
        [(place, told)] = re.findall(rb"ADDTO \((\d+) (\d+)\)", line)
        assert int(told) == uid
        result.insert(int(place) - 1, (uid, subject))
        there = [subject for uid, subject in result if not low <= uid <= high]
        assert there == sorted(there), (line, result)
    other.logout()


@pytest.mark.parametrize("numbered, free", [
    ("UID SEARCH 1:5", "UID SEARCH UID 1:5"),
    ("UID SORT (ARRIVAL) UTF-8 NOT 9", "UID SORT (ARRIVAL) UTF-8 ALL"),
    ("UID THREAD REFS UTF-8 (ALL 1:5)", "UID THREAD REFS UTF-8 ALL"),
])
def test_no_expunge_in_a_search_by_uid_that_names_numbers(server, box, numbered, free):
    """RFC 7162 3.2.10.2: its keys speak of messages as they were; without numbers it tells of what has gone."""
    session, name = box
    other = imap.connect(server, server.alice)
    other.select(name)
    other.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
    session.ok("NOOP")
    other.ok("EXPUNGE")
    other.close()
    lines = session.ok(numbered)
    assert session.status.startswith(b"OK [EXPUNGEISSUED] ") and not any(b"EXPUNGE" in line for line in lines)
    assert b"* 2 EXPUNGE" in session.ok(free)
