"""Clients under which the server is killed. Each owns what it changes, so that it knows exactly what must be there.

A worker has at most one operation in flight. `model` is what was acknowledged; `flight` is what was asked and not
answered when the connection broke. `check` compares the model with the restarted server: the flight is whole or
absent, everything else is there to the octet, and nothing more.
"""

import hashlib
import random
import re
import ssl
import time
import urllib.parse

from blackbox import dav, imap, mail, smtp

BROKEN = (OSError, ssl.SSLError, imap.ImapError, ConnectionError, ValueError, IndexError, EOFError, dav.http.client.HTTPException)


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Worker:
    """A client with its own dice. `run` works until the server dies or `over` is set."""

    def __init__(self, server, seed, number):
        self.server, self.number = server, number
        self.dice = random.Random(f"{seed}-{type(self).__name__}-{number}")
        self.flight = None
        self.acknowledged = 0
        self.failure = None
        self.serial = 0

    def run(self, over):
        try:
            self.open()
        except BROKEN:
            return
        while not over.is_set():
            try:
                self.step()
                self.flight = None
                self.acknowledged += 1
            except BROKEN as error:
                if not over.is_set() and self.server.process.poll() is None and not self.server_dying:
                    self.failure = self.failure or f"{type(self).__name__}: {self.flight}: {error!r}"
                return
            except AssertionError as error:
                if self.server_dying and "given again" not in str(error) and "two things" not in str(error):
                    return  # refused because it is going down: not acknowledged
                self.failure = f"{type(self).__name__}: {self.flight}: {error}"
                return

    server_dying = False

    def unique(self):
        self.serial += 1
        return f"{type(self).__name__.lower()}-{self.number}-{self.serial}-{self.dice.getrandbits(32):08x}"


