"""A raw IMAP client: it shows every octet and hides nothing, unlike the libraries.

Replies come back as lists of lines; a literal is kept inside its line as bytes, so that a FETCH of a body
is one item.
"""

import itertools
import os
import re
import socket
import ssl
import time

# Where the replies of every connection are kept, for conformance/stress's `replies` to read them all.
RECORDINGS = os.environ.get("COLLEGIUM_REPLIES")
RECORDED_BYTES_MAX = 1 << 20
NUMBERS = itertools.count()


class ImapError(Exception):
    """The server answered NO or BAD, or closed."""


class Imap:
    """One connection. `tls` is a context; `starttls` upgrades after the greeting."""

    def __init__(self, host, port, tls=None, starttls=False, timeout=30):
        self.socket = socket.create_connection((host, port), timeout)
        self.name = host
        self.recording = None
        if RECORDINGS:
            self.recording = os.path.join(RECORDINGS, f"{os.getpid()}-{next(NUMBERS)}")
            self.recorded = 0
        if tls and not starttls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=host)
        self.buffer = b""
        self.count = 0
        self.greeting = self.line()
        if starttls:
            self.ok("STARTTLS")
            self.socket = tls.wrap_socket(self.socket, server_hostname=host)
            self.buffer = b""

    # -- octets -------------------------------------------------------------------------------------
    def _more(self):
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ImapError("closed by the server")
        self.record(chunk)
        self.buffer += chunk

    def record(self, octets):
        """Keeps what was heard, if replies are to be kept; a recording may end anywhere."""
        if self.recording:
            with open(self.recording, "ab") as file:
                file.write(octets)
            self.recorded += len(octets)
            if self.recorded > RECORDED_BYTES_MAX:
                self.recording = None

    def raw_line(self):
        while b"\r\n" not in self.buffer:
            self._more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def octets(self, count):
        parts, have = [self.buffer[:count]], len(self.buffer[:count])
        self.buffer = self.buffer[count:]
        while have < count:
            chunk = self.socket.recv(min(1 << 20, count - have))
            if not chunk:
                raise ImapError("closed inside a literal")
            self.record(chunk)
            parts.append(chunk)
            have += len(chunk)
        return b"".join(parts)

    def line(self):
        """One whole reply line with its literals inside."""
        whole = self.raw_line()
        while True:
            found = re.search(rb"~?\{(\d+)\}$", whole)
            if not found:
                return whole
            whole += b"\r\n" + self.octets(int(found.group(1))) + self.raw_line()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def tag(self):
        self.count += 1
        return f"t{self.count}"

    # -- commands -----------------------------------------------------------------------------------
    def start(self, text):
        """Sends a command and returns its tag without waiting."""
        tag = self.tag()
        text = text if isinstance(text, bytes) else text.encode()
        self.send(tag.encode() + b" " + text + b"\r\n")
        return tag

    def finish(self, tag):
        """Reads up to the tagged reply: (status line, untagged lines)."""
        lines = []
        while True:
            line = self.line()
            if line.startswith(tag.encode() + b" "):
                return line[len(tag) + 1:], lines
            lines.append(line)

    def do(self, text):
        return self.finish(self.start(text))

    def ok(self, text):
        """Does a command that must be answered OK; returns the untagged lines."""
        status, lines = self.do(text)
        if not status.startswith(b"OK"):
            raise ImapError(f"{text!r}: {status!r}")
        self.status = status
        return lines

    def login(self, account):
        self.ok(f'LOGIN "{account[0]}" "{account[1]}"')
        return self

    def append(self, mailbox, message, flags="", date=""):
        """APPEND with a synchronising literal; returns (uidvalidity, uid) from APPENDUID."""
        tag = self.tag()
        date = f' "{date}"' if date else ""
        self.send(f'{tag} APPEND "{mailbox}" ({flags}){date} {{{len(message)}}}\r\n')
        line = self.line()
        if not line.startswith(b"+"):
            raise ImapError(repr(line))
        self.send(message + b"\r\n")
        status, _ = self.finish(tag)
        found = re.search(rb"APPENDUID (\d+) (\d+)", status)
        if not status.startswith(b"OK"):
            raise ImapError(repr(status))
        return (int(found.group(1)), int(found.group(2))) if found else None

    def select(self, mailbox, verb="SELECT"):
        """SELECT: a dictionary of what it told."""
        lines = self.ok(f'{verb} "{mailbox}"')
        told = {}
        for line in lines + [self.status]:
            for name in (b"UIDVALIDITY", b"UIDNEXT", b"HIGHESTMODSEQ", b"UNSEEN"):
                found = re.search(rb"\[" + name + rb" (\d+)", line)
                if found:
                    told[name.decode().lower()] = int(found.group(1))
            found = re.match(rb"\* (\d+) (EXISTS|RECENT)", line)
            if found:
                told[found.group(2).decode().lower()] = int(found.group(1))
        return told

    def uids(self, criteria="ALL"):
        """UID SEARCH, whichever spelling the server answers in."""
        found = []
        for line in self.ok(f"UID SEARCH {criteria}"):
            if line.startswith(b"* SEARCH"):
                found += [int(n) for n in line.split()[2:] if n.isdigit()]
            elif line.startswith(b"* ESEARCH"):
                ranges = re.search(rb" ALL ([\d:,]+)", line)
                found += expand(ranges.group(1).decode()) if ranges else []
        return sorted(found)

    def body(self, uid, section=""):
        """The octets of BODY.PEEK[section] of one UID, or None."""
        for line in self.ok(f"UID FETCH {uid} (UID BODY.PEEK[{section}])"):
            found = re.search(rb"~?\{(\d+)\}\r\n", line)
            if found and b"FETCH" in line[:found.start()]:
                return line[found.end():found.end() + int(found.group(1))]
            if re.search(rb'BODY\[[^]]*\] ""', line):
                return b""
        return None

    def flags(self, uids="1:*"):
        """{uid: set of flags} by UID FETCH."""
        told = {}
        for line in self.ok(f"UID FETCH {uids} (UID FLAGS)"):
            uid, flags = re.search(rb"UID (\d+)", line), re.search(rb"FLAGS \(([^)]*)\)", line)
            if uid and flags:
                told[int(uid.group(1))] = {f.decode() for f in flags.group(1).split()} - {"\\Recent"}
        return told

    def close(self):
        try:
            self.socket.close()
        except OSError:
            pass

    def logout(self):
        try:
            self.do("LOGOUT")
        except (ImapError, OSError, ssl.SSLError):
            pass
        self.close()


