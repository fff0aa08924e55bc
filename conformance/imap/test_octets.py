"""RFC822.SIZE, BODYSTRUCTURE, literals, partials and BINARY.SIZE agree to the octet, for a corpus of real and of nasty
messages (RFC 9051 6.4.5, 7.5.2; RFC 3516)."""

import pathlib
import random
import re
import test.test_email

import pytest

from blackbox import fetched, imap

HERE = pathlib.Path(__file__).resolve().parent
CHUNK = 393_216  # what Thunderbird and iOS ask for at a time


def nested(depth):
    """Multiparts in each other."""
    opened = [f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth)]
    return "".join(opened) + "\r\ndeep\r\n" + "".join(f"--b{n}--\r\n" for n in reversed(range(depth)))


def nasty():
    """Name and octets of messages that break size arithmetic."""
    inner = "From: in@example.org\r\nSubject: inner\r\n\r\ninner text\r\n"
    multi = ('Content-Type: multipart/mixed; boundary="x"\r\n\r\npreamble\r\n--x\r\n\r\none\r\n'
             "--x\r\nContent-Type: message/rfc822\r\n{extra}\r\n{body}--x--\r\nepilogue")
    encoded = "RnJvbTogaW5AZXhhbXBsZS5vcmcNCg0KaGVsbG8NCg==\r\n"
    texts = {
        "bare LF": "Subject: x\n\nline one\nline two\n",
        "LF and CRLF": "Subject: x\r\nA: b\n\r\none\ntwo\r\nthree\n",
        "bare CR": "Subject: x\r\n\r\none\rtwo\r\rthree\r\n",
        "CR before CRLF": "Subject: x\r\n\r\none\r\r\ntwo\r\r\n",
        "CR at the end": "Subject: x\r\n\r\none\r",
        "no end": "Subject: x\r\n\r\nno line end",
        "header only": "Subject: x\r\n",
        "header without end": "Subject: x",
        "header and blank line": "Subject: x\r\n\r\n",
        "body only": "\r\nbody\r\n",
        "one CRLF": "\r\n",
        "one LF": "\n",
        "one octet": "x",
        "text without header": "this is no header at all\r\nnor this\r\n",
        "folded header": "Subject: x\r\n y\r\n\tz\r\nTo:\r\n a@b\r\n\r\nbody\r\n",
        "huge header": "X-Long: " + "h" * 300_000 + "\r\nSubject: x\r\n\r\nbody\r\n",
        "many headers": "".join(f"X-{n}: {n}\r\n" for n in range(5_000)) + "\r\nbody\r\n",
        "long line": "Subject: x\r\n\r\n" + "l" * 200_000 + "\r\nend\r\n",
        "empty part": 'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n--x\r\n\r\n--x--\r\n',
        "missing boundary": "Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\none\r\n--x--\r\n",
        "boundary that never comes": 'Content-Type: multipart/mixed; boundary="never"\r\n\r\n--x\r\n\r\none\r\n',
        "boundary not closed": 'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n\r\none\r\n--x\r\n\r\ntwo',
        "boundary inside another": 'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n'
                                   'Content-Type: multipart/mixed; boundary="xx"\r\n\r\n--xx\r\n\r\na\r\n--xx--\r\n--x--\r\n',
        "boundary with blanks": 'Content-Type: multipart/mixed; boundary="a b"\r\n\r\n--a b  \r\n\r\none\r\n--a b--\t\r\n',
        "multipart with bare LF": multi.format(extra="", body=inner).replace("\r\n", "\n"),
        "message in a message": multi.format(extra="", body=inner),
        "base64 message/rfc822": multi.format(extra="Content-Transfer-Encoding: base64\r\n", body=encoded),
        "message/rfc822 without body": multi.format(extra="", body="From: a@b\r\n"),
        "empty message/rfc822": multi.format(extra="", body=""),
        "digest": 'Content-Type: multipart/digest; boundary="x"\r\n\r\n--x\r\n\r\n' + inner + "--x--\r\n",
        "broken base64": "Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n!!!aGVsbG8\r\n=",
        "broken quoted-printable": "Content-Transfer-Encoding: quoted-printable\r\n\r\na=zz=3D=\r\n=\r\nb  \r\n=",
        "unknown encoding": "Content-Transfer-Encoding: x-rot13\r\n\r\nuryyb\r\n",
        "uuencode": "Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n#86)C\r\n`\r\nend\r\n",
        "two content types": "Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n<b>\r\n",
        "broken content type": "Content-Type: ;;;=\"\r\nContent-Disposition: (\r\n\r\nx\r\n",
        "quotes and backslashes": 'Subject: "a\\"b\\\\c\r\nContent-Type: text/plain; name="a\\"b\\\\"\r\n\r\nx\r\n',
        "nested 30": nested(30),
        "nested 150": nested(150),
        "larger than a chunk": "Subject: x\r\n\r\n" + "0123456789abcde\r\n" * 60_000,
    }
    made = {name: text.encode() for name, text in texts.items()}
    made["8 bit header"] = b"Subject: \xe9t\xe9 \xff\r\nFrom: \xc3\xa9 <a@b>\r\nContent-Type: text/plain; name=\"\xe9\"\r\n\r\n\xe9\r\n"
    made["UTF-8 header"] = "Subject: été ☃\r\nFrom: Zoé <zoé@example.org>\r\n\r\nneige ☃\r\n".encode()
    made["control characters"] = bytes(range(1, 32)) + b"\r\n\r\n" + bytes(range(1, 256))
    made["empty lines"] = b"Subject: x\r\n\r\n" + b"\r\n" * 1000
    return made


