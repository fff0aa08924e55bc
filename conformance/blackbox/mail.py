"""Messages for the tests: made ones of a given size, and the corpus where it is at hand."""

import pathlib
import random
import sysconfig

from .server import ROOT


def message(number, size=2000, sender="alice@example.org", to="bob@example.org", subject=None):
    """A deterministic message in CRLF lines of about `size` octets."""
    dice = random.Random(number)
    head = (f"From: <{sender}>\r\nTo: <{to}>\r\nSubject: {subject or f'Message {number}'}\r\n"
            f"Date: Mon, 05 Jan 2026 10:{number // 60 % 60:02}:{number % 60:02} +0000\r\n"
            f"Message-ID: <m{number}.{dice.getrandbits(48):x}@example.org>\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n")
    lines, left = [], size - len(head)
    while left > 0:
        line = "".join(dice.choice("abcdefghij klmnop qrstuv wxyz") for _ in range(min(70, left)))
        lines.append(line.strip() or "x")
        left -= len(line) + 2
    return (head + "\r\n".join(lines) + "\r\n").encode()


def corpus(kind="mail"):
    """The files of the shared corpus, and for mail CPython's own samples; empty where there is none."""
    found = sorted((ROOT.parent / "shared" / "data" / kind).glob("*"))
    if kind == "mail":
        samples = pathlib.Path(sysconfig.get_path("stdlib")) / "test" / "test_email" / "data"
        found += sorted(samples.glob("*.txt"))
    return [path for path in found if path.is_file()]


def crlf(data):
    """The octets with every line ending as CRLF, as a mail client would send them."""
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
