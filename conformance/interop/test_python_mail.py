"""imaplib, smtplib and imapclient: the libraries behind a great many scripts."""

import email
import email.message
import imaplib
import smtplib
import threading

import imapclient

from blackbox import imap, mail


def compose(subject, server):
    made = email.message.EmailMessage()
    made["From"], made["To"], made["Subject"] = server.alice[0], server.bob[0], subject
    made.set_content("Grüße\n.\n..deux points\n")
    made.add_attachment(b"\0\1\2" * 1000, maintype="application", subtype="octet-stream", filename="données.bin")
    return made


def test_smtplib_both_ports(server):
    for door in ("submission", "submissions"):
        if door == "submission":
            session = smtplib.SMTP("localhost", server.port(door), timeout=30)
            session.starttls(context=server.tls())
        else:
            session = smtplib.SMTP_SSL("localhost", server.port(door), context=server.tls(), timeout=30)
        session.login(*server.alice)
        assert session.send_message(compose(f"smtplib {door}", server)) == {}
        session.quit()
        imap.arrival(server, server.bob, f"Subject: smtplib {door}\r".encode())
    box = imaplib.IMAP4_SSL("localhost", server.port("imaps"), ssl_context=server.tls())
    box.login(*server.bob)
    box.select()
    _, found = box.search(None, "SUBJECT", '"smtplib"')
    assert len(found[0].split()) == 2
    _, data = box.fetch(found[0].split()[-1], "(BODY.PEEK[])")
    parsed = email.message_from_bytes(data[0][1], policy=email.policy.default)
    assert parsed.get_body().get_content().replace("\r\n", "\n") == "Grüße\n.\n..deux points\n"
    assert next(parsed.iter_attachments()).get_content() == b"\0\1\2" * 1000
    box.logout()


def test_imaplib_walk(server):
    """The calls of the standard library, over STARTTLS."""
    box = imaplib.IMAP4("localhost", server.port("imap"))
    box.starttls(server.tls())
    box.login(*server.alice)
    for name in ("Projets", "Projets/Été", "Gone"):
        assert box.create(f'"{imapclient.imap_utf7.encode(name).decode()}"')[0] == "OK"
    assert box.delete("Gone")[0] == "OK"
    assert box.rename("Projets", "Travaux")[0] == "OK"
    names = [line.decode() for line in box.list()[1]]
    assert any("Travaux/&AMk-t&AOk-" in name for name in names)
    assert box.append("Travaux", "(\\Seen)", None, mail.message(7, 700))[0] == "OK"
    box.select("Travaux")
    assert box.search(None, "SEEN")[1] == [b"1"]
    assert box.copy("1", "INBOX")[0] == "OK"
    assert box.store("1", "+FLAGS", "(\\Deleted $Wichtig)")[0] == "OK"
    assert box.expunge()[1] == [b"1"]
    assert box.subscribe("Travaux")[0] == box.unsubscribe("Travaux")[0] == "OK"
    assert box.status("INBOX", "(MESSAGES UIDNEXT UIDVALIDITY UNSEEN)")[0] == "OK"
    assert box.noop()[0] == box.check()[0] == "OK"
    box.close()
    box.logout()


def test_imapclient_walk(server):
    """imapclient parses every reply strictly."""
    with imapclient.IMAPClient("localhost", server.port("imaps"), ssl_context=server.tls()) as box:
        box.login(*server.alice)
        assert box.namespace().personal[0][1] == "/"
        specials = {flag for flags, _, _ in box.list_folders() for flag in flags}
        assert {b"\\Sent", b"\\Drafts", b"\\Trash", b"\\Junk", b"\\Archive"} <= specials
        assert box.find_special_folder(b"\\Sent") == "Sent"
        for path in mail.corpus()[:150]:
            octets = mail.crlf(path.read_bytes())
            if b"\0" not in octets and octets.strip():
                box.append("Drafts", octets)
        count = box.select_folder("Drafts")[b"EXISTS"]
        assert count > 40
        uids = box.search("ALL")
        told = box.fetch(uids, ["ENVELOPE", "BODYSTRUCTURE", "RFC822.SIZE", "INTERNALDATE", "FLAGS", "BODY.PEEK[]"])
        assert len(told) == count
        for uid in uids:
            assert told[uid][b"RFC822.SIZE"] == len(told[uid][b"BODY[]"])
        box.add_flags(uids[0], [imapclient.FLAGGED])
        assert box.search(["FLAGGED"]) == [uids[0]]
        box.move(uids[:2], "Trash")
        assert box.folder_status("Drafts", ["MESSAGES"])[b"MESSAGES"] == count - 2
        box.copy(uids[2:4], "Archive")
        box.delete_messages(uids[2:4])
        box.expunge(uids[2:4])
        assert box.folder_status("Drafts", ["MESSAGES"])[b"MESSAGES"] == count - 4


def test_idle_sees_a_delivery(server):
    """IDLE tells of a new message within two seconds of its submission."""
    with imapclient.IMAPClient("localhost", server.port("imaps"), ssl_context=server.tls()) as box:
        box.login(*server.bob)
        before = box.select_folder("INBOX")[b"EXISTS"]
        box.idle()

        def deliver():
            session = smtplib.SMTP_SSL("localhost", server.port("submissions"), context=server.tls())
            session.login(*server.alice)
            session.sendmail(server.alice[0], server.bob[0], mail.message(9, 500))
            session.quit()

        sender = threading.Thread(target=deliver)
        sender.start()
        sender.join()
        seen = box.idle_check(timeout=2)
        assert (before + 1, b"EXISTS") in seen, seen
        box.idle_done()
