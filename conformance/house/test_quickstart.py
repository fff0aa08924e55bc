"""One command makes an installation, and the same command serves it again."""

import json
import os
import random
import signal
import ssl
import stat
import subprocess
import time

import pytest

from blackbox import imap, server as servers

ROOT = servers.ROOT


def test_the_card_is_as_promised(server):
    card = json.loads((server.data / "quickstart.json").read_text())
    assert [account["address"] for account in card["accounts"]] == ["alice@example.org", "bob@example.org"]
    assert card["ports"] == {name: server.base + offset for name, offset in servers.OFFSETS.items()}
    assert os.path.isabs(card["ca"]) and os.path.exists(card["ca"])
    assert len({account["password"] for account in card["accounts"]}) == 2
    deadline = time.monotonic() + 10
    while "Ctrl-C" not in server.log() and time.monotonic() < deadline:
        time.sleep(0.05)
    printed = server.log()
    for account in card["accounts"]:
        assert account["address"] in printed and account["password"] in printed
    for port in card["ports"].values():
        assert str(port) in printed


def test_what_is_written_is_private(server):
    for path in server.data.rglob("*"):
        assert stat.S_IMODE(path.lstat().st_mode) & 0o077 == 0 or path.is_symlink(), path


def test_it_listens_on_loopback_only(server):
    ports = set(server.card["ports"].values())
    for table, length in (("/proc/net/tcp", 8), ("/proc/net/tcp6", 32)):
        for line in open(table).read().splitlines()[1:]:
            address, port = line.split()[1].split(":")
            if line.split()[3] == "0A" and int(port, 16) in ports:
                assert address == "0100007F", f"{port} is open to {address}"


@pytest.mark.parametrize("maker", ["quickstart", "script"])
def test_the_certificate_satisfies_strict_clients(server, tmp_path, maker):
    folder = server.data / "tls"
    if maker == "script":
        folder = tmp_path / "made"
        subprocess.run(["sh", str(ROOT / "certs" / "make-dev-ca.sh"), str(folder), "mail.example.org"], check=True,
                       capture_output=True)
    verify = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", str(folder / "ca.pem")]
    for name in (["-verify_hostname", "localhost"], ["-verify_ip", "127.0.0.1"], ["-verify_ip", "::1"]):
        subprocess.run([*verify, *name, str(folder / "server.pem")], check=True, capture_output=True)
    text = subprocess.run(["openssl", "x509", "-in", str(folder / "server.pem"), "-noout", "-text"], check=True,
                          capture_output=True, text=True).stdout
    for part in ("TLS Web Server Authentication", "CA:FALSE", "DNS:localhost", "Digital Signature"):
        assert part in text
    days = ["openssl", "x509", "-in", str(folder / "server.pem"), "-noout", "-checkend"]
    assert subprocess.run([*days, str(700 * 86400)], capture_output=True).returncode == 0
    assert subprocess.run([*days, str(825 * 86400)], capture_output=True).returncode == 1, "Apple takes 825 days"
    assert not list(folder.glob("ca.key")), "the CA's key shall not lie about"


def test_a_second_run_serves_what_is_there():
    made = servers.Server().start()
    try:
        before = made.card
        session = imap.connect(made, made.alice)
        session.append("INBOX", b"Subject: kept\r\n\r\nkept\r\n")
        session.close()
        assert made.stop() == 0
        made.restart()
        assert made.card == before
        session = imap.connect(made, made.alice)
        assert session.select("INBOX")["exists"] == 1
        session.logout()
    finally:
        made.dispose()


def test_other_ports_are_not_taken_silently():
    made = servers.Server().start()
    try:
        made.stop()
        made._spawn("quickstart", "--data", str(made.data), "--port-base", str(made.base + 1))
        assert made.card["ports"]["imap"] == made.base + 143
        assert "they stay" in made.log()
    finally:
        made.dispose()


def test_a_quickstart_that_was_killed_begins_anew():
    """Killed at any moment before the card is there, the next run finishes the work."""
    made = servers.Server()
    try:
        for number in range(12):
            made.data = made.folder / f"data{number}"
            process = subprocess.Popen([servers.binary(), "quickstart", "--data", str(made.data), "--port-base",
                                        str(made.base)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(random.uniform(0.005, 0.4))
            process.send_signal(signal.SIGKILL)
            process.wait()
            made.start()
            for account in (made.alice, made.bob):
                imap.connect(made, account).logout()
            made.stop()
    finally:
        made.dispose()


def test_another_installation_is_not_written_over(tmp_path):
    text = '[server]\nhostname = "mail.example.org"\ndata = "."\n'
    there = tmp_path / "there"
    there.mkdir()
    (there / "collegium.toml").write_text(text)
    done = subprocess.run([servers.binary(), "quickstart", "--data", str(there)], capture_output=True, text=True,
                          timeout=30)
    assert done.returncode == 1 and "another installation" in done.stderr
    assert (there / "collegium.toml").read_text() == text and len(list(there.iterdir())) == 1


def test_two_at_once_on_one_directory(server):
    """The second is told that the first is there, and breaks nothing."""
    done = server.command("quickstart", "--data", str(server.data), "--port-base", str(server.base), check=False)
    assert done.returncode == 1 and "in use" in done.stderr.lower(), done.stderr
    other = server.folder / "other.toml"
    plain = f'[[listener]]\nprotocol = "imap"\nbind = "127.0.0.1:{server.base + 82}"\ntls = "none"\ncleartext_auth = true\n'
    other.write_text(f'[server]\nhostname = "localhost"\ndata = "{server.data}"\n{plain}')
    done = server.command("serve", "--config", str(other), check=False)
    assert done.returncode == 1 and "another process" in done.stderr, done.stderr
    imap.connect(server, server.alice).logout()
    assert json.loads(server.command("account", "list", "--json", "--config", str(server.config_file())).stdout)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_refused(server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(server.ca)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, OSError)):
        imap.Imap("localhost", server.port("imaps"), context)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = server.tls()
        context.minimum_version = context.maximum_version = version
        imap.Imap("localhost", server.port("imaps"), context).close()


def test_a_data_directory_may_lie_deep():
    """The path of a Unix socket is short; the data directory's need not be."""
    made = servers.Server()
    try:
        made.data = made.folder / ("d" * 90) / ("e" * 90) / "data"
        made.start()
        rows = json.loads(made.command("account", "list", "--json", "--config", str(made.config_file())).stdout)
        assert len(rows) == 2 and (made.data / "admin.sock").is_socket()
        assert made.stop() == 0 and not (made.data / "admin.sock").exists()
    finally:
        made.dispose()
