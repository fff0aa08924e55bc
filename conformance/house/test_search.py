"""The search index of a running server: what it finds is what a scan finds, before it is built, after, and across a
restart; messages that came since are found too."""

import random
import time
import unicodedata

from blackbox import imap

WORDS = ["harbour", "lantern", "Ängström", "co-operate", "quick", "brown", "7654321", "a@b.example", "the", "of"]


def text(dice):
    return " ".join(dice.choice(WORDS) for _ in range(dice.randrange(2, 9)))


def fill(session, dice, texts, count):
    for _ in range(count):
        words = text(dice)
        octets = (f"From: {dice.choice(['ann', 'ben'])}@example.org\r\nTo: alice@example.org\r\n"
                  f"Subject: {text(dice).encode('ascii', 'ignore').decode()}\r\nContent-Type: text/plain; charset=utf-8\r\n"
                  f"\r\n{words}\r\n").encode()
        _, uid = session.append("found", octets)
        texts[uid] = words


def fold(words):
    """As i;unicode-casemap compares: decomposed, without case."""
    return unicodedata.normalize("NFKD", words).upper()


def ask(session, needle):
    return set(session.uids(f"CHARSET UTF-8 BODY \"{needle}\""))


def check(session, dice, texts, questions):
    for _ in range(questions):
        words = dice.choice(sorted(texts.values()))
        at = dice.randrange(len(words))
        needle = words[at:at + dice.randrange(1, 12)].strip() or "the"
        if not needle.isascii():
            continue
        expected = {uid for uid, words in texts.items() if fold(needle) in fold(words)}
        assert ask(session, needle) == expected, needle


def test_the_index_and_the_scan_agree(server):
    dice, texts = random.Random(11), {}
    session = imap.connect(server, server.alice)
    session.ok('CREATE "found"')
    fill(session, dice, texts, 300)
    session.select("found")
    check(session, dice, texts, 20)
    time.sleep(12)  # the index is built behind our back
    check(session, dice, texts, 60)
    fill(session, dice, texts, 30)
    gone = sorted(texts)[::7]
    session.ok(f"UID STORE {','.join(map(str, gone))} +FLAGS.SILENT (\\Deleted)")
    session.ok("EXPUNGE")
    for uid in gone:
        del texts[uid]
    check(session, dice, texts, 40)
    session.logout()
    server.kill()
    server.restart()
    session = imap.connect(server, server.alice)
    session.select("found")
    check(session, dice, texts, 20)
    session.logout()