def real():
    """The corpus beside these tests and CPython's own."""
    folders = [HERE.parent / "data" / "mail", pathlib.Path(test.test_email.__file__).parent / "data"]
    files = [path for folder in folders for path in sorted(folder.iterdir()) if path.suffix in (".eml", ".txt")]
    assert len(files) > 100
    return {path.name: path.read_bytes() for path in files if b"\0" not in path.read_bytes()}


def fetch(session, uid, items):
    """The items of one message."""
    told = [fetched.parse(line) for line in session.ok(f"UID FETCH {uid} ({items})")]
    told = [items for found in told if found for _, items in [found] if items.get("UID") == uid]
    assert len(told) == 1, f"{items}: told {len(told)} times"
    return told[0]


def content(session, uid, item):
    """The octets of one BODY or BINARY item; `None` for NIL."""
    told = fetch(session, uid, f"UID {item}")
    found = [value for name, value in told.items() if name.startswith(("BODY[", "BINARY[", "RFC822"))]
    assert len(found) == 1, told
    return found[0]


def leaves(structure, path=()):
    """(path, structure) of everything that is no multipart."""
    if isinstance(structure[0], list):
        for number, part in enumerate((part for part in structure if isinstance(part, list) and is_body(part)), 1):
            yield from leaves(part, path + (number,))
    else:
        yield path or (1,), structure
        if is_message(structure):
            inside = structure[8]
            # The parts of a message that is no multipart is its part 1.
            yield from leaves(inside, path if path else (1,)) if is_multipart(inside) else leaves(inside, (*(path or (1,)), 1))


def is_multipart(structure):
    return isinstance(structure[0], list)


def is_message(structure):
    return structure[0].lower() == b"message" and structure[1].lower() in (b"rfc822", b"global") and len(structure) > 8


def is_body(part):
    """Tells a part of a multipart from its parameters: both are lists."""
    return bool(part) and (isinstance(part[0], list) and is_body(part[0])
                           or isinstance(part[0], bytes) and len(part) >= 7 and isinstance(part[6], int))


def check_part(session, uid, path, structure):
    """Size and lines of a part are those of its octets, and BINARY.SIZE of BINARY's."""
    section = ".".join(map(str, path))
    octets = content(session, uid, f"BODY.PEEK[{section}]")
    assert octets is not None, f"{section} is in BODYSTRUCTURE and cannot be had"
    assert structure[6] == len(octets), f"{section}: BODYSTRUCTURE says {structure[6]}, there are {len(octets)}"
    lines = structure[7] if structure[0].lower() == b"text" else structure[9] if is_message(structure) else None
    if lines is not None:
        counted = octets.count(b"\n")
        assert lines in (counted, counted + 1), f"{section}: {lines} lines told, {counted} counted"
    assert content(session, uid, f"BODY.PEEK[{section}]<0.7>") == octets[:7]
    assert content(session, uid, f"BODY.PEEK[{section}]<{len(octets)}.10>") == b""
    status, told = session.do(f"UID FETCH {uid} (UID BINARY.SIZE[{section}])")
    if status.startswith(b"OK"):
        size = re.search(rb"BINARY\.SIZE\[[\d.]+\] (\d+)", b" ".join(told))
        decoded = content(session, uid, f"BINARY.PEEK[{section}]")
        assert int(size.group(1)) == len(decoded), f"{section}: BINARY.SIZE {size.group(1)}, there are {len(decoded)}"
        assert content(session, uid, f"BINARY.PEEK[{section}]<1.5>") == decoded[1:6]
    else:
        assert b"[UNKNOWN-CTE]" in status, status


