"""FETCH replies as Python values: lists for parentheses, bytes for strings, `None` for NIL, numbers, and atoms as text."""

import re

ATOM = re.compile(rb"[^()\s\"]+")


def parse(line):
    """`* n FETCH (...)` of `Imap.line` as (n, {item: value}); the items keep their order."""
    found = re.match(rb"\* (\d+) (?:UID)?FETCH ", line)
    if not found:
        return None
    values, end = value(line, found.end())
    assert end == len(line), f"{len(line) - end} octets too many: {line[end:][:80]!r}"
    assert len(values) % 2 == 0, values
    return int(found.group(1)), dict(zip(values[::2], values[1::2]))


def value(line, at):
    """The value that begins at a place, and where it ends. Names of sections are one atom, blanks inside too."""
    match line[at:at + 1]:
        case b"(":
            items, at = [], at + 1
            while line[at:at + 1] != b")":
                item, at = value(line, at)
                items.append(item)
                if line[at:at + 1] == b" ":
                    at += 1
            return items, at + 1
        case b'"':
            end = at + 1
            while line[end:end + 1] != b'"':
                end += 2 if line[end:end + 1] == b"\\" else 1
            return re.sub(rb"\\(.)", rb"\1", line[at + 1:end]), end + 1
        case b"{" | b"~":
            head = re.match(rb"~?\{(\d+)\}\r\n", line[at:at + 40])
            start = at + head.end()
            return line[start:start + int(head.group(1))], start + int(head.group(1))
    end = ATOM.match(line, at).end()
    while b"[" in line[at:end] and b"]" not in line[at:end]:
        end = line.index(b"]", end) + 1
        end = ATOM.match(line, end).end() if ATOM.match(line, end) else end
    atom = line[at:end].decode()
    if atom == "NIL":
        return None, end
    return (int(atom) if atom.isdigit() else atom), end