def told(client, command, literal=b""):
    """Untagged lines and the tagged one without its tag; `literal` is sent where the server asks for one."""
    tag = client.start(command).encode()
    lines = []
    while True:
        line = client.line()
        if line.startswith(tag + b" "):
            return [each.decode() for each in lines], line[len(tag) + 1:].decode()
        if line.startswith(b"+ "):
            client.send(literal + b"\r\n")
        else:
            lines.append(line)


def expand(sequence):
    """'1:3,7' as a list of numbers."""
    numbers = []
    for part in sequence.split(","):
        first, _, last = part.partition(":")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


def arrival(server, account, needle, seconds=10):
    """Waits for a message that holds `needle` in the account's INBOX: (its octets, its UID). Delivery comes
    after the 250 of a submission, by the queue."""
    deadline, looked = time.monotonic() + seconds, set()
    while time.monotonic() < deadline:
        session = connect(server, account)
        session.select("INBOX")
        for uid in session.uids():
            if uid not in looked:
                looked.add(uid)
                octets = session.body(uid)
                if needle in octets:
                    session.logout()
                    return octets, uid
        session.logout()
        time.sleep(0.1)
    raise AssertionError(f"{needle[:80]!r} did not arrive within {seconds} s")


def connect(server, account=None, door="imaps", timeout=30):
    """A logged-in connection over verified TLS."""
    session = Imap("localhost", server.port(door), server.tls(), starttls=door == "imap", timeout=timeout)
    return session.login(account) if account else session
