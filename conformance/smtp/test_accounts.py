"""What a change of an account means to a session that has logged in before it."""

import time

from blackbox import mail, smtp


def test_whoever_is_kept_out_sends_nothing_more(server):
    account = (f"closed-{time.monotonic_ns()}@example.org", "closed-password-1")
    server.add_account(*account)
    config = str(server.config_file())
    session = smtp.connect(server, account)
    assert session.submit(account[0], [account[0]], mail.message(1, 400, sender=account[0]))[0] == 250
    for state, code in (("disable", 553), ("enable", 250)):
        server.command("account", state, account[0], "--config", config)
        assert session.do(f"MAIL FROM:<{account[0]}>")[0] == code
    assert session.do(f"RCPT TO:<{account[0]}>")[0] == 250
    server.command("account", "disable", account[0], "--config", config)
    assert session.do("DATA")[0] == 550, "also what was begun before"
    session.close()
