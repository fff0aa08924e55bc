"""offlineimap: the awkward messages of the corpus two ways, then deletions and flags both ways."""

from blackbox import client, imap, mail


def configure(server, home):
    user, password = server.alice
    (home / ".offlineimaprc").write_text(f"""
[general]
accounts = collegium
metadatadir = {home}/.offlineimap
maxsyncaccounts = 1
fsync = false
[Account collegium]
localrepository = here
remoterepository = there
[Repository here]
type = Maildir
localfolders = {home}/Maildir
[Repository there]
type = IMAP
remotehost = localhost
remoteport = {server.port("imaps")}
remoteuser = {user}
remotepass = {password}
ssl = yes
sslcacertfile = {server.ca}
ssl_version = tls1_2
auth_mechanisms = PLAIN
""")


def sync():
    done = client.run("offlineimap", "-o", "-u", "basic", timeout=200)
    assert "ERROR" not in done.stdout + done.stderr, done.stdout + done.stderr


def local(home, mailbox="INBOX"):
    return [path for part in ("cur", "new") for path in (home / "Maildir" / mailbox / part).glob("*")]


def test_two_way(server, own_home):
    """Messages go down, one goes up, flags and deletions travel both ways."""
    configure(server, own_home)
    session = imap.connect(server, server.alice)
    sent = [mail.message(number, 1500) for number in range(200)]
    for octets in sent:
        session.append("INBOX", octets)
    sync()
    assert len(local(own_home)) == 200
    assert sorted(mail.crlf(path.read_bytes()) for path in local(own_home)) == sorted(sent)

    upward = mail.message(1000, 900)
    (own_home / "Maildir" / "INBOX" / "cur" / "9999.local.host:2,S").write_bytes(upward.replace(b"\r\n", b"\n"))
    session.select("INBOX")
    uids = session.uids()
    session.ok(f"UID STORE {uids[0]} +FLAGS (\\Flagged)")
    session.ok(f"UID STORE {uids[1]} +FLAGS (\\Deleted)")
    session.ok("EXPUNGE")
    victim = next(path for path in local(own_home) if mail.crlf(path.read_bytes()) == sent[5])
    victim.unlink()
    sync()
    session.ok("NOOP")
    left = session.uids()
    assert len(left) == 199
    bodies = [session.body(uid) for uid in left]
    assert sent[5] not in bodies and sent[1] not in bodies
    assert any(subject(upward) in body for body in bodies)
    flagged = [path for path in local(own_home) if "F" in path.name.split(":2,")[1]]
    assert [mail.crlf(path.read_bytes()) for path in flagged] == [sent[0]]
    before = sorted(path.name for path in local(own_home))
    sync()
    assert sorted(path.name for path in local(own_home)) == before
    session.logout()


def subject(octets):
    return next(line for line in octets.split(b"\r\n") if line.startswith(b"Subject:"))
