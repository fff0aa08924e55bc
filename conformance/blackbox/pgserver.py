"""A server on PostgreSQL: what `quickstart` has made, moved there with `migrate-store`, and served from there."""

import atexit
import itertools
import json
import os
import re

from blackbox import postgres, server as servers

_numbers = itertools.count()
_shared = []


def shared():
    """One cluster for all servers of this test process."""
    if not _shared:
        _shared.append(postgres.Cluster().start())
        atexit.register(over)
    return _shared[0]


def over():
    """Ends it, if there is one."""
    while _shared:
        _shared.pop().dispose()


class Server(servers.Server):
    """As `servers.Server`; `cluster` is its own when a test breaks it."""

    def __init__(self, extra_config="", parent=None, cluster=None, url=None):
        super().__init__(extra_config, parent)
        self.cluster = cluster or shared()
        self.url_of_database = url or self.cluster.url()
        self.schema = f"blackbox_{os.getpid()}_{next(_numbers)}"
        self.database_config = self.data / "postgres.toml"

    def start(self):
        super().start()
        self.stop()
        self.write_config(self.database_config, "node-1")
        self.migrate()
        self._spawn("serve", "--config", str(self.database_config))
        return self

    def migrate(self):
        return self.command("migrate-store", "--config", str(super().config_file()), "--to",
                            str(self.database_config), timeout=120)

    def write_config(self, path, folder, ports=None):
        text = super().config_file().read_text()
        text, count = re.subn(r"(?m)^data = .*$", f'data = "{folder}"', text)
        assert count == 1, text
        store = f'[store]\nengine = "postgres"\nurl = "{self.url_of_database}"\nschema = "{self.schema}"\n'
        text = text.replace("[store]\n", store) if "[store]\n" in text else f"{text}\n{store}"
        for old, new in (ports or {}).items():
            text = re.sub(rf":{old}\"", f':{new}"', text)
        path.write_text(text)

    def restart(self):
        self._spawn("serve", "--config", str(self.database_config))
        return self

    def config_file(self):
        return self.database_config if self.database_config.exists() else super().config_file()

    def twin(self):
        """A second process on the same database, with ports and a data directory of its own."""
        return Twin(self)


class Twin(Server):
    """Shares everything but the process with the server it was made from."""

    def __init__(self, first):
        self.first = first
        self.folder, self.data, self.extra_config, self.plain_http = first.folder, first.data, "", None
        self.cluster, self.url_of_database, self.schema = first.cluster, first.url_of_database, first.schema
        self.ports_taken = servers.PortBase()
        self.base = self.ports_taken.base
        self.process = None
        self.card = json.loads(json.dumps(first.card))
        self.card["ports"] = {name: self.base + port - first.base for name, port in first.card["ports"].items()}
        self.database_config = first.data / "postgres-2.toml"
        moved = {port: self.card["ports"][name] for name, port in first.card["ports"].items()}
        self.write_config(self.database_config, "node-2", moved)

    def start(self):
        return self.restart()

    def _answers(self):
        card = self.card
        try:
            return super()._answers()
        finally:
            self.card = card

    def dispose(self):
        self.kill()
        self.ports_taken.release()
