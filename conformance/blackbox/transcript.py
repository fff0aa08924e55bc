"""Transcripts: small files that say what goes over the wire, for the doors of mail and of HTTP.

A file has cases, each begun by `== title`, and runs top to bottom with a fresh account of its own; what a case
captured is known to the later ones. Lines that begin with `#` are comments.

Mail (conformance/imap, conformance/smtp, conformance/pop3):

    @login            a connection over TLS, logged in: what a case starts with if it says nothing
    @tls, @plain      a connection before login, on the implicit TLS port or the STARTTLS port
    @upgrade          the TLS handshake after STARTTLS
    @close            the server must close the connection
    DATA name ... END a piece of text in CRLF lines; `{{name}}` sends it, `{{size name}}` is its length
    C: a NOOP         a line to send; `C2:` and `S2:` are those of a second connection of the same account
    S: a OK{{*}}      a line that must come; untagged lines before it may be others (POP3: every line counts)
    S!: * BYE{{*}}    a line that must not come before the next `S:` does

HTTP (conformance/webdav, caldav, carddav):

    AS me, bob, nobody   who asks from here on
    > PUT /path          a request; then its headers, `>`, and its body
    < 201                the status, or several to choose from
    < ETag: {{etag:*}}   a header that must match
    << <D:href>          what the body must hold, XML in the prefixes of blackbox/dav.py without white space
    <! secret            what it must not hold

In what must come `{{*}}` is anything, `{{n}}` a number, `{{name:*}}` and `{{name:n}}` remember it; everywhere
else `{{name}}` is what was remembered, or `{{user}}`, `{{password}}`, `{{alice}}`, `{{bob}}`, `{{base64 text}}`.
"""

import base64
import re
import urllib.parse
import xml.etree.ElementTree as ET

import pytest

from . import dav, imap, pop3, smtp, which

FIELD = re.compile(r"\{\{([^{}]+)\}\}")
PASSWORD = "transcript-password-1"


class Mismatch(Exception):
    """What came is not what the transcript says."""


class File(pytest.File):
    """One transcript file."""

    def collect(self):
        self.known = None
        cases, titles = [], []
        for number, line in enumerate(self.path.read_text().split("\n"), 1):
            if line.startswith("== "):
                title = line[3:].strip()
                assert title not in titles, f"{self.path.name}: two cases are called {title}"
                titles.append(title)
                cases.append((title, []))
            elif cases:
                cases[-1][1].append((number, line))
        for title, lines in cases:
            yield Case.from_parent(self, name=title, lines=lines)

    def prepare(self):
        """The server of this run and an account of the file's own."""
        server = shared_server(self.config)
        if self.known is None:
            user = f"{self.path.parent.name}-{self.path.stem}@example.org"
            server.add_account(user, PASSWORD)
            self.known = {"user": user, "password": PASSWORD, "alice": server.alice[0], "bob": server.bob[0],
                          "https": server.url("https", ""), "crlf": "\r\n"}
        return server, self.known


def shared_server(config):
    """One server for all transcripts of a process."""
    if not hasattr(config, "collegium_server"):
        config.collegium_server = which.made().start()
    return config.collegium_server


class Case(pytest.Item):
    """One case of a transcript."""

    def __init__(self, *, lines, **rest):
        super().__init__(**rest)
        self.lines = lines

    def runtest(self):
        server, known = self.parent.prepare()
        kind = Mail if self.path.parent.name in ("imap", "smtp", "pop3") else Web
        player = kind(self.path.parent.name, server, known)
        try:
            for number, line in self.lines:
                self.number, self.line = number, line
                player.play(line)
            player.end()
        finally:
            player.close()

    def repr_failure(self, excinfo, style=None):
        return f"{self.path.name}:{getattr(self, 'number', 0)}: {getattr(self, 'line', '')}\n  {excinfo.exconly()}"

    def reportinfo(self):
        return self.path, None, self.name


