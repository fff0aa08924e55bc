"""INPROGRESS (RFC 9585): what a long command tells before it is done, with a server that tells it at once."""

import re

import pytest

from blackbox import imap
from blackbox.imap import told
from blackbox.server import Server


@pytest.fixture(scope="module")
def talkative():
    server = Server().start()
    server.stop()
    with server.config_file().open("a") as config:
        config.write("\n[imap]\nprogress_seconds = 0\n")
    server._spawn("serve", "--config", str(server.config_file()))
    try:
        client = imap.connect(server, server.alice)
        for number in range(20):
            client.append("INBOX", f"Subject: {number}\r\n\r\nneedle {number}\r\n".encode())
        client.logout()
        yield server
    finally:
        server.dispose()


def test_counts_grow_up_to_the_goal(talkative):
    client = imap.connect(talkative, talkative.alice)
    assert b" INPROGRESS" in client.ok("CAPABILITY")[0]
    client.select("INBOX")
    tag = client.tag()
    client.send(f"{tag} SEARCH BODY needle\r\n")
    status, lines = client.finish(tag)
    assert status.startswith(b"OK")
    spoken = [re.match(rb'\* OK \[INPROGRESS \("(\w+)" (\d+) (\d+)\)\] .', line) for line in lines[:-1]]
    assert spoken and all(spoken), lines
    assert {found.group(1).decode() for found in spoken} == {tag}
    assert {int(found.group(3)) for found in spoken} == {20}
    done = [int(found.group(2)) for found in spoken]
    assert done == sorted(done) and done[-1] < 20
    assert lines[-1] == b"* SEARCH " + b" ".join(str(n).encode() for n in range(1, 21))


def test_a_tag_that_could_end_the_code_is_not_told(talkative):
    client = imap.connect(talkative, talkative.alice)
    client.select("INBOX")
    client.send("a]b SEARCH BODY needle\r\n")
    _, lines = client.finish("a]b")
    assert lines[0].startswith(b"* OK [INPROGRESS (NIL 0 20)] ")


def test_short_commands_say_nothing(server):
    client = imap.connect(server, server.alice)
    client.select("INBOX")
    lines, last = told(client, "SEARCH BODY needle")
    assert not any("INPROGRESS" in line for line in lines) and last.startswith("OK")
