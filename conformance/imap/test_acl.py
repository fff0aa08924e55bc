"""ACL (RFC 4314) and the namespaces of others (RFC 2342), as owner, sharee and stranger see them.

The matrix runs every command on a mailbox of somebody else with every right missing in turn. What a stranger is
told of it must not differ by a letter from what is told of a mailbox that is not there.
"""

import re

import pytest

from blackbox import imap
from blackbox.imap import told

ALL = "lrswipkxtea"
STEM = "Other Users/alice@example.org"


@pytest.fixture(scope="module")
def house(server):
    """alice with a mailbox that she shares; the sharee carol, the stranger bob, the group team of carol."""
    server.add_account("carol@example.org", "carol-secret-1")
    config = ("--config", str(server.config_file()))
    server.command("group", "add", "team@example.org", *config)
    server.command("group", "add-member", "team@example.org", "carol@example.org", *config)
    return server


def log_in(server, who):
    accounts = {"alice": server.alice, "bob": server.bob, "carol": ("carol@example.org", "carol-secret-1")}
    return imap.connect(server, accounts[who])


def fresh(server, name, grants):
    """Makes alice's mailbox anew with one message and these grants."""
    alice = log_in(server, "alice")
    alice.do(f'DELETE "{name}/below"')
    alice.do(f'DELETE "{name}"')
    alice.ok(f'CREATE "{name}"')
    alice.append(name, b"Subject: one\r\n\r\nbody\r\n")
    for identifier, rights in grants.items():
        alice.ok(f'SETACL "{name}" {identifier} "{rights}"')
    alice.logout()


# -- the commands of the extension ------------------------------------------------------------------
def test_the_owner_has_every_right_and_says_who_has_which(house):
    fresh(house, "mine", {})
    alice = log_in(house, "alice")
    assert told(alice, "MYRIGHTS mine") == (["* MYRIGHTS mine lrswipkxteacd"], "OK MYRIGHTS completed")
    assert told(alice, "GETACL mine")[0] == ["* ACL mine alice@example.org lrswipkxteacd"]
    alice.ok("SETACL mine bob@example.org lr")
    alice.ok("SETACL mine anyone +l")
    alice.ok("SETACL mine bob@example.org +ws")
    alice.ok("SETACL mine bob@example.org -r")
    alice.ok("SETACL mine team@example.org d")
    assert told(alice, "GETACL mine")[0] == [
        "* ACL mine alice@example.org lrswipkxteacd bob@example.org lsw anyone l team@example.org ted"]
    alice.ok("DELETEACL mine bob@example.org")
    alice.ok('SETACL mine anyone ""')
    assert told(alice, "GETACL mine")[0] == ["* ACL mine alice@example.org lrswipkxteacd team@example.org ted"]
    assert told(alice, "LISTRIGHTS mine bob@example.org")[0] == [
        '* LISTRIGHTS mine bob@example.org "" l r s w i p k x t e a c d']
    assert told(alice, "LISTRIGHTS mine alice@example.org")[0] == [
        "* LISTRIGHTS mine alice@example.org lrswipkxteacd"]


@pytest.mark.parametrize("command,answer", [
    ("SETACL mine bob@example.org lrq", "BAD"), ("SETACL mine bob@example.org L", "BAD"),
    ("SETACL mine nobody@example.org lr", "NO [CANNOT]"), ("SETACL mine bob lr", "NO [CANNOT]"),
    ("SETACL mine -bob@example.org lr", "NO [CANNOT]"), ("SETACL mine alice@example.org l", "NO [CANNOT]"),
    ("DELETEACL mine alice@example.org", "NO [CANNOT]"), ("SETACL mine bob@example.org", "BAD"),
    ("GETACL absent", "NO [NONEXISTENT]"), ("MYRIGHTS absent", "NO [NONEXISTENT]"),
    ("SETACL absent bob@example.org l", "NO [NONEXISTENT]"), ('SETACL mine "" lr', "BAD"), ('DELETEACL mine ""', "BAD"),
    ('LISTRIGHTS mine ""', "BAD"), ("SETACL mine {3+}\r\na\x01b lr", "BAD"), ("LISTRIGHTS mine nobody", "NO [CANNOT]"), ("GETACL", "BAD"), ("MYRIGHTS mine x", "BAD"),
])
def test_what_is_refused(house, command, answer):
    fresh(house, "mine", {})
    alice = log_in(house, "alice")
    assert told(alice, command)[1].startswith(answer)
    assert told(alice, "GETACL mine")[0] == ["* ACL mine alice@example.org lrswipkxteacd"]


