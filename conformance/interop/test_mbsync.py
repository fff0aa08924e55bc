"""mbsync (isync): 5,000 messages two ways, flags, deletions and moves, and a second run that does nothing."""

import pathlib
import re

from blackbox import client, imap, mail

COUNT = 5000


def configure(server, home):
    """A channel over all mailboxes, expunging and creating on both sides."""
    user, password = server.alice
    (home / "mail").mkdir(exist_ok=True)
    (home / ".mbsyncrc").write_text(f"""
FSync no
IMAPAccount collegium
Host localhost
Port {server.port("imaps")}
User {user}
Pass "{password}"
SSLType IMAPS
SystemCertificates no
CertificateFile {server.ca}
PipelineDepth 50

IMAPStore far
Account collegium

MaildirStore near
Path {home}/mail/
Inbox {home}/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
Sync All
CopyArrivalDate yes
""")


def maildir(home, mailbox):
    """{key by Message-ID: path} of a local mailbox."""
    found = {}
    for part in ("cur", "new"):
        for path in (home / "mail" / mailbox / part).glob("*"):
            found[identity(path.read_bytes())] = path
    return found


def identity(data):
    return re.search(rb"^Message-ID: (.*?)\r?$", data, re.M).group(1)


def plain(data):
    """The octets as they were before mbsync marked them for itself, in CRLF."""
    return re.sub(rb"^X-TUID: .*\r\n", b"", mail.crlf(data), count=1, flags=re.M)


def far(session, mailbox):
    """{Message-ID: (uid, octets)} of a remote mailbox."""
    session.select(mailbox)
    found = {}
    for line in session.ok("UID FETCH 1:* (UID BODY.PEEK[])") if session.uids() else []:
        start = re.search(rb"~?\{(\d+)\}\r\n", line)
        data = line[start.end():start.end() + int(start.group(1))]
        uid = int(re.search(rb"UID (\d+)", line[:start.start()] + line[start.end() + len(data):]).group(1))
        found[identity(data)] = (uid, data)
    return found


def set_flags(path, flags):
    """Renames a Maildir message so that it has exactly these flags, keeping its UID mark."""
    name = path.name.split(":2,")[0]
    target = path.parent.parent / "cur" / f"{name}:2,{flags}"
    path.rename(target)
    return target


def sync():
    return client.run("mbsync", "-a", timeout=280)


def test_two_way_5000(server, own_home):
    """Half the messages start here, half there; afterwards both sides have the same octets."""
    configure(server, own_home)
    sent = {}
    inbox = own_home / "mail" / "INBOX"
    for part in ("cur", "new", "tmp"):
        (inbox / part).mkdir(parents=True)
    session = imap.connect(server, server.alice, timeout=120)
    for number in range(COUNT):
        octets = mail.message(number, 400 + number % 1600)
        sent[identity(octets)] = octets
        if number % 2:
            (inbox / "cur" / f"{number}.local:2,").write_bytes(octets.replace(b"\r\n", b"\n"))
        else:
            tag = session.tag()
            session.send(f"{tag} APPEND INBOX () {{{len(octets)}+}}\r\n".encode() + octets + b"\r\n")
            assert session.finish(tag)[0].startswith(b"OK")
    sync()
    there = far(session, "INBOX")
    assert len(there) == COUNT
    assert {key: plain(data) for key, (_, data) in there.items()} == sent
    here = maildir(own_home, "INBOX")
    assert {key: plain(path.read_bytes()) for key, path in here.items()} == sent

    flags_both_ways(session, there, here)
    deletions_and_moves(session, own_home)
    nothing_to_do(session, own_home)
    session.logout()


def flags_both_ways(session, there, here):
    """\\Seen set here arrives there, \\Flagged and \\Answered set there arrive here."""
    keys = sorted(there)
    local, remote = keys[:100], keys[100:200]
    for key in local:
        set_flags(here[key], "S")
    uids = ",".join(str(there[key][0]) for key in remote)
    session.select("INBOX")
    session.ok(f"UID STORE {uids} +FLAGS.SILENT (\\Flagged \\Answered)")
    sync()
    session.ok("NOOP")
    flags = session.flags()
    for key in local:
        assert flags[there[key][0]] == {"\\Seen"}
    home = here[keys[0]].parent.parent.parent.parent
    here = maildir(home, "INBOX")
    for key in remote:
        assert set(here[key].name.split(":2,")[1]) == {"F", "R"}


def deletions_and_moves(session, home):
    """50 deleted and 50 moved on each side; mbsync creates the mailbox that is new here."""
    there, here = far(session, "INBOX"), maildir(home, "INBOX")
    keys = sorted(there)
    gone_here, gone_there, moved_here, moved_there = (keys[n:n + 50] for n in (500, 600, 700, 800))
    for part in ("cur", "new", "tmp"):
        (home / "mail" / "Local box" / part).mkdir(parents=True)
    for key in gone_here:
        here[key].unlink()
    for number, key in enumerate(moved_here):
        here[key].rename(home / "mail" / "Local box" / "cur" / f"moved{number}:2,S")
    session.ok(f"UID STORE {numbers(there, gone_there)} +FLAGS.SILENT (\\Deleted)")
    session.ok(f"UID EXPUNGE {numbers(there, gone_there)}")
    session.ok(f"UID MOVE {numbers(there, moved_there)} Archive")
    sync()
    sync()
    there, here = far(session, "INBOX"), maildir(home, "INBOX")
    assert set(there) == set(here)
    assert len(there) == COUNT - 200
    assert not set(there) & set(gone_here + gone_there + moved_here + moved_there)
    assert set(far(session, "Local box")) == set(moved_here)
    assert set(maildir(home, "Archive")) == set(moved_there) == set(far(session, "Archive"))


def numbers(there, keys):
    return ",".join(str(there[key][0]) for key in keys)


def nothing_to_do(session, home):
    """A run with nothing new changes neither side."""
    def state():
        near = sorted(str(path) for path in pathlib.Path(home / "mail").rglob("*")
                      if path.is_file() and path.parent.name in ("cur", "new"))
        remote = []
        for mailbox in ("INBOX", "Archive", "Local box"):
            told = session.select(mailbox)
            remote.append((told["exists"], told["uidnext"], told["uidvalidity"],
                           session.flags() if told["exists"] else {}))
        return near, remote

    before = state()
    sync()
    assert state() == before