def check(session, sent, uid, dice):
    """Everything that tells of a size tells the same."""
    whole = content(session, uid, "BODY.PEEK[]")
    # Line ends that are not CRLF are made so, or kept: nothing else may change.
    assert whole in (sent, re.sub(rb"(?<!\r)\n", b"\r\n", sent)), "other octets than were appended"
    told = fetch(session, uid, "UID RFC822.SIZE BODYSTRUCTURE BODY ENVELOPE")
    assert told["RFC822.SIZE"] == len(whole)
    header, text = content(session, uid, "BODY.PEEK[HEADER]"), content(session, uid, "BODY.PEEK[TEXT]")
    assert header + text == whole, "HEADER and TEXT are not the whole"
    assert content(session, uid, "RFC822") == whole and content(session, uid, "RFC822.HEADER") == header
    assert content(session, uid, "RFC822.TEXT") == text
    for size in (1, 7, 100, CHUNK):
        for start in (0, 1, len(header), len(whole) - 1, len(whole), len(whole) + 1, 4_000_000_000, dice.randrange(len(whole) + 1)):
            start = max(start, 0)
            part = content(session, uid, f"BODY.PEEK[]<{start}.{size}>")
            assert part == whole[start:start + size], (start, size)
    assert content(session, uid, f"BODY.PEEK[HEADER]<3.9>") == header[3:12]
    assert content(session, uid, f"BODY.PEEK[TEXT]<{len(text)}.9>") == b""
    # Behind what a scanner opens at all, everything is one part.
    for path, structure in list(leaves(told["BODYSTRUCTURE"]))[:40]:
        check_part(session, uid, path, structure)


CORPUS = {"nasty": nasty, "real": real}


@pytest.mark.parametrize("which", CORPUS)
def test_sizes_agree(server, which):
    session, wrong = imap.connect(server, server.alice), []
    session.ok(f'CREATE "octets {which}"')
    messages = CORPUS[which]()
    uids = {name: session.append(f"octets {which}", octets)[1] for name, octets in messages.items()}
    session.select(f"octets {which}")
    for name, uid in uids.items():
        try:
            check(session, messages[name], uid, random.Random(uid))
        except AssertionError as error:
            wrong.append(f"{name}: {str(error).splitlines()[0]}")
    assert not wrong, "\n".join(wrong)
    session.logout()


def test_nul(server):
    """NUL is no CHAR8: it cannot come in a literal, and in a literal8 (RFC 3516 4.4) it is kept. BINARY tells it as it is,
    BODY, whose literals cannot hold it either (RFC 9051 4.3), as 0x80: no size changes."""
    session, octets = imap.connect(server, server.alice), b"Subject: x\r\n\r\na\0b\0\0\r\n"
    session.send(b"a APPEND INBOX ~{%d+}\r\n%b\r\n" % (len(octets), octets))
    status, _ = session.finish("a")
    assert status.startswith((b"OK", b"NO [UNKNOWN-CTE]")), status
    if status.startswith(b"OK"):
        uid = int(re.search(rb"APPENDUID \d+ (\d+)", status).group(1))
        session.select("INBOX")
        assert fetch(session, uid, "UID RFC822.SIZE")["RFC822.SIZE"] == len(octets)
        line = b"".join(session.ok(f"UID FETCH {uid} (UID BINARY.PEEK[1])"))
        assert b"a\0b\0\0\r\n" in line and b"~{7}" in line, line
        assert content(session, uid, "BODY.PEEK[]") == octets.replace(b"\0", b"\x80")
        assert content(session, uid, "BODY.PEEK[TEXT]<1.3>") == b"\x80b\x80"
    session.send(b"b APPEND INBOX {%d+}\r\n%b\r\n" % (len(octets), octets))
    status, _ = session.finish("b")
    assert status.startswith((b"OK", b"NO", b"BAD")), status
    session.ok("NOOP")
    session.logout()


def test_empty_message(server):
    """A message of no octets is refused or kept, and the session goes on."""
    session = imap.connect(server, server.alice)
    session.send(b"a APPEND INBOX {0+}\r\n\r\n")
    status, _ = session.finish("a")
    assert status.startswith((b"OK", b"NO", b"BAD")), status
    session.ok("NOOP")
    session.logout()


def test_small_items_come_first(server):
    """Whatever order they are asked in: some clients stop reading at the first literal."""
    session = imap.connect(server, server.alice)
    _, uid = session.append("INBOX", b"Subject: x\r\n\r\n" + b"body\r\n" * 20)
    session.select("INBOX")
    for items in ("BODY.PEEK[] FLAGS UID RFC822.SIZE INTERNALDATE", "BODY.PEEK[HEADER.FIELDS (SUBJECT)] UID BODY.PEEK[TEXT] FLAGS",
                  "RFC822 BODYSTRUCTURE MODSEQ ENVELOPE UID", "BINARY.PEEK[1] BINARY.SIZE[1] PREVIEW EMAILID UID"):
        names = list(fetch(session, uid, items))
        bulky = [name.startswith(("BODY[", "RFC822", "BINARY[")) and name != "RFC822.SIZE" for name in names]
        assert bulky == sorted(bulky), names
    session.logout()


def test_chunks_make_the_whole(server):
    """A large message in the chunks of Thunderbird and iOS, to an empty string at the end."""
    session, octets = imap.connect(server, server.alice), b"Subject: x\r\n\r\n" + b"0123456789abcd\r\n" * 70_000
    _, uid = session.append("INBOX", octets)
    session.select("INBOX")
    for section in ("", "1"):
        parts, start = [], 0
        while part := content(session, uid, f"BODY.PEEK[{section}]<{start}.{CHUNK}>"):
            parts.append(part)
            start += len(part)
        assert b"".join(parts) == (octets if not section else octets[14:])
    session.logout()