class Mailer(Worker):
    """IMAP: APPEND, STORE, COPY, MOVE, EXPUNGE over two mailboxes of its own."""

    def __init__(self, server, seed, number):
        super().__init__(server, seed, number)
        self.boxes = [f"kill-{number}-a", f"kill-{number}-b"]
        self.model = {box: {} for box in self.boxes}     # uid: (digest, flags)
        self.highest = {box: 0 for box in self.boxes}    # the highest UID ever given
        self.uidnext = {box: 0 for box in self.boxes}
        self.validity = {}
        self.session = None

    def prepare(self):
        session = imap.connect(self.server, self.server.alice)
        for box in self.boxes:
            session.ok(f'CREATE "{box}"')
            self.validity[box] = session.select(box)["uidvalidity"]
        session.logout()

    def open(self):
        self.session = imap.connect(self.server, self.server.alice)
        self.selected = None

    def select(self, box):
        if self.selected != box:
            self.session.select(box)
            self.selected = box

    def step(self):
        box = self.dice.choice(self.boxes)
        held = self.model[box]
        kinds = ["append"] * 5 + (["store"] * 2 + ["copy", "move", "move", "expunge"] if held else [])
        kind = self.dice.choice(kinds)
        getattr(self, kind)(box, self.dice.choice(sorted(held)) if held else None)

    def append(self, box, _):
        octets = mail.message(self.dice.getrandbits(30), self.dice.choice([300, 3000, 30_000, 90_000]),
                              subject=self.unique())
        flags = frozenset(self.dice.sample(["\\Seen", "\\Flagged", "$Kept"], self.dice.randrange(3)))
        self.flight = ("append", box, (digest(octets), flags))
        _, uid = self.session.append(box, octets, " ".join(flags))
        self.gave(box, uid)
        self.model[box][uid] = (digest(octets), flags)

    def store(self, box, uid):
        body, flags = self.model[box][uid]
        flag = self.dice.choice(["\\Seen", "\\Answered", "$Kept"])
        after = flags ^ {flag}
        self.select(box)
        self.flight = ("store", box, uid, (body, after))
        self.session.ok(f"UID STORE {uid} {'+' if flag in after else '-'}FLAGS.SILENT ({flag})")
        self.model[box][uid] = (body, after)

    def other(self, box):
        return self.boxes[1 - self.boxes.index(box)]

    def copy(self, box, uid):
        self.select(box)
        self.flight = ("copy", box, uid, self.model[box][uid])
        self.session.ok(f'UID COPY {uid} "{self.other(box)}"')
        self.copied(box, uid, self.session.status)

    def move(self, box, uid):
        self.select(box)
        self.flight = ("move", box, uid, self.model[box][uid])
        lines = self.session.ok(f'UID MOVE {uid} "{self.other(box)}"')
        self.copied(box, uid, b" ".join(lines) + self.session.status)
        del self.model[box][uid]

    def copied(self, box, uid, told):
        new = int(re.search(rb"COPYUID \d+ \d+ (\d+)", told).group(1))
        self.gave(self.other(box), new)
        self.model[self.other(box)][new] = self.model[box][uid]

    def expunge(self, box, uid):
        self.select(box)
        body, flags = self.model[box][uid]
        self.flight = ("store", box, uid, (body, flags | {"\\Deleted"}))
        self.session.ok(f"UID STORE {uid} +FLAGS.SILENT (\\Deleted)")
        self.model[box][uid] = (body, flags | {"\\Deleted"})
        self.flight = ("expunge", box, uid, self.model[box][uid])
        self.session.ok(f"UID EXPUNGE {uid}")
        del self.model[box][uid]

    def gave(self, box, uid):
        assert uid > self.highest[box], f"{box}: UID {uid} given again, {self.highest[box]} was given before"
        self.highest[box] = uid

    def check(self):
        """Fails unless the server holds the model, give or take the flight."""
        session = imap.connect(self.server, self.server.alice)
        seen = {box: self.read(session, box) for box in self.boxes}
        session.logout()
        missing = [(box, uid, entry) for box in self.boxes for uid, entry in self.model[box].items()
                   if seen[box].get(uid) != entry]
        extra = [(box, uid, entry) for box in self.boxes for uid, entry in seen[box].items()
                 if self.model[box].get(uid) != entry]
        assert self.explained(missing, extra), \
            f"imap {self.number}: flight {self.flight}\nmissing {missing}\nextra {extra}"
        for box, uid, _ in extra:
            if uid not in self.model[box]:
                self.gave(box, uid)
        self.model, self.flight = seen, None

    def explained(self, missing, extra):
        if not missing and not extra:
            return True
        if not self.flight:
            return False
        kind, box, *rest = self.flight
        if kind == "append":
            return not missing and len(extra) == 1 and extra[0][0] == box and extra[0][2] == rest[0]
        uid, entry = rest
        if kind == "store":
            return [(b, u) for b, u, _ in missing] == [(box, uid)] and extra == [(box, uid, entry)]
        if kind == "expunge":
            return missing == [(box, uid, entry)] and not extra
        arrived = len(extra) == 1 and extra[0][0] == self.other(box) and extra[0][2] == entry
        return arrived and missing == ([(box, uid, entry)] if kind == "move" else [])

    def read(self, session, box):
        told = session.select(box)
        assert told["uidvalidity"] == self.validity[box], f"{box}: UIDVALIDITY changed"
        assert told["uidnext"] >= self.uidnext[box] and told["uidnext"] > self.highest[box], \
            f"{box}: UIDNEXT {told['uidnext']} went back, {self.highest[box]} was given"
        self.uidnext[box] = told["uidnext"]
        found = {}
        if not told["exists"]:
            return found
        for line in session.ok("UID FETCH 1:* (UID FLAGS BODY.PEEK[])"):
            literal = re.search(rb"BODY\[\] ~?\{(\d+)\}\r\n", line)
            octets = line[literal.end():literal.end() + int(literal.group(1))]
            rest = line[:literal.start()] + line[literal.end() + len(octets):]
            flags = {f.decode() for f in re.search(rb"FLAGS \(([^)]*)\)", rest).group(1).split()} - {"\\Recent"}
            found[int(re.search(rb"UID (\d+)", rest).group(1))] = (digest(octets), frozenset(flags))
        assert len(found) == told["exists"]
        return found


class Sender(Worker):
    """SMTP: submissions to bob; each accepted one reaches him."""

    def __init__(self, server, seed, number):
        super().__init__(server, seed, number)
        self.accepted, self.maybe = {}, {}

    def prepare(self):
        pass

    def open(self):
        self.session = smtp.connect(self.server, self.server.alice)

    def step(self):
        key = self.unique()
        octets = mail.message(self.dice.getrandbits(30), self.dice.choice([400, 20_000]), subject=key)
        self.flight = key
        self.maybe[key] = octets
        code, text = self.session.submit(self.server.alice[0], [self.server.bob[0]], octets)
        assert code == 250, (code, text)
        self.accepted[key] = self.maybe.pop(key)

    def check(self):
        self.flight = None


