"""A raw POP3 client: one method per octet sent, for what libraries hide."""

from .lines import Lines


class Pop3(Lines):
    """One connection; `tls` is implicit TLS."""

    def __init__(self, *where, **how):
        super().__init__(*where, **how)
        self.greeting = self.line()
        assert self.greeting.startswith("+OK"), self.greeting

    def do(self, text):
        """The first line of the answer."""
        self.send(text + "\r\n")
        return self.line()

    def lines(self, text):
        """The lines of an answer of several, dots taken off."""
        told = self.do(text)
        assert told.startswith("+OK"), (text, told)
        found = []
        while True:
            line = self.line()
            if line == ".":
                return found
            found.append(line[1:] if line.startswith(".") else line)

    def login(self, account):
        self.do(f"USER {account[0]}")
        told = self.do(f"PASS {account[1]}")
        assert told.startswith("+OK"), told
        return self

    def quit(self):
        told = self.do("QUIT")
        assert told.startswith("+OK"), told
        self.close()
        return told


def connect(server, account):
    """A logged-in connection over verified TLS."""
    return Pop3(server.port("pop3s"), server.tls()).login(account)
