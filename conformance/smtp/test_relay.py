"""Mail for others: refused without a relay, queued and handed over with one, bounced where the relay says no."""

import json
import socket
import threading
import time

import pytest

from blackbox import imap, smtp

MESSAGE = (b"From: <alice@example.org>\r\nTo: <far@elsewhere.example>\r\nSubject: to the relay\r\n\r\n"
           b".dot\r\nbody\r\n")


class Sink:
    """A relay on loopback: takes everything but recipients that begin with `no`; with `busy` nothing at all."""

    def __init__(self, port=0):
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.messages, self.busy = [], False
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        with peer, peer.makefile("rb") as lines:
            def say(text):
                peer.sendall(text + b"\r\n")
            say(b"421 4.3.2 busy" if self.busy else b"220 sink ESMTP")
            envelope = {"to": []}
            for line in lines:
                verb = line.split()[0].upper() if line.split() else b""
                if verb == b"EHLO":
                    say(b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME")
                elif verb == b"MAIL":
                    envelope = {"from": line.strip(), "to": []}
                    say(b"250 2.1.0 ok")
                elif verb == b"RCPT":
                    no = b"<no" in line
                    envelope["to"] += [] if no else [line.strip()]
                    say(b"550 5.1.1 no such person" if no else b"250 2.1.5 ok")
                elif verb == b"DATA":
                    if not envelope["to"]:
                        say(b"554 5.5.1 nobody")
                        continue
                    say(b"354 go")
                    data = b""
                    for part in lines:
                        if part == b".\r\n":
                            break
                        data += part
                    self.messages.append((envelope, data))
                    say(b"250 2.0.0 taken")
                elif verb == b"QUIT":
                    say(b"221 bye")
                    return
                else:
                    say(b"250 ok")

    def close(self):
        self.listener.close()


def until(found, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError("it did not come in time")


def queue(server):
    told = server.command("queue", "list", "--json", "--config", str(server.config_file())).stdout
    return json.loads(told)


def inbox(server, account):
    session = imap.connect(server, account)
    session.select("INBOX")
    bodies = [session.body(uid, "") for uid in session.uids()]
    session.logout()
    return bodies


@pytest.fixture(scope="module")
def relayed(server):
    """The server with a relay, after it has shown what it does without one."""
    session = smtp.connect(server, server.alice)
    session.do(f"MAIL FROM:<{server.alice[0]}>")
    assert session.do("RCPT TO:<far@elsewhere.example>")[0] == 550
    session.close()
    sink = Sink()
    server.stop()
    with server.config_file().open("a") as config:
        config.write(f'\n[delivery.relay]\nhost = "127.0.0.1"\nport = {sink.port}\ntls = "none"\n')
    server.restart()
    yield sink
    sink.close()


def submit(server, *recipients):
    session = smtp.connect(server, server.alice)
    code, text = session.submit(server.alice[0], recipients, MESSAGE)
    session.close()
    assert code == 250, text


def test_handed_to_the_relay(server, relayed):
    """Whole, dots stuffed, without the Return-Path that only inboxes get (RFC 5321 4.4); local ones beside it."""
    submit(server, "far@elsewhere.example", server.bob[0])
    envelope, data = until(lambda: relayed.messages)[-1]
    assert envelope["from"].startswith(b"MAIL FROM:<alice@example.org>")
    assert envelope["to"] == [b"RCPT TO:<far@elsewhere.example>"]
    assert data.startswith(b"Received: ") and data.endswith(b"\r\n\r\n..dot\r\nbody\r\n")
    until(lambda: any(b"to the relay" in body for body in inbox(server, server.bob)))
    until(lambda: not queue(server))


def test_refused_recipients_come_back(server, relayed):
    """A bounce from the null sender, with the relay's words, for the one that was refused only."""
    submit(server, "no@elsewhere.example", "yes@elsewhere.example")
    bounce = until(lambda: [body for body in inbox(server, server.alice) if b"Undelivered" in body])[-1]
    assert bounce.startswith(b"Return-Path: <>\r\n")
    assert b"report-type=delivery-status" in bounce and b"Auto-Submitted: auto-replied" in bounce
    assert b"Final-Recipient: rfc822; no@elsewhere.example\r\nAction: failed\r\nStatus: 5.1.1\r\n" in bounce
    assert b"550 5.1.1 no such person" in bounce and b"yes@elsewhere.example" not in bounce.replace(MESSAGE, b"")
    until(lambda: not queue(server))


def test_waits_through_a_kill(server, relayed):
    """While the relay is busy mail waits, listed with the reason; a kill loses none; a retry sends it once."""
    relayed.busy = True
    before = len(relayed.messages)
    submit(server, "later@elsewhere.example")
    until(lambda: [entry for entry in queue(server) if "421" in (entry["last_reply"] or "")])
    server.kill()
    server.restart()
    entry = queue(server)[0]
    assert entry["recipients"] == ["later@elsewhere.example"] and entry["sender"] == "alice@example.org"
    relayed.busy = False

    def retried():
        waiting = queue(server)
        for entry in waiting:
            server.command("queue", "retry", entry["id"], "--config", str(server.config_file()), check=False)
        return not waiting
    until(retried)
    assert len(relayed.messages) == before + 1


def test_removed_without_a_word(server, relayed):
    relayed.busy = True
    submit(server, "never@elsewhere.example")
    entry = until(lambda: [entry for entry in queue(server) if entry["attempts"]])[0]
    before = len(inbox(server, server.alice))
    server.command("queue", "remove", entry["id"], "--config", str(server.config_file()))
    assert not queue(server) and len(inbox(server, server.alice)) == before
    relayed.busy = False