def test_what_is_made_in_a_shared_mailbox_is_shared_alike(house):
    fresh(house, "parent", {"carol@example.org": "lrk"})
    carol = log_in(house, "carol")
    carol.ok(f'CREATE "{STEM}/parent/below"')
    assert told(carol, f'MYRIGHTS "{STEM}/parent/below"')[0] == [f'* MYRIGHTS "{STEM}/parent/below" lrkc']
    assert log_in(house, "alice").ok("SELECT parent/below")


# -- the matrix -------------------------------------------------------------------------------------
def commands(name):
    """(command, the rights it needs on the mailbox by RFC 4314 4, whether the mailbox is opened first)."""
    q = f'"{name}"'
    return [
        (f"SELECT {q}", "r", False), (f"EXAMINE {q}", "r", False),
        (f"STATUS {q} (MESSAGES)", "r", False), (f"SUBSCRIBE {q}", "", False),
        (f"MYRIGHTS {q}", "l", False), (f"GETACL {q}", "a", False),
        (f"LISTRIGHTS {q} bob@example.org", "a", False), (f"SETACL {q} bob@example.org l", "a", False),
        (f"DELETEACL {q} bob@example.org", "a", False), (f"CREATE {q[:-1]}/below\"", "k", False),
        (f"DELETE {q}", "x", False), (f"RENAME {q} {q[:-1]}2\"", "x", False),
        (f"APPEND {q} {{6}}", "i", False), (f"GETQUOTAROOT {q}", "r", False),
        ("FETCH 1 BODY.PEEK[]", "r", True), ("SEARCH ALL", "r", True),
        ("STORE 1 +FLAGS (\\Seen)", "rs", True), ("STORE 1 +FLAGS (\\Deleted)", "rt", True),
        ("STORE 1 +FLAGS (\\Flagged)", "rw", True), ("STORE 1 +FLAGS (keyword)", "rw", True),
        ("COPY 1 INBOX", "r", True), ("MOVE 1 INBOX", "rte", True), ("EXPUNGE", "re", True),
        ("UID EXPUNGE 1", "re", True), (f'SETMETADATA {q} (/shared/comment "x")', "lw", False),
        ("SORT (DATE) UTF-8 ALL", "r", True), ("UID THREAD REFERENCES UTF-8 ALL", "r", True),
        ("UID STORE 1 +FLAGS.SILENT (\\Answered)", "rw", True), ("UID COPY 1 INBOX", "r", True),
        ("UID MOVE 1 INBOX", "rte", True), ("REPLACE 1 INBOX {6}", "rte", True),
    ]


def blur(answer, name):
    """An answer without the name asked for and the numbers that differ from mailbox to mailbox."""
    lines, last = answer
    return [re.sub(r"\d+", "n", line.replace(name, "NAME")) for line in [*lines, last]]


def attempt(client, command, name, opened):
    if opened:
        lines, last = told(client, f'SELECT "{name}"')
        if not last.startswith("OK"):
            return lines, last
    return told(client, command, b"a: 1\r\n")


def served(server, command):
    """GETQUOTAROOT belongs to another extension; it is in the matrix where it is offered."""
    return "GETQUOTAROOT" not in command or b" QUOTA" in log_in(server, "alice").ok("CAPABILITY")[0]


