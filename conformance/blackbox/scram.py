"""A SCRAM client (RFC 5802, RFC 7677) of a few lines, with and without channel binding."""

import base64
import hashlib
import hmac
import os


def end_point(tls):
    """`tls-server-end-point` (RFC 5929) of a connection whose certificate is signed with SHA-256."""
    return hashlib.sha256(tls.getpeercert(binary_form=True)).digest()


class Scram:
    """One login. `flag` is the gs2-cbind-flag, `binding` what a `p=` flag binds to."""

    def __init__(self, login, password, hash="sha256", flag="n", binding=b"", authzid=""):
        self.hash, self.password = hash, password.encode()
        self.header = f"{flag},{'a=' + authzid if authzid else ''},"
        self.binding = binding
        self.nonce = base64.b64encode(os.urandom(18)).decode()
        login = login.replace("=", "=3D").replace(",", "=2C")
        self.bare = f"n={login},r={self.nonce}"

    def first(self):
        return (self.header + self.bare).encode()

    def last(self, challenge):
        """The client's last message; `self.signature` is then what the server must say."""
        challenge = challenge.decode()
        fields = dict(part.split("=", 1) for part in challenge.split(","))
        assert fields["r"].startswith(self.nonce) and len(fields["r"]) > len(self.nonce)
        assert int(fields["i"]) >= 4096
        self.salt = fields["s"]
        salted = hashlib.pbkdf2_hmac(self.hash, self.password, base64.b64decode(fields["s"]), int(fields["i"]))
        sign = lambda key, text: hmac.new(key, text, self.hash).digest()
        key = sign(salted, b"Client Key")
        stored = hashlib.new(self.hash, key).digest()
        bound = base64.b64encode(self.header.encode() + self.binding).decode()
        last = f"c={bound},r={fields['r']}"
        said = f"{self.bare},{challenge},{last}".encode()
        proof = bytes(a ^ b for a, b in zip(key, sign(stored, said)))
        self.signature = b"v=" + base64.b64encode(sign(sign(salted, b"Server Key"), said))
        return f"{last},p={base64.b64encode(proof).decode()}".encode()


def over_imap(client, mechanism, scram, initial=True):
    """The tagged line of a login; the server's signature is checked."""
    encode = lambda octets: base64.b64encode(octets).decode()
    first = f" {encode(scram.first())}" if initial else ""
    tag = client.start(f"AUTHENTICATE {mechanism}{first}").encode()
    answers = [scram.last]
    if not initial:
        answers.insert(0, lambda _: scram.first())
    while True:
        line = client.line()
        if line.startswith(tag + b" "):
            return line[len(tag) + 1:].decode()
        assert line.startswith(b"+ "), line
        challenge = base64.b64decode(line[2:])
        if answers:
            client.send(encode(answers.pop(0)(challenge)) + "\r\n")
        else:
            assert challenge == scram.signature, "the server does not know the password"
            client.send("\r\n")


def over_smtp(client, mechanism, scram):
    """The last reply's code."""
    encode = lambda octets: base64.b64encode(octets).decode()
    code, text = client.do(f"AUTH {mechanism} {encode(scram.first())}")
    if code == 334:
        code, text = client.do(encode(scram.last(base64.b64decode(text))))
    if code == 334:
        assert base64.b64decode(text) == scram.signature
        code, text = client.do("")
    return code
