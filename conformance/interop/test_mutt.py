"""mutt: sends with an attachment through submission, reads over IMAP, deletes and files, by its own keys."""

import base64

import pytest

from blackbox import client, imap, mail


def configure(server, home, account, door="submissions"):
    user, password = account
    scheme = "smtps" if door == "submissions" else "smtp"
    login = user.replace("@", "%40")
    (home / "muttrc").write_text(f"""
set ssl_ca_certificates_file="{server.ca}"
set ssl_verify_host=yes ssl_starttls=yes ssl_force_tls=yes
set from="{user}" realname="" use_from=yes envelope_from=yes copy=no
set smtp_url="{scheme}://{login}@localhost:{server.port(door)}/" smtp_pass="{password}"
set imap_user="{user}" imap_pass="{password}"
set folder="imaps://localhost:{server.port("imaps")}/"
set spoolfile="imaps://localhost:{server.port("imaps")}/INBOX"
set certificate_file="{home}/certificates" header_cache="" message_cachedir=""
set delete=yes move=no confirmappend=no confirmcreate=no wait_key=no quit=yes mark_old=no sleep_time=0
""")
    return str(home / "muttrc")


@pytest.mark.parametrize("door", ["submissions", "submission"])
def test_sends_with_attachment(server, own_home, door):
    """Attachment arrives octet for octet, on both ports."""
    rc = configure(server, own_home, server.alice, door)
    attachment = bytes(range(256)) * 40
    (own_home / f"{door}.bin").write_bytes(attachment)
    client.run("mutt", "-n", "-F", rc, "-s", f"Été via {door}", "-a", str(own_home / f"{door}.bin"), "--",
               server.bob[0], stdin="Bonjour\n.ligne\n", timeout=60)
    _, newest = imap.arrival(server, server.bob, f"{door}.bin".encode())
    session = imap.connect(server, server.bob)
    session.select("INBOX")
    encoded = session.body(newest, "2")
    assert base64.b64decode(encoded) == attachment
    text = session.body(newest, "1").replace(b"=2E", b".")
    assert b"Bonjour" in text and b".ligne" in text
    session.logout()


def test_reads_deletes_and_files(server, own_home):
    """Scripted keys: file one message elsewhere, delete another, quit."""
    session = imap.connect(server, server.alice)
    for number in range(3):
        session.append("INBOX", mail.message(number, 800, subject=f"pile {number}"))
    rc = configure(server, own_home, server.alice)
    keys = ("<search>pile 1<enter><save-message>=Archive<enter>"
            "<search>pile 2<enter><delete-message><sync-mailbox><quit>")
    status, shown = client.on_terminal("mutt", "-n", "-F", rc, "-e", f"push '{keys}'", timeout=60)
    assert status == 0, shown[-2000:]
    session.select("INBOX")
    subjects = [session.body(uid, "HEADER.FIELDS (SUBJECT)") for uid in session.uids()]
    assert [s.strip() for s in subjects] == [b"Subject: pile 0"]
    session.select("Archive")
    assert [session.body(uid, "HEADER.FIELDS (SUBJECT)").strip() for uid in session.uids()] == [b"Subject: pile 1"]
    session.logout()
