"""imapclient's own live tests, as its authors run them against servers; what fails of them fails with any server, or
asks for what the RFC leaves to a server."""

import re
import sys

from blackbox import client

NOT_OURS = {
    "test_getacl": "takes a setting by a subscript that its configuration does not have",
    "test_fetch": "compares a dataclass as a sequence, behind what it checks of the reply",
    "test_move": "without UIDs calls a method that imaplib does not have",
    "test_small_connection_timeout_fail": "hopes that loopback takes longer than its timeout",
    "test_small_read_timeout_fail": "hopes that a login takes longer than its timeout",
    "test_subscriptions": "wants SUBSCRIBE of what is not there refused, which RFC 9051 6.3.7 leaves open",
}


def test_live(server, own_home):
    """All that this server's capabilities allow; Gmail's own and Exchange's are skipped."""
    user, password = server.alice
    path = own_home / "live.ini"
    path.write_text(f"[DEFAULT]\nhost = localhost\nport = {server.port('imaps')}\nusername = {user}\n"
                    f"password = {password.replace('%', '%%')}\nssl = true\nssl_ca_file = {server.ca}\ntimeout = 30\n")
    done = client.run(sys.executable, "-m", "imapclient.livetest", str(path), "-v", check=False, timeout=240)
    told = done.stdout + done.stderr
    failed = set(re.findall(r"^(?:FAIL|ERROR): (\w+)", told, re.M))
    assert failed <= set(NOT_OURS), f"{failed - set(NOT_OURS)}\n{told[-6000:]}"
    ran, skipped = re.search(r"Ran (\d+) tests", told), re.search(r"skipped=(\d+)", told)
    assert int(ran.group(1)) - int(skipped.group(1) if skipped else 0) - 2 * len(failed) >= 40, told[-3000:]
