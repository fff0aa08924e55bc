"""Capabilities that an administrator hides from an account or from one app password."""

import json

from blackbox import imap


def test_what_is_hidden_is_not_told(server):
    config = ("--config", str(server.config_file()))
    made = server.command("account", "app-password", "add", server.bob[0], "phone", "--json", *config)
    app = json.loads(made.stdout)

    def told(secret):
        client = imap.connect(server, (server.bob[0], secret))
        return client.ok("CAPABILITY")[0].decode().split()

    before = told(server.bob[1])
    assert {"IDLE", "ESEARCH", "STATUS=SIZE"} <= set(before)
    shown = server.command("account", "set", server.bob[0], "--hide-capability", "esearch,STATUS=SIZE", "--json", *config)
    assert json.loads(shown.stdout)["hidden_capabilities"] == ["ESEARCH", "STATUS=SIZE"]
    server.command("account", "app-password", "set", server.bob[0], str(app["id"]), "--hide-capability", "IDLE", *config)
    assert told(server.bob[1]) == [name for name in before if name not in ("ESEARCH", "STATUS=SIZE")]
    assert "IDLE" not in told(app["password"]) and "ESEARCH" not in told(app["password"])
    assert "ESEARCH" in imap.connect(server, server.alice).ok("CAPABILITY")[0].decode()
    server.command("account", "set", server.bob[0], "--hide-capability", "", *config)
    assert told(server.bob[1]) == before