def filled(text, known):
    """Fields replaced by what is known."""
    def value(found):
        word, _, rest = found.group(1).partition(" ")
        if word == "size":
            return str(len(known[rest].encode("utf-8", "surrogateescape")))
        if word == "base64":
            return base64.b64encode(filled(rest.replace("<", "{{").replace(">", "}}"), known).replace("\\0", "\0").encode()).decode()
        if word == "repeat":
            count, piece = rest.split(" ", 1)
            return piece * int(count)
        return known[word]
    return FIELD.sub(value, text)


def pattern(text, known):
    """A regular expression for one line, with groups for what is to be remembered."""
    parts, last, names = [], 0, []
    for found in FIELD.finditer(text):
        parts.append(re.escape(text[last:found.start()]))
        last = found.end()
        name, _, kind = found.group(1).rpartition(":")
        kind = {"*": ".*?", "n": r"\d+"}.get(kind)
        if kind and name:
            parts.append(f"(?P<g{len(names)}>{kind})")
            names.append(name)
        else:
            parts.append(kind or re.escape(filled(found.group(0), known)))
    parts.append(re.escape(text[last:]))
    return re.compile("".join(parts) + r"\Z", re.S | re.I), names


def matches(text, line, known):
    """Whether a line fits; remembers what it captured."""
    expression, names = pattern(text.replace("\\r\\n", "\r\n"), known)
    found = expression.match(line)
    for number, name in enumerate(names if found else []):
        known[name] = found.group(f"g{number}")
    return bool(found)


class Mail:
    """Plays IMAP and SMTP."""

    def __init__(self, door, server, known):
        self.door, self.server, self.known = door, server, known
        self.sessions, self.forbidden, self.block = {}, [], None

    def play(self, line):
        if self.block is not None:
            if line == "END":
                self.known[self.block[0]] = "".join(text + "\r\n" for text in self.block[1])
                self.block = None
            else:
                self.block[1].append(filled(line, self.known))
            return
        if not line.strip() or line.startswith("#"):
            return
        if line.startswith("DATA "):
            self.block = (line[5:].strip(), [])
            return
        if line.startswith("@"):
            return getattr(self, "at_" + line[1:].strip())()
        found = re.match(r"(C|S|S!)(\d?):(?: (.*))?$", line)
        if not found:
            raise Mismatch("this is no line of a transcript")
        verb, which, text = found.group(1), found.group(2) or "1", found.group(3) or ""
        if verb == "C":
            octets = filled(text, self.known).encode("utf-8", "surrogateescape")
            self.session(which).send(octets + b"\r\n")
        elif verb == "S!":
            self.forbidden.append(text)
        else:
            self.expect(which, text)

    def expect(self, which, text):
        others = []
        while True:
            try:
                line = self.session(which).line()
            except (imap.ImapError, ConnectionError, OSError) as error:
                raise Mismatch(f"instead: {others} and then {error!r}") from error
            line = line.decode("utf-8", "surrogateescape") if isinstance(line, bytes) else line
            for never in self.forbidden:
                if matches(never, line, self.known):
                    raise Mismatch(f"must not come: {line}")
            if matches(text, line, self.known):
                self.forbidden = []
                return
            others.append(line)
            if self.final(line):
                raise Mismatch("instead: " + "\n           ".join(others))

    def final(self, line):
        """Whether nothing more comes by itself."""
        if self.door == "pop3":
            return True
        return line[3:4] != "-" if self.door == "smtp" else not line.startswith("* ")

    def session(self, which):
        if which not in self.sessions:
            self.sessions[which] = self.opened(login=True)
        return self.sessions[which]

    def opened(self, login, plain=False):
        account = (self.known["user"], self.known["password"]) if login else None
        if self.door == "imap":
            tls = None if plain else self.server.tls()
            session = imap.Imap("localhost", self.server.port("imap" if plain else "imaps"), tls, timeout=10)
        elif self.door == "pop3":
            tls = None if plain else self.server.tls()
            session = pop3.Pop3(self.server.port("pop3" if plain else "pop3s"), tls, timeout=10)
        else:
            tls = None if plain else self.server.tls()
            session = smtp.Smtp(self.server.port("submission" if plain else "submissions"), tls, timeout=10)
        return session.login(account) if login else session

    def at_login(self):
        self.sessions["1"] = self.opened(login=True)

    def at_tls(self):
        self.sessions["1"] = self.opened(login=False)

    def at_plain(self):
        self.sessions["1"] = self.opened(login=False, plain=True)

    def at_upgrade(self):
        session = self.sessions["1"]
        session.socket = self.server.tls().wrap_socket(session.socket, server_hostname="localhost")
        session.buffer = b""

    def at_close(self):
        try:
            line = self.sessions["1"].line()
        except (imap.ImapError, ConnectionError, OSError):
            return
        raise Mismatch(f"not closed: {line!r}")

    def end(self):
        if self.forbidden:
            raise Mismatch("an `S!:` needs an `S:` behind it")

    def close(self):
        for session in self.sessions.values():
            session.close()


