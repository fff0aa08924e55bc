"""neomutt: with CONDSTORE and QRESYNC and its header cache, over many openings; SCRAM through its SASL library."""

from blackbox import client, imap, mail


def configure(server, home):
    user, password = server.alice
    (home / "cache").mkdir(exist_ok=True)
    (home / "neomuttrc").write_text(f"""
set ssl_ca_certificates_file="{server.ca}"
set ssl_verify_host=yes ssl_starttls=yes ssl_force_tls=yes
set from="{user}" realname="" use_from=yes copy=no
set imap_user="{user}" imap_pass="{password}" imap_condstore=yes imap_qresync=yes imap_rfc5161=yes imap_idle=no
set folder="imaps://localhost:{server.port("imaps")}/"
set spoolfile="imaps://localhost:{server.port("imaps")}/INBOX"
set certificate_file="{home}/certificates" header_cache="{home}/cache" message_cachedir="{home}/cache"
set delete=yes move=no confirmappend=no confirmcreate=no wait_key=no quit=yes mark_old=no sleep_time=0
""")
    return str(home / "neomuttrc")


def keys(rc, pushed):
    """Opens the inbox and types."""
    status, shown = client.on_terminal("neomutt", "-n", "-F", rc, "-e", f"push '{pushed}<sync-mailbox><quit>'", timeout=60)
    assert status == 0, shown[-2000:]
    return shown


def subjects(session, mailbox):
    session.select(mailbox)
    return sorted(session.body(uid, "HEADER.FIELDS (SUBJECT)").strip().decode().removeprefix("Subject: ") for uid in session.uids())


def test_what_others_do_between_openings(server, own_home):
    """Its cache holds a state; what was expunged, flagged and added meanwhile is there at the next opening."""
    session = imap.connect(server, server.alice)
    for number in range(6):
        session.append("INBOX", mail.message(number, 600, subject=f"pile {number}"))
    rc = configure(server, own_home)
    keys(rc, "<search>pile 1<enter><flag-message>")
    session.select("INBOX")
    assert [uid for uid, flags in session.flags().items() if "\\Flagged" in flags] == [2]
    session.ok("UID STORE 1,3 +FLAGS (\\Deleted)")
    session.ok("EXPUNGE")
    session.append("INBOX", mail.message(9, 600, subject="pile new"))
    keys(rc, "<search>pile new<enter><save-message>=Archive<enter><search>pile 4<enter><delete-message>")
    assert subjects(session, "INBOX") == ["pile 1", "pile 3", "pile 5"]
    assert subjects(session, "Archive") == ["pile new"]
    keys(rc, "<search>pile 5<enter><tag-message><tag-prefix><flag-message>")
    session.select("INBOX")
    assert [uid for uid, flags in session.flags().items() if "\\Flagged" in flags] == [2, 6]
    session.logout()
