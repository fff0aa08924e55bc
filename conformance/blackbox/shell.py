"""The command on a server's configuration, whether it runs or not."""

import json


class Shell:
    """Calls the binary with the server's configuration."""

    def __init__(self, server, config=None):
        self.server = server
        self.config = config or server.config_file()

    def __call__(self, *arguments, check=True, timeout=60):
        return self.server.command(*map(str, arguments), "--config", str(self.config), check=check, timeout=timeout)

    def json(self, *arguments, check=True, timeout=60):
        return json.loads(self(*arguments, "--json", check=check, timeout=timeout).stdout)

    def refused(self, *arguments, timeout=60):
        done = self(*arguments, check=False, timeout=timeout)
        assert done.returncode == 1 and done.stderr.strip(), done
        return done.stderr
