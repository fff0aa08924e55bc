"""Short scripts, one for each family of changes, for cutting the power at each of their syncs.

Each is a client of `workers` that does only one kind of thing. `prepare` makes what it needs, `step` does one change,
`check` compares what was acknowledged with what is there.
"""

import json
import re
import urllib.parse

import workers

from blackbox import dav, imap


class Appender(workers.Mailer):
    """APPEND."""

    KINDS = ("append",)

    def step(self):
        box = self.boxes[0] if self.model[self.boxes[0]] else self.boxes[1]
        held = sorted(self.model[box])
        kind = self.dice.choice(self.KINDS) if held else "append"
        getattr(self, kind)(box, self.dice.choice(held) if held else None)


class Storer(Appender):
    """STORE."""

    KINDS = ("store",)


class Copier(Appender):
    """COPY."""

    KINDS = ("copy",)


class Mover(Appender):
    """MOVE there and back."""

    KINDS = ("move",)


class Expunger(Appender):
    """APPEND, STORE, EXPUNGE in turns."""

    KINDS = ("append", "expunge")


class Boxer(workers.Worker):
    """CREATE, RENAME, DELETE, SUBSCRIBE of mailboxes, with their children."""

    def __init__(self, server, seed, number):
        super().__init__(server, seed, number)
        self.model = set()

    def prepare(self):
        pass

    def open(self):
        self.session = imap.connect(self.server, self.server.alice)

    def step(self):
        roots = sorted(name for name in self.model if "/" not in name)
        kind = self.dice.choice(["create", "create", "rename", "delete"] if roots else ["create"])
        getattr(self, kind)(self.dice.choice(roots) if roots else None)

    def change(self, command, after):
        self.flight = after
        self.session.ok(command)
        self.model = after

    def create(self, _):
        name = self.unique()
        self.change(f'CREATE "{name}"', self.model | {name})
        self.change(f'CREATE "{name}/below"', self.model | {f"{name}/below"})

    def rename(self, name):
        new = self.unique()
        moved = {new + held.removeprefix(name) if (held + "/").startswith(name + "/") else held for held in self.model}
        self.change(f'RENAME "{name}" "{new}"', moved)

    def delete(self, name):
        for gone in sorted((held for held in self.model if (held + "/").startswith(name + "/")), reverse=True):
            self.change(f'DELETE "{gone}"', self.model - {gone})

    def check(self):
        session = imap.connect(self.server, self.server.alice)
        lines = session.ok('LIST "" "boxer-*"')
        session.logout()
        seen = {re.search(rb'(boxer-[^"\s]+)', line).group(1).decode() for line in lines
                if b"NonExistent" not in line and b"boxer-" in line}
        assert seen in (self.model, self.flight), f"mailboxes: {seen}, model {self.model}, flight {self.flight}"
        self.model, self.flight = seen, None


class Tree(workers.Worker):
    """MKCOL, PUT, COPY, MOVE and DELETE of folders with what is in them."""

    def __init__(self, server, seed, number):
        super().__init__(server, seed, number)
        self.path = dav.files(server.alice[0], f"tree-{number}/")
        self.model = {}  # path below: digest, or None for a folder

    def prepare(self):
        session = dav.connect(self.server, self.server.alice)
        assert session.do("MKCOL", self.path).status == 201
        session.close()

    def open(self):
        self.session = dav.connect(self.server, self.server.alice)

    def step(self):
        folders = sorted(path for path in self.model if "/" not in path)
        kind = self.dice.choice(["grow", "move", "copy", "delete"] if folders else ["grow"])
        getattr(self, kind)(self.dice.choice(folders) if folders else None)

    def change(self, method, path, after, body=None, target=None):
        headers = {"Destination": self.server.url("https", self.path + target)} if target else None
        self.flight = after
        answer = self.session.do(method, self.path + path, body, headers)
        assert answer.status in (201, 204), answer
        self.model = after

    def grow(self, _):
        folder = self.unique()
        self.change("MKCOL", folder, self.model | {folder: None})
        for size in (100, 30_000):
            body = self.dice.randbytes(size)
            self.change("PUT", f"{folder}/{size}", self.model | {f"{folder}/{size}": workers.digest(body)}, body)

    def below(self, folder):
        return {path: held for path, held in self.model.items() if (path + "/").startswith(folder + "/")}

    def copied(self, folder, new):
        return {new + path.removeprefix(folder): held for path, held in self.below(folder).items()}

    def move(self, folder):
        new = self.unique()
        rest = {path: held for path, held in self.model.items() if path not in self.below(folder)}
        self.change("MOVE", folder, rest | self.copied(folder, new), target=new)

    def copy(self, folder):
        new = self.unique()
        self.change("COPY", folder, self.model | self.copied(folder, new), target=new)

    def delete(self, folder):
        self.change("DELETE", folder, {path: held for path, held in self.model.items() if path not in self.below(folder)})

    def check(self):
        session = dav.connect(self.server, self.server.alice)
        seen = self.read(session, "")
        session.close()
        assert seen in (self.model, self.flight), f"tree: {seen}\nmodel {self.model}\nflight {self.flight}"
        self.model, self.flight = seen, None

    def read(self, session, folder):
        seen = {}
        listed = session.propfind(urllib.parse.quote(self.path + folder), "D:resourcetype", depth=1).multistatus()
        for href, entry in listed.items():
            path = urllib.parse.unquote(href).rstrip("/").removeprefix(self.path)
            if path == folder.rstrip("/") or href.rstrip("/") == self.path.rstrip("/"):
                continue
            if entry["{DAV:}resourcetype"][1].find("{DAV:}collection") is not None:
                seen[path] = None
                seen.update(self.read(session, path + "/"))
            else:
                seen[path] = workers.digest(session.get(href).body)
        return seen


