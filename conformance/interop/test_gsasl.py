"""SCRAM with a library that is not ours: GNU SASL's own client. (Over SMTP it says STARTTLS before EHLO.)"""

import pytest

from blackbox import client


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"])
def test_a_login(server, mechanism):
    """It proves the password to the server, and checks what the server proves; a wrong one is refused."""
    user, password = server.alice

    def log_in(word):
        return client.run("gsasl", "--imap", "--connect", f"localhost:{server.port('imap')}", "--mechanism", mechanism, "--starttls",
                          "--x509-ca-file", server.ca, "--authentication-id", user, "--authorization-id", "",
                          "--password", word, "--no-cb", stdin="", check=False, timeout=30)
    good = log_in(password)
    assert good.returncode == 0, good.stdout + good.stderr
    bad = log_in(password + "x")
    assert bad.returncode != 0, bad.stdout + bad.stderr
