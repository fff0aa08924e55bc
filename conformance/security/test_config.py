"""What the configuration must refuse, and what files must not be readable by others."""

import stat

import pytest

CLEAR = '\n[[listener]]\nprotocol = "{}"\nbind = "{}"\ntls = "{}"\ncleartext_auth = true\n'


def check(server, addition):
    path = server.config_file().with_name("changed.toml")
    text = server.config_file().read_text()
    path.write_text(text + addition)
    return server.command("check", "--config", str(path), check=False), len(text.splitlines())


@pytest.mark.parametrize("bind", ["0.0.0.0:9143", "[::]:9143", "192.0.2.1:9143"])
@pytest.mark.parametrize("protocol,tls", [("imap", "none"), ("imap", "starttls"), ("submission", "none"), ("webdav", "none")])
def test_passwords_in_the_clear_only_on_loopback(server, bind, protocol, tls):
    done, before = check(server, CLEAR.format(protocol, bind, tls))
    assert done.returncode != 0
    told = done.stdout + done.stderr
    assert any(f"{number}" in told for number in range(before + 1, before + 8)), f"no line number: {told}"


def test_loopback_is_allowed(server):
    done, _ = check(server, CLEAR.format("imap", f"127.0.0.1:{server.base + 83}", "none"))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("addition", ["\n[limit]\n", "\n[[listener]]\nprotocol = \"gopher\"\nbind = \"127.0.0.1:70\"\ntls = \"none\"\n",
                                      "\n[[listener]]\nprotocol = \"imap\"\nbind = \"here\"\ntls = \"none\"\n",
                                      "\n[[listener]]\nprotocol = \"imap\"\nbind = \"127.0.0.1:9143\"\ntls = \"none\"\nhurry = true\n",
                                      "\n[[listener\n"])
def test_mistakes_are_told_with_their_line(server, addition):
    done, before = check(server, addition)
    assert done.returncode != 0
    told = done.stdout + done.stderr
    assert any(f"{number}" in told for number in range(before, before + 8)), f"no line number: {told}"


def test_secrets_are_private(server):
    """Keys, passwords and the store are readable by the owner only."""
    for path in server.data.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        secret = path.suffix == ".key" or "key" in path.name or path.name == "quickstart.json"
        if secret and path.is_file():
            assert mode & 0o077 == 0, f"{path.name}: {mode:o}"
    assert stat.S_IMODE(server.data.stat().st_mode) & 0o007 == 0


def test_passwords_are_not_in_the_log_or_store(server):
    """Neither in clear text in any file but the card for people."""
    secrets = [server.alice[1].encode(), server.bob[1].encode()]
    for path in server.data.rglob("*"):
        if path.is_file() and path.name != "quickstart.json":
            data = path.read_bytes()
            assert not any(secret in data for secret in secrets), path.name