@pytest.mark.parametrize("at", range(len(commands("x"))))
def test_every_command_needs_its_rights_and_no_others(house, at):
    name = f"{STEM}/matrix{at}"
    command, needs, opened = commands(name)[at]
    if not served(house, command):
        pytest.skip("not served")
    mailbox = f"matrix{at}"
    fresh(house, mailbox, {"carol@example.org": needs})
    carol = log_in(house, "carol")
    lines, last = attempt(carol, command, name, opened)
    if command.startswith("RENAME"):
        assert last.startswith("NO [NONEXISTENT]"), "the top of an account is its owner's"
    else:
        assert last.startswith("OK"), (command, last)
    if command.startswith("MYRIGHTS"):
        return
    for missing in needs:
        for rights in (ALL.replace(missing, ""), ALL.replace(missing, "").replace("l", "")):
            fresh(house, mailbox, {"carol@example.org": rights})
            answer = attempt(log_in(house, "carol"), command, name, opened)
            if "l" in rights or opened and missing != "r":
                # What is open is known.
                assert answer[1].startswith(("NO [NOPERM]", "NO [READ-ONLY]")), (command, missing, answer)
                continue
            gone = command.replace(name, f"{STEM}/absent")
            absent = attempt(log_in(house, "carol"), gone, f"{STEM}/absent", opened)
            assert blur(answer, name) == blur(absent, f"{STEM}/absent")
            assert answer[1].startswith(("NO [NONEXISTENT]", "NO [TRYCREATE]")), (command, answer)


@pytest.mark.parametrize("right", ALL)
def test_who_may_ask_for_their_rights(house, right):
    """RFC 4314 4: any of l, r, i, k, x and a is enough for MYRIGHTS; LIST shows nothing without l."""
    fresh(house, "named", {"carol@example.org": right})
    carol, name = log_in(house, "carol"), f'"{STEM}/named"'
    virtual = "c" if right in "kx" else "d" if right in "te" else ""
    lines, last = told(carol, f"MYRIGHTS {name}")
    if right in "lrikxa":
        assert (lines, last) == ([f"* MYRIGHTS {name} {right}{virtual}"], "OK MYRIGHTS completed")
    else:
        assert (lines, last) == ([], "NO [NONEXISTENT] No such mailbox")
    assert (f"{STEM}/named" in str(told(carol, 'LIST "" *')[0])) == (right == "l")


def test_what_one_may_only_put_into_tells_no_uids(house):
    """RFC 9051 6.3.12 and 6.4.7: APPENDUID and COPYUID would tell of a mailbox that one may not open."""
    fresh(house, "box", {"carol@example.org": "i"})
    carol, name = log_in(house, "carol"), f'"{STEM}/box"'
    assert told(carol, f"APPEND {name} {{6}}", b"a: 1\r\n") == ([], "OK APPEND completed")
    carol.append("INBOX", b"Subject: hers\r\n\r\nhers\r\n")
    carol.ok("SELECT INBOX")
    assert told(carol, f"COPY 1 {name}") == ([], "OK COPY completed")
    lines, last = told(carol, f"MOVE 1 {name}")
    assert "* 1 EXPUNGE" in lines and "COPYUID" not in str([*lines, last])
    carol.append("INBOX", b"Subject: hers\r\n\r\nhers\r\n")
    carol.ok("NOOP")
    lines, last = told(carol, f"REPLACE 1 {name} {{6}}", b"a: 1\r\n")
    assert last.startswith("OK") and "APPENDUID" not in str([*lines, last])
    assert log_in(house, "alice").ok("STATUS box (MESSAGES)")[0] == b"* STATUS box (MESSAGES 5)"