class Maker(workers.Worker):
    """MKCALENDAR, PROPPATCH and DELETE of calendars."""

    def __init__(self, server, seed, number):
        super().__init__(server, seed, number)
        self.home = dav.calendars(server.alice[0], "")
        self.model = {}  # name: display name

    def prepare(self):
        pass

    def open(self):
        self.session = dav.connect(self.server, self.server.alice)

    def step(self):
        held = sorted(self.model)
        kind = self.dice.choice(["make", "label", "label", "delete"] if held else ["make"])
        name, label = self.unique() if kind == "make" else self.dice.choice(held), self.unique()
        after = {key: value for key, value in self.model.items() if key != name}
        if kind != "delete":
            after[name] = label
        self.flight = after
        prop = f"<D:set><D:prop><D:displayname>{label}</D:displayname></D:prop></D:set>"
        if kind == "make":
            body = f'<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">{prop}</C:mkcalendar>'
            answer = self.session.do("MKCALENDAR", f"{self.home}{name}/", body)
        elif kind == "label":
            body = f'<D:propertyupdate xmlns:D="DAV:">{prop}</D:propertyupdate>'
            answer = self.session.do("PROPPATCH", f"{self.home}{name}/", body)
        else:
            answer = self.session.delete(f"{self.home}{name}/")
        assert answer.status in (201, 204, 207), answer
        self.model = after

    def check(self):
        session = dav.connect(self.server, self.server.alice)
        listed = session.propfind(self.home, "D:displayname", depth=1).multistatus()
        session.close()
        seen = {}
        for href, entry in listed.items():
            name = urllib.parse.unquote(href).rstrip("/").rsplit("/", 1)[1]
            if name.startswith("maker-"):
                seen[name] = entry["{DAV:}displayname"][1].text
        assert seen in (self.model, self.flight), f"calendars: {seen}, model {self.model}, flight {self.flight}"
        self.model, self.flight = seen, None


class Locker(workers.Worker):
    """LOCK and UNLOCK of files: an acknowledged lock holds off everybody without its token."""

    LOCKINFO = ('<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>'
                "<D:owner>locker</D:owner></D:lockinfo>")

    def __init__(self, server, seed, number):
        super().__init__(server, seed, number)
        self.names = [f"locked-{number}-{each}" for each in range(4)]
        self.model = {}  # name: token

    def path(self, name):
        return dav.files(self.server.alice[0], name)

    def prepare(self):
        session = dav.connect(self.server, self.server.alice)
        for name in self.names:
            assert session.put(self.path(name), b"text").status == 201
        session.close()

    def open(self):
        self.session = dav.connect(self.server, self.server.alice)

    def step(self):
        name = self.dice.choice(self.names)
        self.flight = name
        if name in self.model:
            answer = self.session.do("UNLOCK", self.path(name), headers={"Lock-Token": f"<{self.model[name]}>"})
            assert answer.status == 204, answer
            del self.model[name]
            return
        answer = self.session.do("LOCK", self.path(name), self.LOCKINFO, {"Timeout": "Second-3600"})
        assert answer.status == 200, answer
        self.model[name] = answer.headers["lock-token"].strip("<>")

    def check(self):
        session = dav.connect(self.server, self.server.alice)
        seen = {}
        for name in self.names:
            told = session.propfind(self.path(name), "D:lockdiscovery").multistatus()
            _, found = next(iter(told.values()))["{DAV:}lockdiscovery"]
            token = found.find(".//{DAV:}locktoken/{DAV:}href") if found is not None else None
            if token is not None:
                seen[name] = token.text.strip()
        session.close()
        wrong = {name for name in self.names if seen.get(name) != self.model.get(name)}
        assert wrong <= {self.flight}, f"locks: {seen}, model {self.model}, flight {self.flight}"
        self.model, self.flight = seen, None


class Clerk(workers.Worker):
    """Accounts, aliases and groups, by commands on the running server."""

    def __init__(self, server, seed, number):
        super().__init__(server, seed, number)
        self.model = {}  # address: disabled

    def prepare(self):
        pass

    def open(self):
        pass

    def command(self, *words, stdin=""):
        done = self.server.command(*words, "--config", str(self.server.config_file()), check=False, stdin=stdin)
        if done.returncode != 0:
            raise ConnectionError(done.stderr)
        return done.stdout

    def step(self):
        held = sorted(self.model)
        kind = self.dice.choice(["add", "add", "turn"] if held else ["add"])
        if kind == "add":
            address = f"{self.unique()}@example.org"
            self.flight = self.model | {address: False}
            self.command("account", "add", address, "--password-stdin", stdin="a long password\n")
        else:
            address = self.dice.choice(held)
            self.flight = self.model | {address: not self.model[address]}
            self.command("account", "enable" if self.model[address] else "disable", address)
        self.model = self.flight

    def check(self):
        seen = {account["address"]: bool(account["disabled"]) for account in json.loads(self.command("account", "list", "--json"))
                if account["address"].startswith("clerk-")}
        assert seen in (self.model, self.flight), f"accounts: {seen}, model {self.model}, flight {self.flight}"
        self.model, self.flight = seen, None


ALL = {"append": Appender, "store": Storer, "copy": Copier, "move": Mover, "expunge": Expunger, "mailboxes": Boxer,
       "submission": workers.Sender, "calendar": workers.Planner, "files": workers.Filer, "trees": Tree,
       "calendars": Maker, "locks": Locker, "accounts": Clerk}