class Web:
    """Plays HTTP."""

    def __init__(self, door, server, known):
        self.server, self.known = server, known
        self.who, self.sessions = "me", {}
        self.request, self.answer = None, None
        for prefix, uri in dav.NAMESPACES.items():
            ET.register_namespace(prefix, uri)

    def play(self, line):
        if line.startswith("AS "):
            self.send()
            self.who = line[3:].strip()
        elif re.match(r"> [A-Z]+ /", line):
            self.send()
            self.request, self.answer = [line[2:]], None
        elif line == ">" or line.startswith("> "):
            self.request.append(line[2:])
        elif line.startswith("<< "):
            self.holds(filled_pattern(line[3:], self.known), True)
        elif line.startswith("<! "):
            self.holds(filled_pattern(line[3:], self.known), False)
        elif line.startswith("< "):
            self.told(line[2:])
        elif line.strip() and not line.startswith("#"):
            raise Mismatch("this is no line of a transcript")

    def send(self):
        """Sends the request that was collected, when its answer is wanted."""
        if not self.request or self.answer:
            return
        verb, path = filled(self.request[0], self.known).split(" ", 1)
        rest = self.request[1:]
        split = rest.index("") if "" in rest else len(rest)
        headers = {}
        for line in rest[:split]:
            name, _, value = filled(line, self.known).partition(": ")
            headers[name] = value
        if verb == "PUT":
            headers.setdefault("Content-Type", "application/octet-stream")
        body = "".join(filled(line, self.known) + "\r\n" for line in rest[split + 1:])
        self.answer = self.session().do(verb, path, body or None, headers)
        self.request = None

    def session(self):
        if self.who not in self.sessions:
            account = {"me": (self.known["user"], self.known["password"]), "bob": self.server.bob,
                       "alice": self.server.alice, "nobody": None}[self.who]
            self.sessions[self.who] = dav.connect(self.server, account, timeout=20)
        return self.sessions[self.who]

    def told(self, text):
        self.send()
        name, colon, value = text.partition(": ")
        if not colon:
            if str(self.answer.status) not in text.split():
                raise Mismatch(f"instead: {self.answer}")
            return
        there = self.answer.headers.get(name.lower())
        if there is None or not matches(value, there, self.known):
            raise Mismatch(f"{name} is {there!r}")

    def holds(self, expression, wanted):
        self.send()
        body, (regular, names) = self.readable(), expression
        found = regular.search(body)
        if bool(found) != wanted:
            raise Mismatch(f"{'not in' if wanted else 'is in'}: {body[:3000]}")
        for number, name in enumerate(names if found else []):
            self.known[name] = found.group(f"g{number}")

    def readable(self):
        """The body; XML with known prefixes and without white space between elements."""
        if "xml" not in self.answer.headers.get("content-type", ""):
            return self.answer.text
        root = ET.fromstring(self.answer.body)
        for element in root.iter():
            if element.text and not element.text.strip():
                element.text = None
            if element.tail and not element.tail.strip():
                element.tail = None
            if element.tag == "{DAV:}href" and element.text:
                element.text = urllib.parse.unquote(element.text)
        text = ET.tostring(root, encoding="unicode")
        return text.replace(" />", "/>").replace("\r", "").replace("&#13;", "")

    def end(self):
        self.send()

    def close(self):
        for session in self.sessions.values():
            session.close()


def filled_pattern(text, known):
    """As `pattern`, to be found anywhere."""
    expression, names = pattern(text, known)
    return re.compile(expression.pattern.removesuffix(r"\Z"), re.S), names