@pytest.mark.parametrize("at", range(len(commands("x"))))
def test_a_stranger_cannot_tell_what_is_there(house, at):
    """The same answer for a mailbox that is there, one that is not, and one of an account that is not."""
    fresh(house, "secret", {"carol@example.org": ALL})
    heard = []
    for name in (f"{STEM}/secret", f"{STEM}/absent", "Other Users/nobody@example.org/secret",
                 "Shared/team@example.org/secret", "Shared/absent@example.org/secret", f"{STEM}/a//b"):
        command, _, opened = commands(name)[at]
        if not served(house, command):
            pytest.skip("not served")
        bob = log_in(house, "bob")
        heard.append(blur(attempt(bob, command, name, opened), name))
    assert all(each == heard[0] for each in heard), heard
    # Names are subscribed to whether anything is there or not.
    refused = ("NO [NONEXISTENT]", "NO [TRYCREATE]")
    assert heard[0][-1].startswith("OK" if command.startswith("SUBSCRIBE") else refused)


def test_into_and_out_of_a_mailbox_of_somebody_else(house):
    fresh(house, "shared", {"carol@example.org": "lrswite"})
    carol = log_in(house, "carol")
    carol.ok("CREATE hers")
    carol.append("hers", b"Subject: hers\r\n\r\nhers\r\n")
    carol.ok("SELECT hers")
    lines, last = told(carol, f'COPY 1 "{STEM}/shared"')
    assert re.match(r"OK \[COPYUID \d+ 1 2\]", last), last
    carol.ok(f'SELECT "{STEM}/shared"')
    assert b"hers" in carol.body(2)
    lines, last = told(carol, "UID MOVE 1 hers")
    assert lines[0].startswith("* OK [COPYUID ") and lines[1] == "* 1 EXPUNGE" and last.startswith("OK")
    carol.ok("SELECT hers")
    assert b"Subject: one" in carol.body(2)
    assert log_in(house, "alice").ok("STATUS shared (MESSAGES)")[0] == b"* STATUS shared (MESSAGES 1)"


def test_flags_that_one_may_not_set_are_left_out(house):
    fresh(house, "shared", {"carol@example.org": "lris"})
    carol = log_in(house, "carol")
    carol.append(f"{STEM}/shared", b"a: 1\r\n\r\n", flags="\\Seen \\Flagged \\Deleted word")
    carol.ok(f'SELECT "{STEM}/shared"')
    assert told(carol, "FETCH 2 FLAGS")[0][-1] in ("* 2 FETCH (FLAGS (\\Seen))", "* 2 FETCH (FLAGS (\\Recent \\Seen))")
    # RFC 4314 4: what may be done of a STORE is done.
    assert told(carol, "STORE 1 +FLAGS (\\Seen \\Flagged)")[1].startswith("OK")
    assert "\\Flagged" not in "".join(told(carol, "FETCH 1 FLAGS")[0])
    assert told(carol, "STORE 1 +FLAGS (\\Flagged)")[1].startswith("NO [NOPERM]")


def test_rights_that_go_while_the_mailbox_is_open(house):
    fresh(house, "shared", {"carol@example.org": "lrw"})
    carol, alice = log_in(house, "carol"), log_in(house, "alice")
    carol.ok(f'SELECT "{STEM}/shared"')
    alice.ok("SETACL shared carol@example.org lr")
    # RFC 4314 5.1.1: what may be changed is told anew.
    lines, last = told(carol, "STORE 1 +FLAGS (\\Flagged)")
    assert lines[0].startswith("* FLAGS (") and lines[1].startswith("* OK [PERMANENTFLAGS ()]")
    assert last.startswith("NO [NOPERM]")
    alice.ok("SETACL shared carol@example.org lrws")
    lines, _ = told(carol, "NOOP")
    assert lines[1].startswith("* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Seen \\Draft \\*)]")
    assert told(carol, "NOOP")[0] == []
    alice.ok("DELETEACL shared carol@example.org")
    carol.start("FETCH 1 BODY.PEEK[]")
    assert carol.line() == b"* BYE The mailbox has gone"


def test_idle_on_a_mailbox_of_somebody_else(house):
    fresh(house, "shared", {"carol@example.org": "lr"})
    carol, alice = log_in(house, "carol"), log_in(house, "alice")
    carol.ok(f'SELECT "{STEM}/shared"')
    carol.start("IDLE")
    assert carol.line().startswith(b"+")
    alice.append("shared", b"a: 1\r\n\r\n")
    assert carol.line() == b"* 2 EXISTS"


