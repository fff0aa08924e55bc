"""COMPARATOR (RFC 5255 4): by each of the comparators SEARCH and SORT find what a scan of all messages finds, before the
search index is built and with it."""

import json
import random
import time
import unicodedata

import pytest

from blackbox import imap, limits

WORDS = ["harbour", "Harbour", "HARBOUR", "Ängström", "ängström", "ANGSTROM", "Straße", "strasse", "Quick", "quick", "ﬁn"]
NAMES = ["Zoe", "zoe", "ÉVA", "Éva", "mia", "Mia"]


def ascii_casemap(text):
    return "".join(char.upper() if char.isascii() else char for char in text)


def unicode_casemap(text):
    """Each character decomposed, then without case (RFC 5051)."""
    return "".join(piece.upper() for char in text for piece in unicodedata.normalize("NFKD", char))


COMPARATORS = {"i;octet": str, "i;ascii-casemap": ascii_casemap, "i;unicode-casemap": unicode_casemap}


def made(dice):
    """A message: its fields, and what is said of it."""
    name, subject = dice.choice(NAMES), " ".join(dice.choices(WORDS, k=3))
    body = " ".join(dice.choices(WORDS, k=dice.randrange(1, 6)))
    local = dice.choice(["ann", "Ann", "BEN", "ben"])
    header = f'From: "{name}" <{local}@example.org>\r\nSubject: {subject}\r\n'
    octets = f"{header}Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n".encode()
    return {"FROM": f'"{name}" <{local}@example.org>', "SUBJECT": subject, "BODY": body, "display": name, "local": local,
            "octets": octets}


@pytest.fixture(scope="module")
def box(server):
    """A session with more messages than are read without asking the index, and the messages."""
    dice = random.Random(5255)
    messages = [made(dice) for _ in range(2 * limits.value("protocols/imap", "SEARCH_UNINDEXED_COUNT_MAX"))]
    session = imap.connect(server, server.alice)
    session.ok('CREATE "compared"')
    literals = b"".join(b" {%d+}\r\n%s" % (len(message["octets"]), message["octets"]) for message in messages)
    session.ok(b"APPEND compared" + literals)
    session.select("compared")
    yield session, messages, dice
    session.logout()


def numbers(lines):
    return [int(number) for number in lines[0].split()[2:]]


def check(box, comparator, count):
    session, messages, dice = box
    fold = COMPARATORS[comparator]
    assert session.ok(f"COMPARATOR {comparator}") == [f"* COMPARATOR {comparator}".encode()]
    for _ in range(count):
        key = dice.choice(["FROM", "SUBJECT", "BODY", "TEXT"])
        words = dice.choice(messages)[dice.choice(["SUBJECT", "BODY"]) if key == "TEXT" else key].replace('"', "")
        at = dice.randrange(len(words))
        needle = words[at:at + dice.randrange(1, 10)].strip() or "a"
        if dice.random() < 0.4:
            needle = needle.swapcase()
        def holds(message):
            texts = [message[key]] if key != "TEXT" else [message["octets"].decode()]
            # FROM is looked at as ENVELOPE has it, too.
            texts += [message["FROM"].replace('"', "")] if key == "FROM" else []
            return any(fold(needle) in fold(text) for text in texts)
        expected = [number for number, message in enumerate(messages, 1) if holds(message)]
        octets = needle.encode()
        found = session.ok(b"SEARCH CHARSET UTF-8 %s {%d+}\r\n%s" % (key.encode(), len(octets), octets))
        assert numbers(found) == expected, (comparator, key, needle)


@pytest.mark.parametrize("comparator", COMPARATORS)
def test_the_scan_agrees(box, comparator):
    check(box, comparator, 60)


def test_the_index_agrees(box):
    time.sleep(12)  # it is built behind our back
    for comparator in COMPARATORS:
        check(box, comparator, 60)


@pytest.mark.parametrize("comparator", COMPARATORS)
def test_sorting_agrees(box, comparator):
    session, messages, _ = box
    fold = COMPARATORS[comparator]
    for key, part in (("SUBJECT", "SUBJECT"), ("FROM", "local"), ("DISPLAYFROM", "display")):
        # As octets, which for UTF-8 is as characters.
        order = sorted(range(len(messages)), key=lambda at: (fold(messages[at][part]), at))
        session.ok(f"COMPARATOR {comparator}")
        assert numbers(session.ok(f"SORT ({key}) UTF-8 ALL")) == [at + 1 for at in order], key
        session.ok(f"COMPARATOR -{comparator}")
        # Turned round are the texts, not what is equal.
        down = sorted(range(len(messages)), key=lambda at: fold(messages[at][part]), reverse=True)
        assert numbers(session.ok(f"SORT ({key}) UTF-8 ALL")) == [at + 1 for at in down], key


def test_where_level_2_is_hidden_level_1_is_told(server):
    config = ("--config", str(server.config_file()))

    def told():
        return imap.connect(server, server.bob).ok("CAPABILITY")[0].decode().split()

    def hide(names):
        shown = server.command("account", "set", server.bob[0], "--hide-capability", names, "--json", *config)
        return json.loads(shown.stdout)["hidden_capabilities"]

    assert "I18NLEVEL=2" in told() and "I18NLEVEL=1" not in told()
    assert hide("I18NLEVEL=2") == ["I18NLEVEL=2"]
    assert "I18NLEVEL=2" not in told() and "I18NLEVEL=1" in told()
    hide("I18NLEVEL")
    assert not [name for name in told() if name.startswith("I18NLEVEL")]
    hide("")
