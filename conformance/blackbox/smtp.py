"""A raw SMTP client: one method per octet sent, replies as (code, text)."""

import base64

from .lines import Lines


class Smtp(Lines):
    """One connection; `tls` with `starttls=False` is implicit TLS."""

    def __init__(self, port, tls=None, starttls=False, **how):
        super().__init__(port, None if starttls else tls, **how)
        self.greeting = self.reply()
        if starttls:
            self.ehlo()
            assert self.do("STARTTLS")[0] == 220
            self.upgrade(tls)

    def reply(self):
        """(code, whole text) of one reply, several lines joined by newlines."""
        lines = []
        while True:
            line = self.line()
            lines.append(line[4:])
            if line[3:4] != "-":
                return int(line[:3]), "\n".join(lines)

    def do(self, text):
        self.send(text + "\r\n" if isinstance(text, str) else text + b"\r\n")
        return self.reply()

    def ehlo(self):
        """The keywords of EHLO: {keyword: parameters}."""
        code, text = self.do("EHLO client.example.net")
        assert code == 250, text
        pairs = [line.partition(" ") for line in text.split("\n")[1:]]
        return {key.upper(): rest for key, _, rest in pairs}

    def login(self, account):
        self.ehlo()
        token = base64.b64encode(f"\0{account[0]}\0{account[1]}".encode()).decode()
        code, text = self.do(f"AUTH PLAIN {token}")
        assert code == 235, (code, text)
        return self

    def submit(self, sender, recipients, message, parameters=""):
        """A whole transaction; returns the last reply. `message` in CRLF lines, not yet dot-stuffed."""
        reply = self.do(f"MAIL FROM:<{sender}>{parameters}")
        if reply[0] != 250:
            return reply
        for recipient in recipients:
            reply = self.do(f"RCPT TO:<{recipient}>")
            if reply[0] not in (250, 251):
                return reply
        reply = self.do("DATA")
        if reply[0] != 354:
            return reply
        stuffed = b"\r\n".join(b"." + l if l.startswith(b".") else l for l in message.split(b"\r\n"))
        self.send(stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        return self.reply()


def connect(server, account=None, door="submissions", timeout=30):
    """A logged-in connection over verified TLS."""
    session = Smtp(server.port(door), server.tls(), starttls=door == "submission", timeout=timeout)
    return session.login(account) if account else session