class Inbox:
    """What bob has received, read once for all senders."""

    def __init__(self, server, senders):
        self.server, self.senders = server, senders
        self.known = {}
        self.highest = 0
        self.crashes = 0

    def check(self, patience=15):
        """Every accepted message is here to the octet; duplicates at most one per crash; nothing unheard of."""
        deadline = time.monotonic() + patience
        while True:
            self.read()
            wanted = {key for sender in self.senders for key in sender.accepted}
            lacking = wanted - set(self.known)
            if not lacking or time.monotonic() > deadline:
                break
            time.sleep(0.2)
        assert not lacking, f"{len(lacking)} accepted messages never came: {sorted(lacking)[:5]}"
        sent = {}
        for sender in self.senders:
            sent.update(sender.accepted)
            sent.update(sender.maybe)
        for key, copies in self.known.items():
            assert key in sent, f"never sent: {key}"
            for octets in copies:
                assert octets.endswith(sent[key].rstrip(b"\r\n") + b"\r\n") or octets.endswith(sent[key]), \
                    f"{key} is not as it was sent"
        extra = sum(len(copies) - 1 for copies in self.known.values())
        assert extra <= self.crashes * len(self.senders), f"{extra} duplicates after {self.crashes} crashes"

    def read(self):
        session = imap.connect(self.server, self.server.bob)
        session.select("INBOX")
        for uid in session.uids(f"UID {self.highest + 1}:*"):
            if uid <= self.highest:
                continue
            octets = session.body(uid)
            key = re.search(rb"^Subject: (.*?)\r$", octets, re.M).group(1).decode()
            self.known.setdefault(key, []).append(octets)
            self.highest = max(self.highest, uid)
        session.logout()


class Planner(Worker):
    """CalDAV: PUT, conditional PUT, DELETE in a calendar of its own; sync tokens are kept and tried later."""

    def __init__(self, server, seed, number):
        super().__init__(server, seed, number)
        self.path = dav.calendars(server.alice[0], f"kill-{number}")
        self.model = {}       # name: digest
        self.etags = {}       # name: etag
        self.meaning = {}     # (name, etag): digest, for ever
        self.tokens = []      # (token, model at that time)

    def prepare(self):
        session = dav.connect(self.server, self.server.alice)
        assert session.do("MKCALENDAR", self.path).status == 201
        session.close()

    def open(self):
        self.session = dav.connect(self.server, self.server.alice)

    def step(self):
        choice = self.dice.random()
        if self.model and choice < 0.2:
            return self.remove(self.dice.choice(sorted(self.model)))
        if choice < 0.25:
            self.flight = None
            return self.remember(self.session.sync(self.path))
        name = self.dice.choice(sorted(self.model)) if self.model and choice < 0.5 else self.unique() + ".ics"
        return self.put(name)

    def put(self, name):
        extra = "DESCRIPTION:" + "x" * self.dice.choice([1, 500, 9000])
        octets = dav.event(name.removesuffix(".ics"), summary=self.unique(), extra=extra)
        headers = {"If_Match": self.etags[name]} if name in self.etags else {"If_None_Match": "*"}
        self.flight = ("put", name, digest(octets))
        answer = self.session.put(self.path + name, octets, "text/calendar", **headers)
        assert answer.status == (204 if name in self.model else 201), answer
        self.learn(name, digest(octets), answer.headers["etag"])

    def learn(self, name, body, etag):
        assert self.meaning.setdefault((name, etag), body) == body, f"{name}: {etag} means two things"
        self.model[name], self.etags[name] = body, etag

    def remove(self, name):
        self.flight = ("delete", name, None)
        answer = self.session.delete(self.path + name, If_Match=self.etags[name])
        assert answer.status == 204, answer
        del self.model[name], self.etags[name]

    def remember(self, answer):
        assert answer.status == 207, answer
        self.tokens = self.tokens[-12:] + [(answer.sync_token(), dict(self.etags))]

    def check(self):
        session = dav.connect(self.server, self.server.alice)
        listing = session.sync(self.path)
        seen, etags = {}, {}
        for href, entry in listing.multistatus().items():
            name = href.rsplit("/", 1)[1]
            etags[name] = entry["{DAV:}getetag"][1].text
            seen[name] = self.meaning.get((name, etags[name]))
            flown = self.flight and self.flight[1] == name
            if seen[name] is None or flown or self.dice.random() < 0.1:
                answer = session.get(href)
                assert answer.headers["etag"] == etags[name]
                seen[name] = digest(answer.body)
        wrong = {name for name in seen.keys() | self.model.keys() if seen.get(name) != self.model.get(name)}
        if wrong:
            kind, name, body = self.flight or (None, None, None)
            assert wrong == {name} and seen.get(name) == body, \
                f"caldav {self.number}: flight {self.flight}, wrong {[(n, self.model.get(n), seen.get(n)) for n in wrong]}"
        self.model = {}
        for name, body in seen.items():
            self.learn(name, body, etags[name])
        self.etags, self.flight = etags, None
        self.deltas(session)
        self.remember(listing)
        session.close()

    def deltas(self, session):
        """From every token kept, delta plus what was then is what is now."""
        for token, then in self.tokens:
            answer = session.sync(self.path, token)
            state = dict(then)
            for href, entry in answer.multistatus().items():
                name = href.rsplit("/", 1)[1]
                if None in entry:
                    assert entry[None][0] == 404, entry
                    state.pop(name, None)
                else:
                    state[name] = entry["{DAV:}getetag"][1].text
            assert state == self.etags, f"caldav {self.number}: delta from {token} does not lead to the listing"


