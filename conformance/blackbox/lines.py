"""What raw clients of protocols in lines share: a connection, and one line after the other."""

import socket


class Lines:
    """One connection; `tls` is a context for TLS from the first octet."""

    def __init__(self, port, tls=None, host="localhost", timeout=30):
        self.socket = socket.create_connection((host, port), timeout)
        self.host = host
        self.buffer = b""
        if tls:
            self.upgrade(tls)

    def upgrade(self, tls):
        """Goes on inside TLS; what was read before is forgotten."""
        self.buffer = b""
        self.socket = tls.wrap_socket(self.socket, server_hostname=self.host)

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

    def close(self):
        try:
            self.socket.close()
        except OSError:
            pass