# -- names ------------------------------------------------------------------------------------------
def listed(client, command):
    return sorted(line for line in told(client, command)[0] if " LIST " in line or " LSUB " in line)


def test_lists_show_what_may_be_known(house):
    alice = log_in(house, "alice")
    fresh(house, "Project", {})
    alice.ok("CREATE Project/below")
    alice.ok("SETACL Project/below carol@example.org lr")
    carol, bob = log_in(house, "carol"), log_in(house, "bob")
    below = f'* LIST (\\HasNoChildren) "/" "{STEM}/Project/below"'
    stem = '* LIST (\\NonExistent \\Noselect \\HasChildren) "/" '
    assert listed(carol, f'LIST "" "{STEM}/Project*"') == sorted([below, f'{stem}"{STEM}/Project"'])
    assert f'{stem}"Other Users"' in listed(carol, 'LIST "" %')
    assert below in listed(carol, 'LIST "" *')
    assert listed(carol, 'LIST "Other Users/" %') == [f'{stem}"{STEM}"']
    assert listed(bob, 'LIST "" "Other Users*"') == [] and "Other" not in str(listed(bob, 'LIST "" *'))
    alice.ok("SETACL Project/below carol@example.org l")
    # What may be known of and not opened says so.
    closed = f'* LIST (\\Noselect \\HasNoChildren) "/" "{STEM}/Project/below"'
    assert listed(carol, f'LIST "" "{STEM}/Project/%" RETURN (STATUS (MESSAGES))') == [closed]
    alice.ok("DELETEACL Project/below carol@example.org")
    assert f'{STEM}/Project' not in str(listed(carol, 'LIST "" *'))


def test_a_subscription_to_somebody_elses_mailbox_is_ones_own(house):
    fresh(house, "news", {"anyone": "lr"})
    carol, bob = log_in(house, "carol"), log_in(house, "bob")
    carol.ok(f'SUBSCRIBE "{STEM}/news"')
    assert f'* LSUB () "/" "{STEM}/news"' in listed(carol, 'LSUB "" *')
    assert f"{STEM}/news" in str(listed(carol, 'LIST (SUBSCRIBED) "" *'))
    assert f"{STEM}/news" not in str(listed(bob, 'LSUB "" *'))
    assert f"{STEM}/news" in str(listed(bob, 'LIST "" *'))
    carol.ok(f'UNSUBSCRIBE "{STEM}/news"')
    assert f"{STEM}/news" not in str(listed(carol, 'LSUB "" *'))
    log_in(house, "alice").ok("DELETEACL news anyone")


def test_mailboxes_of_a_group_are_every_members(house):
    carol, bob = log_in(house, "carol"), log_in(house, "bob")
    carol.ok('CREATE "Shared/team@example.org/Plans"')
    assert "Shared/team@example.org/Plans" in str(listed(carol, 'LIST "" *'))
    assert told(carol, 'MYRIGHTS "Shared/team@example.org/Plans"')[0] == [
        "* MYRIGHTS Shared/team@example.org/Plans lrswipkxteacd"]
    carol.append("Shared/team@example.org/Plans", b"a: 1\r\n\r\n")
    assert "team" not in str(listed(bob, 'LIST "" *'))
    assert told(bob, 'SELECT "Shared/team@example.org/Plans"')[1].startswith("NO [NONEXISTENT]")
    carol.ok('SETACL "Shared/team@example.org/Plans" bob@example.org lr')
    bob.ok('SELECT "Shared/team@example.org/Plans"')


def test_stems_cannot_be_taken(house):
    bob = log_in(house, "bob")
    for name in ("Other Users", "Shared", "Other Users/alice@example.org", "Shared/"):
        assert told(bob, f'CREATE "{name}"')[1].startswith("NO [CANNOT]"), name
    bob.ok("CREATE own")
    assert told(bob, 'RENAME own "Shared"')[1].startswith("NO [CANNOT]")
