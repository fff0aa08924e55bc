"""Thunderbird under Xvfb: an account is set up, 1,000 messages are synchronised, one is sent, some are moved, deleted and
searched, and a second session sees it all."""

import pytest

from blackbox import imap, mail
from blackbox.thunderbird import Thunderbird

COUNT = 1_000

ACCOUNT = """
const [user, password, imapPort, smtpPort] = args;
const login = async (kind, port) => {
  const info = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
  info.init(kind + "://localhost", null, kind + "://localhost", user, password, "", "");
  await Services.logins.addLoginAsync(info);
};
await login("imap", imapPort);
await login("smtp", smtpPort);
const server = MailServices.accounts.createIncomingServer(user, "localhost", "imap");
server.port = imapPort;
server.socketType = 3;
server.authMethod = 3;
server.password = password;
server.doBiff = false;
const outgoing = MailServices.outgoingServer.createServer("smtp").QueryInterface(Ci.nsISmtpServer);
outgoing.hostname = "localhost";
outgoing.port = smtpPort;
outgoing.username = user;
outgoing.authMethod = 3;
outgoing.socketType = 3;
const identity = MailServices.accounts.createIdentity();
identity.email = user;
identity.fullName = "Alice";
identity.smtpServerKey = outgoing.key;
identity.valid = true;
const made = MailServices.accounts.createAccount();
made.incomingServer = server;
made.addIdentity(identity);
MailServices.accounts.defaultAccount = made;
server.performExpand(null);
await until("the folders", () => root().subFolders.length >= 6);
return root().subFolders.map(one => one.name).sort();
"""


@pytest.fixture(scope="module")
def filled(server, tmp_path_factory):
    session = imap.connect(server, server.alice)
    for number in range(COUNT):
        session.send(b"a APPEND INBOX {%d+}\r\n" % len(octets := mail.message(number, 1500, subject=f"number {number}")) + octets + b"\r\n")
        assert session.finish("a")[0].startswith(b"OK")
    program = Thunderbird(tmp_path_factory.mktemp("tb"))
    try:
        yield server, program, session
    finally:
        program.close()
        session.logout()


@pytest.mark.timeout(420)
def test_a_day_with_thunderbird(filled):
    server, program, other = filled
    program.trust(server.ca)
    user, password = server.alice
    folders = program.do(ACCOUNT, user, password, server.port("imaps"), server.port("submissions"))
    assert folders == ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]

    # Synchronised: headers, then bodies for reading offline.
    count = program.do("""
        const inbox = folder("INBOX"); await update(inbox);
        await until("all headers", () => inbox.getTotalMessages(false) == args[0]);
        return inbox.getTotalMessages(false);""", COUNT)
    assert count == COUNT
    kept = program.do("""
        const inbox = folder("INBOX"); inbox.setFlag(Ci.nsMsgFolderFlags.Offline);
        await heard(listener => inbox.downloadAllForOffline(listener, null));
        let kept = 0; for (const header of inbox.messages) kept += header.flags & Ci.nsMsgMessageFlags.Offline ? 1 : 0;
        return kept;""")
    assert kept == COUNT

    # Flags, a move and a deletion are seen by another session.
    program.do("""
        const inbox = folder("INBOX"), headers = Array.from(inbox.messages).sort((a, b) => a.messageKey - b.messageKey);
        inbox.markMessagesRead(headers.slice(0, 5), true);
        inbox.markMessagesFlagged(headers.slice(5, 7), true);
        await copied(listener => MailServices.copy.copyMessages(inbox, headers.slice(10, 13), folder("Archive"), true, listener, null, false));
        await copied(listener => inbox.deleteMessages(headers.slice(20, 24), null, false, false, listener, false));
        await update(inbox);""")
    other.select("INBOX")
    flags = other.flags()
    assert len(flags) == COUNT - 7 and set(range(1, COUNT + 1)) - set(flags) == {11, 12, 13, 21, 22, 23, 24}
    assert [uid for uid in flags if "\\Seen" in flags[uid]] == [1, 2, 3, 4, 5]
    assert [uid for uid in flags if "\\Flagged" in flags[uid]] == [6, 7]
    for name, count in (("Archive", 3), ("Trash", 4)):
        assert other.select(name)["exists"] == count, name

    # What another session does is seen here.
    other.select("INBOX")
    other.ok("UID STORE 100:101 +FLAGS (\\Deleted)")
    other.ok("EXPUNGE")
    other.append("INBOX", mail.message(5_000, 900, subject="from the other"))
    program.do("""
        const inbox = folder("INBOX"); await update(inbox);
        await until("the other's doing", () => inbox.getTotalMessages(false) == args[0]);""", COUNT - 7 - 2 + 1)

    # Found on the server.
    found = program.do("""
        const search = Cc["@mozilla.org/messenger/searchSession;1"].createInstance(Ci.nsIMsgSearchSession);
        search.addScopeTerm(Ci.nsMsgSearchScope.onlineMail, folder("INBOX"));
        const term = search.createTerm(); term.attrib = Ci.nsMsgSearchAttrib.Subject; term.op = Ci.nsMsgSearchOp.Contains;
        const value = term.value; value.attrib = term.attrib; value.str = "number 77"; term.value = value; search.appendTerm(term);
        const hits = [];
        await new Promise(resolve => { search.registerListener({
            onSearchHit(header) { hits.push(header.mime2DecodedSubject); }, onSearchDone() { resolve(); }, onNewSearch() {} });
          search.search(null); });
        return hits.sort();""")
    assert found == sorted(f"number {number}" for number in [77, *range(770, 780)]), found

    # Sent, and filed in Sent.
    program.do("""
        const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
        fields.from = args[0]; fields.to = args[1]; fields.subject = "\\u00e9t\\u00e9 by Thunderbird"; fields.body = "Bonjour\\r\\n.\\r\\n";
        fields.forcePlainText = true;
        const parameters = Cc["@mozilla.org/messengercompose/composeparams;1"].createInstance(Ci.nsIMsgComposeParams);
        parameters.composeFields = fields; parameters.identity = account().defaultIdentity;
        parameters.type = Ci.nsIMsgCompType.New; parameters.format = Ci.nsIMsgCompFormat.PlainText;
        const compose = MailServices.compose.initCompose(parameters);
        await compose.sendMsg(Ci.nsIMsgSend.nsMsgDeliverNow, account().defaultIdentity, account().key, null, null);
        """, user, server.bob[0])
    octets, _ = imap.arrival(server, server.bob, b"by_Thunderbird", 30)
    assert b"Bonjour" in octets
    assert other.select("Sent")["exists"] == 1
    assert "panicked" not in server.log()