class Filer(Worker):
    """WebDAV: PUT of small and large files, COPY, MOVE, DELETE, dead properties in a folder of its own."""

    def __init__(self, server, seed, number):
        super().__init__(server, seed, number)
        self.path = dav.files(server.alice[0], f"kill-{number}/")
        self.model = {}      # name: (digest, mood)

    def prepare(self):
        session = dav.connect(self.server, self.server.alice)
        assert session.do("MKCOL", self.path).status == 201
        session.close()

    def open(self):
        self.session = dav.connect(self.server, self.server.alice)

    def step(self):
        held = sorted(self.model)
        kind = self.dice.choice(["put"] * 4 + (["put_over", "copy", "move", "move", "delete", "mood"] if held else []))
        getattr(self, kind)(self.dice.choice(held) if held else None)

    def put(self, _):
        self.write(self.unique(), "")

    def put_over(self, name):
        self.write(name, self.model[name][1])

    def write(self, name, mood):
        octets = self.dice.randbytes(self.dice.choice([0, 10, 5000, 60_000, 1_500_000]))
        self.flight = [{name: (digest(octets), mood)}, []]
        answer = self.session.put(self.path + name, octets)
        assert answer.status in (201, 204), answer
        self.model[name] = (digest(octets), mood)

    def transfer(self, verb, name):
        target = self.unique()
        self.flight = [{target: self.model[name]}, [name] if verb == "MOVE" else []]
        answer = self.session.do(verb, self.path + name, headers={"Destination": self.server.url("https", self.path + target)})
        assert answer.status == 201, answer
        self.model[target] = self.model[name]
        if verb == "MOVE":
            del self.model[name]

    def copy(self, name):
        self.transfer("COPY", name)

    def move(self, name):
        self.transfer("MOVE", name)

    def delete(self, name):
        self.flight = [{}, [name]]
        answer = self.session.delete(self.path + name)
        assert answer.status == 204, answer
        del self.model[name]

    def mood(self, name):
        mood = self.unique()
        self.flight = [{name: (self.model[name][0], mood)}, []]
        answer = self.session.do("PROPPATCH", self.path + name, '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop>'
                                 f'<m xmlns="urn:kill">{mood}</m></D:prop></D:set></D:propertyupdate>')
        assert answer.status == 207 and b"200" in answer.body, answer
        self.model[name] = (self.model[name][0], mood)

    def check(self):
        session = dav.connect(self.server, self.server.alice)
        answer = session.do("PROPFIND", self.path, '<D:propfind xmlns:D="DAV:"><D:prop><D:getcontentlength/>'
                            '<m xmlns="urn:kill"/></D:prop></D:propfind>', depth=1)
        seen = {}
        for href, entry in answer.multistatus().items():
            name = urllib.parse.unquote(href).rstrip("/").rsplit("/", 1)[1]
            if href.rstrip("/") == self.path.rstrip("/"):
                continue
            status, mood = entry["{urn:kill}m"]
            body = session.get(self.path + name).body
            assert len(body) == int(entry["{DAV:}getcontentlength"][1].text)
            seen[name] = (digest(body), mood.text if status == 200 else "")
        if seen != self.model:
            after = dict(self.model)
            new, gone = self.flight or ({}, [])
            after.update(new)
            for name in gone:
                after.pop(name)
            assert seen == after, f"webdav {self.number}: flight {self.flight}\n" + "\n".join(
                f"{name}: {self.model.get(name)} but {seen.get(name)}"
                for name in seen.keys() | self.model.keys() if seen.get(name) != self.model.get(name))
        self.model, self.flight = seen, None
        session.close()
