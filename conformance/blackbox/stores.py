"""Stores that earlier builds have written: unpacked, served in clear text on loopback, and looked through.

`look` reads everything that clients can see of a store and tells it as plain data, so that what one build saw and
what another sees can be compared word for word.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
import urllib.parse

from . import dav, imap, smtp
from .server import PortBase, binary

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "corpus" / "stores"
DOORS = {"imap": 143, "submission": 587, "webdav": 444}
CONFIG = """
[server]
hostname = "mail.example.org"
data = "{data}"
[store]
tombstone_days = 36500
[delivery.relay]
host = "127.0.0.1"
port = {relay}
tls = "none"
[[listener]]
protocol = "imap"
bind = "127.0.0.1:{imap}"
tls = "none"
cleartext_auth = true
[[listener]]
protocol = "submission"
bind = "127.0.0.1:{submission}"
tls = "none"
cleartext_auth = true
[[listener]]
protocol = ["caldav", "carddav", "webdav"]
bind = "127.0.0.1:{webdav}"
tls = "none"
cleartext_auth = true
"""


def versions():
    """The stores of the corpus, by the version that wrote them."""
    return sorted(path.name.removesuffix(".tar.xz") for path in CORPUS.glob("*.tar.xz"))


class Kept:
    """A store in a folder of its own, opened by one binary or another. Nobody answers at its relay."""

    def __init__(self, program=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="collegium-kept-"))
        self.data = self.folder / "data"
        self.program, self.process = program or binary(), None
        self.ports_taken = PortBase()
        self.ports = {door: self.ports_taken.base + offset for door, offset in DOORS.items()}
        relay = self.ports_taken.base + 82
        self.config = self.folder / "collegium.toml"
        self.config.write_text(CONFIG.format(data=self.data, relay=relay, **self.ports))

    def unpack(self, name):
        with tarfile.open(CORPUS / f"{name}.tar.xz") as packed:
            packed.extractall(self.folder, filter="data")
        return self

    def pack(self, path):
        """The store alone: no sockets, no logs; nobody's name on the files."""
        def plain(entry):
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            return entry if entry.isfile() or entry.isdir() else None
        with tarfile.open(path, "w:xz") as packed:
            packed.add(self.data, "data", filter=plain)

    def start(self, *arguments):
        log = open(self.folder / "server.log", "ab")
        self.process = subprocess.Popen([self.program, "serve", *arguments, "--config", str(self.config)], stdout=log, stderr=log,
                                        stdin=subprocess.DEVNULL)
        log.close()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"ended with {self.process.returncode}:\n{self.log()[-4000:]}")
            with contextlib.suppress(OSError):
                dav.Dav(self.ports["webdav"], host="127.0.0.1", timeout=2).do("OPTIONS", "/")
                imap.Imap("127.0.0.1", self.ports["imap"], timeout=2).close()
                return self
            time.sleep(0.05)
        raise RuntimeError(f"not ready:\n{self.log()[-4000:]}")

    def end(self, kill=False):
        if self.process and self.process.poll() is None:
            (self.process.kill if kill else self.process.terminate)()
            return self.process.wait(20)
        return None

    def dispose(self):
        self.end(kill=True)
        self.ports_taken.release()
        if not os.environ.get("COLLEGIUM_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        path = self.folder / "server.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def command(self, *arguments, stdin="", check=True):
        done = subprocess.run([self.program, *arguments, "--config", str(self.config)], input=stdin, text=True,
                              capture_output=True, timeout=120)
        if check and done.returncode:
            raise RuntimeError(f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def json(self, *arguments):
        return json.loads(self.command(*arguments, "--json").stdout)

    def imap(self, account):
        return imap.Imap("127.0.0.1", self.ports["imap"]).login(account)

    def smtp(self, account):
        return smtp.Smtp(self.ports["submission"], host="127.0.0.1").login(account)

    def dav(self, account):
        return dav.Dav(self.ports["webdav"], account, host="127.0.0.1")


def digest(data):
    return hashlib.sha256(data).hexdigest()


def look(kept, accounts):
    """All that each of the accounts can see, as plain data: {address: {mail, dav}}."""
    return {account[0]: {"mail": look_mail(kept, account), "dav": look_dav(kept, account)} for account in accounts}


def look_mail(kept, account):
    """{mailbox: its counters and every message with its octets' digest, flags, date, ENVELOPE and BODYSTRUCTURE}."""
    session, told = kept.imap(account), {}
    names = [re.search(rb'"([^"]*)"$|(\S+)$', line) for line in session.ok('LIST "" "*"')]
    subscribed = {line.split()[-1].strip(b'"') for line in session.ok('LSUB "" "*"')}
    for name in (found.group(1) or found.group(2) for found in names):
        box = session.select(name.decode(), "EXAMINE")
        flags, messages = session.flags(), {}
        for uid in session.uids():
            facts = b" ".join(session.ok(f"UID FETCH {uid} (INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)"))
            facts = re.sub(rb"^\* \d+ ", b"", facts)
            messages[str(uid)] = {"octets": digest(session.body(uid)), "flags": sorted(flags[uid]),
                                  "date": re.search(rb'INTERNALDATE "([^"]*)"', facts).group(1).decode(),
                                  "size": int(re.search(rb"RFC822.SIZE (\d+)", facts).group(1)),
                                  "envelope": digest(facts[facts.index(b"ENVELOPE"):].split(b" BODYSTRUCTURE")[0]),
                                  "header": digest(session.body(uid, "HEADER")),
                                  "first_part": digest(session.body(uid, "1") or b"")}
        told[name.decode()] = {"uidvalidity": box["uidvalidity"], "uidnext": box["uidnext"],
                               "subscribed": name in subscribed, "messages": messages}
    session.logout()
    return told


def look_dav(kept, account):
    """{href: ETag, digest, type and dead properties of a resource, or the state of a collection}."""
    session, told = kept.dav(account), {}
    waiting = [f"/dav/{home}/{account[0]}/" for home in ("calendars", "addressbooks", "files")]
    while waiting:
        folder = waiting.pop()
        answer = session.propfind(urllib.parse.quote(folder), "D:getetag", "D:resourcetype", "D:getcontenttype",
                                  "D:displayname", "D:sync-token", "CS:getctag", 'colour xmlns="x"', depth=1)
        for href, entry in answer.multistatus().items():
            if href.rstrip("/") == folder.rstrip("/"):
                continue
            text = {tag.split("}")[1]: element.text for tag, (status, element) in entry.items() if status == 200}
            if entry["{DAV:}resourcetype"][1].find("{DAV:}collection") is not None:
                waiting.append(href)
                told[href] = {key: text.get(key) for key in ("displayname", "sync-token", "getctag")}
                continue
            octets = session.get(urllib.parse.quote(href))
            assert octets.status == 200 and octets.headers["etag"] == text["getetag"], octets
            told[href] = {"etag": text["getetag"], "octets": digest(octets.body), "type": text.get("getcontenttype"),
                          "colour": text.get("colour")}
    session.close()
    return told


def changes(kept, account, href, token):
    """What a sync from a token tells: the new token, and {href: ETag, or nothing for what is gone}."""
    session = kept.dav(account)
    answer = session.sync(urllib.parse.quote(href), token)
    session.close()
    assert answer.status == 207, answer
    told = {}
    for name, entry in answer.multistatus().items():
        etag = entry.get("{DAV:}getetag")
        told[name] = None if None in entry else etag[1].text if etag and etag[0] == 200 else ""
    return {"token": answer.sync_token(), "told": told}


def month(kept, account, href, start, end):
    """Names of the events of a calendar that touch a range: the time index answers."""
    session = kept.dav(account)
    answer = session.report(urllib.parse.quote(href), f"""<C:calendar-query><D:prop><D:getetag/></D:prop>
        <C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
        <C:time-range start="{start}" end="{end}"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>""")
    session.close()
    return sorted(answer.multistatus())
