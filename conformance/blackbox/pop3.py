"""A raw POP3 client: one method per octet sent, for what libraries hide."""

import socket


class Pop3:
    """One connection; `tls` is implicit TLS."""

    def __init__(self, port, tls=None, host="localhost", timeout=30):
        self.socket = socket.create_connection((host, port), timeout)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=host)
        self.buffer = b""
        self.greeting = self.line()
        assert self.greeting.startswith("+OK"), self.greeting

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def line(self):
        while b"\r\n" not in self.buffer:
            chunk = self.socket.recv(65536)
            if not chunk:
                raise ConnectionError("closed by the server")
            self.buffer += chunk
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line.decode("utf-8", "surrogateescape")

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

    def close(self):
        try:
            self.socket.close()
        except OSError:
            pass


def connect(server, account):
    """A logged-in connection over verified TLS."""
    return Pop3(server.port("pop3s"), server.tls()).login(account)
