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
    gone = ("ESEARCH", "SEARCHRES", "CONTEXT=SEARCH", "STATUS=SIZE")
    assert told(server.bob[1]) == [name for name in before if name not in gone]
    assert "IDLE" not in told(app["password"]) and "ESEARCH" not in told(app["password"])
    assert "ESEARCH" in imap.connect(server, server.alice).ok("CAPABILITY")[0].decode()
    server.command("account", "set", server.bob[0], "--hide-capability", "", *config)
    assert told(server.bob[1]) == before


def test_what_needs_a_hidden_one_is_not_told_either(server):
    config = ("--config", str(server.config_file()))

    def told():
        return set(imap.connect(server, server.bob).ok("CAPABILITY")[0].decode().split())

    before = told()
    server.command("account", "set", server.bob[0], "--hide-capability", "ACL,QUOTA,CONDSTORE", *config)
    assert before - told() == {"ACL", "RIGHTS=texk", "LIST-MYRIGHTS", "QUOTA", "QUOTA=RES-STORAGE", "QUOTA=RES-MESSAGE",
                               "QUOTASET", "CONDSTORE", "QRESYNC"}
    server.command("account", "set", server.bob[0], "--hide-capability", "", *config)
    assert told() == before


def test_a_name_that_no_capability_has_is_refused_and_changes_nothing(server):
    config = ("--config", str(server.config_file()))
    made = server.command("account", "app-password", "add", server.bob[0], "tablet", "--json", *config)
    number = str(json.loads(made.stdout)["id"])
    for which in (("set", server.bob[0]), ("app-password", "set", server.bob[0], number)):
        refused = server.command("account", *which, "--hide-capability", "IDLE,COMPRES", *config, check=False)
        assert refused.returncode != 0 and "COMPRES: no capability of this server" in refused.stderr
        assert "COMPRESS" in refused.stderr
    assert b"IDLE" in imap.connect(server, server.bob).ok("CAPABILITY")[0]
