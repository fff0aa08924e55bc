"""Mail for others: kept in a durable queue, handed to a relay, tried again, bounced when refused."""

import json
import socket
import threading
import time

import pytest

from blackbox import imap, mail, server as servers, smtp


class Relay:
    """A relay that does as it is told: `reply` is what it says to the end of data."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.reply, self.rcpt_reply, self.got = "250 2.0.0 taken", "250 2.1.5 ok", []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_one, args=(connection,), daemon=True).start()

    def _serve_one(self, connection):
        try:
            self._talk(connection)
        except OSError:
            connection.close()  # the sender was killed meanwhile

    def _talk(self, connection):
        stream = connection.makefile("rwb")

        def say(text):
            stream.write(text.encode() + b"\r\n")
            stream.flush()

        envelope = []
        say("220 relay.example ESMTP")
        for line in stream:
            verb = line[:4].upper()
            if verb in (b"EHLO", b"HELO"):
                say("250-relay.example\r\n250-SIZE 100000000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES")
            elif verb == b"RCPT":
                envelope.append(line)
                say(self.rcpt_reply)
            elif verb == b"DATA":
                say("354 go on")
                octets = b""
                for part in stream:
                    if part == b".\r\n":
                        break
                    octets += part[1:] if part.startswith(b".") else part
                if self.reply.startswith("250"):
                    self.got.append((envelope, octets))
                say(self.reply)
                envelope = []
            elif verb == b"QUIT":
                say("221 2.0.0 bye")
                break
            else:
                say("250 2.0.0 ok")
        connection.close()

    def await_messages(self, count, seconds=15):
        deadline = time.monotonic() + seconds
        while len(self.got) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(self.got) >= count, f"{len(self.got)} of {count} reached the relay"
        return self.got


@pytest.fixture(scope="module")
def relay():
    made = Relay()
    yield made
    made.listener.close()


@pytest.fixture(scope="module")
def server(relay):
    """A server whose relay is ours."""
    config = f'[delivery.relay]\nhost = "127.0.0.1"\nport = {relay.port}\ntls = "none"\n'
    made = servers.Server(extra_config=servers.PLAIN_HTTP + config)
    try:
        yield made.start()
    finally:
        made.dispose()


def submit(server, subject, to="friend@example.net", size=2000):
    session = smtp.connect(server, server.alice)
    octets = mail.message(hash(subject) & 0xffff, size, to=to, subject=subject)
    code, text = session.submit(server.alice[0], [to], octets)
    assert code == 250, (code, text)
    session.close()
    return octets


def queue(server):
    return json.loads(server.command("queue", "list", "--json", "--config", str(server.config_file())).stdout)


def test_handed_over(server, relay):
    """The octets arrive below our trace fields, dots and all; the queue is empty afterwards."""
    session = smtp.connect(server, server.alice)
    octets = mail.message(5, 3000, to="friend@example.net", subject="outward") + b".\r\n..\r\n.x\r\n"
    assert session.submit(server.alice[0], ["friend@example.net", server.bob[0]], octets)[0] == 250
    envelope, got = relay.await_messages(1)[-1]
    assert got.endswith(octets) and len(envelope) == 1 and b"friend@example.net" in envelope[0]
    assert b"Bcc:" not in got
    imap.arrival(server, server.bob, b"Subject: outward")
    deadline = time.monotonic() + 5
    while queue(server) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert queue(server) == []


def test_tried_again(server, relay):
    """4xx keeps it in the queue, across a kill; `queue retry` sends it."""
    relay.reply = "451 4.3.0 later"
    before = len(relay.got)
    submit(server, "later")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not any(entry["attempts"] for entry in queue(server)):
        time.sleep(0.1)
    waiting = queue(server)
    assert len(waiting) == 1 and "4.3.0" in str(waiting[0]["last_reply"]), waiting
    server.kill()
    server.restart()
    assert [entry["id"] for entry in queue(server)] == [waiting[0]["id"]]
    relay.reply = "250 2.0.0 taken"
    server.command("queue", "retry", str(waiting[0]["id"]), "--config", str(server.config_file()))
    assert b"Subject: later" in relay.await_messages(before + 1)[-1][1]


def test_bounced(server, relay):
    """5xx comes back to the sender as a bounce with the null sender, a report and the reason."""
    relay.rcpt_reply = "550 5.1.1 nobody of that name"
    try:
        submit(server, "refused there", to="nobody@example.net")
        octets, _ = imap.arrival(server, server.alice, b"nobody of that name", 15)
    finally:
        relay.rcpt_reply = "250 2.1.5 ok"
    assert b"Return-Path: <>" in octets and b"multipart/report" in octets and b"message/delivery-status" in octets
    assert b"Status: 5.1.1" in octets and b"nobody@example.net" in octets


def test_nothing_accepted_is_lost(server, relay):
    """Twenty accepted while the server is killed again and again: each reaches the relay at least once."""
    relay.got.clear()
    accepted = []
    for turn in range(4):
        for number in range(5):
            accepted.append(f"durable {turn}-{number}")
            submit(server, accepted[-1], size=20_000)
        server.kill()
        server.restart()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        subjects = [subject for subject in accepted if any(f"Subject: {subject}\r".encode() in got for _, got in relay.got)]
        if len(subjects) == len(accepted):
            break
        for entry in queue(server):
            server.command("queue", "retry", str(entry["id"]), "--config", str(server.config_file()), check=False)
        time.sleep(0.2)
    assert sorted(subjects) == sorted(accepted)
