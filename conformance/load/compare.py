"""Collegium beside its peers in one run: Dovecot for mail, Radicale for calendars.

    python conformance/load/compare.py            the figures of the README, less than ten minutes
    python conformance/load/compare.py --only mail    Dovecot alone, with mail_fsync=always and as it comes
    python conformance/load/compare.py --smoke    small numbers, Collegium alone, correctness only
    python conformance/load/compare.py --engine postgres
                                                  Collegium on a database of the run's own, on the same disk

Each round measures every server in turn, so that a busy machine is busy for all; the medians of the rounds go
into a Markdown table.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from blackbox import peer, pgserver, server as servers  # noqa: E402

PLAIN = servers.PLAIN_HTTP + """
[[listener]]
protocol = "imap"
bind = "127.0.0.1:{mail}"
tls = "none"
cleartext_auth = true
"""
PASSWORD = "load-password-7"
LOADS = [f"load{number}@example.org" for number in range(64)]


class Ours:
    """Collegium with cleartext listeners on loopback and the load's accounts. The memory of a database is not counted."""

    def _extend_config(self):
        self.plain_http = self.base + 81
        text = self.extra_config.format(plain=self.plain_http, mail=self.base + 82)
        self.config_file().write_text(self.config_file().read_text() + "\n" + text)

    def prepare(self, accounts):
        for address in accounts:
            done = subprocess.run([servers.binary(), "account", "add", address, "--password-stdin", "--config",
                                   str(self.config_file())], input=PASSWORD + "\n", text=True, capture_output=True,
                                  timeout=60)
            if done.returncode != 0:
                raise RuntimeError(done.stdout + done.stderr)

    def mail_port(self):
        return self.base + 82

    def memory_bytes(self):
        return peer.tree_bytes(self.process.pid)


class OnFjall(Ours, servers.Server):
    """On files of its own."""


class OnPostgres(Ours, pgserver.Server):
    """On a database."""


ENGINES = {"fjall": OnFjall, "postgres": OnPostgres}


class Dovecot(peer.Dovecot):
    """Dovecot with the load's accounts."""

    def prepare(self, accounts):
        with open(self.data / "users", "a") as users:
            users.writelines(f"{address}:{{PLAIN}}{PASSWORD}\n" for address in accounts)

    def mail_port(self):
        return self.port("imap")


def load(*arguments, timeout=1800):
    """One measurement by the load binary."""
    program = servers.built("load")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError(f"{arguments}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def target(port, accounts, passwords, ca=None):
    named = ["--port", str(port), "--users", ",".join(accounts), "--passwords", passwords]
    return named + (["--ca", ca] if ca else [])


def one(server):
    """The first account of a server, as a target."""
    user, password = server.alice
    return target(server.mail_port(), [user], password)


def appends(server, accounts, size):
    chosen, password = (accounts, PASSWORD) if accounts else ([server.alice[0]], server.alice[1])
    return load("append", *target(server.mail_port(), chosen, password), "--clients", str(size["clients"]),
                "--seconds", str(size["seconds"]))["per_second"]


def fill(server, mailbox, messages, octets):
    load("fill", *one(server), "--mailbox", mailbox, "--messages", str(messages), "--bytes", str(octets))


def idle_bytes(server, size):
    """Memory that one more idle TLS session costs: the difference of two crowds, so that the base falls out."""
    user, password = server.alice
    program = servers.built("load")
    crowds = []
    for clients in (size["idle"] // 10, size["idle"]):
        child = subprocess.Popen([program, "idle", *target(server.port("imaps"), [user], password, server.ca),
                                  "--clients", str(clients)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if child.stdout.readline().strip() != "ready":
            raise RuntimeError("idle sessions did not open")
        crowds.append((clients, server.memory_bytes()))
        child.stdin.close()
        child.wait(60)
    (few, small), (many, large) = crowds
    return (large - small) / (many - few)


def calendars(port, account, path, size, bulk=False):
    return load("dav", *target(port, [account[0]], account[1]), "--path", path, "--events", str(size["events"]),
                "--rounds", str(size["rounds"]), *(["--bulk"] if bulk else []))


FULL = {"clients": 64, "seconds": 5, "flags": 100_000, "texts": 20_000, "rounds": 15, "idle": 400, "events": 10_000,
        "repeat": 3, "indexing": 60}
SMOKE = {"clients": 16, "seconds": 1, "flags": 1_000, "texts": 300, "rounds": 3, "idle": 100, "events": 300,
         "repeat": 1, "indexing": 0}


def median(values):
    return statistics.median(values)


def row(what, ours, others, unit, better):
    """One line of a table: our figure, then of each peer its figure and how many times better ours is."""
    cells = [f"{ours:,.2f} {unit}"]
    for theirs in others:
        ratio = ours / theirs if better == "more" else theirs / ours
        cells += [f"{theirs:,.2f} {unit}", f"{ratio:,.1f}"]
    return " | ".join([f"| {what}", *cells]) + " |"


def heading(*peers):
    titles = ["", "Collegium", *(cell for peer_name in peers for cell in (peer_name, "times better"))]
    return [f"| {' | '.join(titles)} |", f"|{' --- |' * len(titles)}"]


def measured(what, unit, better, measure, servers_, repeat):
    """A line of medians; every round measures each server in turn."""
    told = {server: [] for server in servers_}
    for _ in range(repeat):
        for server in servers_:
            told[server].append(measure(server))
    ours, *others = [median(told[server]) for server in servers_]
    print(f"# {what}: {[told[server] for server in servers_]}", file=sys.stderr)
    return row(what, ours, others, unit, better)


def searched(server, size, counts):
    told = load("search", *one(server), "--mailbox", "texts", "--rounds", "1" if size is SMOKE else "2")
    counts.setdefault(tuple(told["found"]), []).append(type(server).__name__)
    return told["search_ms"]


def mail_rows(all_servers, size):
    """Every figure beside every peer; `all_servers` begins with ours."""
    repeat, seconds = size["repeat"], str(size["seconds"])
    table = []
    # First of all, while no memory of an earlier load lies about to be used again.
    memory = [idle_bytes(server, size) / 1024 for server in all_servers]
    for server in all_servers:
        server.prepare(LOADS[:size["clients"]])
        fill(server, "flags", size["flags"], 200)
        fill(server, "texts", size["texts"], 1_500)
    named = LOADS[:size["clients"]]
    line = lambda *facts: table.append(measured(*facts, all_servers, repeat))  # noqa: E731
    line("LOGIN, SELECT and LOGOUT, 16 clients", "/s", "more",
         lambda server: load("logins", *target(server.mail_port(), named, PASSWORD), "--seconds", seconds)["per_second"])
    for name, accounts in (("one account", None), (f"{len(named)} accounts", named)):
        line(f"durable APPENDs of 30 KB, {size['clients']} clients, {name}", "/s", "more",
             lambda server, accounts=accounts: appends(server, accounts, size))
    line(f"FETCH of whole messages, {size['texts']:,} of 1.5 KB", "/s", "more",
         lambda server: load("bodies", *one(server), "--mailbox", "texts")["per_second"])
    line(f"FETCH 1:* (UID FLAGS) of {size['flags']:,}", "ms", "less",
         lambda server: load("flags", *one(server), "--mailbox", "flags", "--rounds", "5")["fetch_ms"])
    # The index of words is built in the background; the filling was some minutes ago in a full run.
    time.sleep(size["indexing"] / 4)
    counts = {}
    line(f"SEARCH TEXT over {size['texts']:,}", "ms", "less", lambda server: searched(server, size, counts))
    if len(counts) != 1:
        raise RuntimeError(f"the servers do not find the same: {counts}")
    line("STORE of one message, 20 sessions on one mailbox", "/s", "more",
         lambda server: load("store", *one(server), "--mailbox", "texts", "--seconds", seconds)["per_second"])
    table.append(row("memory of an idle TLS session (PSS)", memory[0], memory[1:], "KiB", "less"))
    return table


def dav_rows(ours, radicale, size):
    runs = [("ours", ours.plain_http, ours.alice, f"/dav/calendars/{ours.alice[0]}/load/")]
    if radicale:
        runs.append(("theirs", radicale.plain_http, radicale.alice, f"/{radicale.alice[0]}/load/"))
    told = {name: [] for name, *_ in runs}
    for _ in range(size["repeat"]):
        for name, port, account, path in runs:
            # A second of Radicale's is a long time: fewer rounds measure it as well.
            rounds = size if name == "ours" else {**size, "rounds": min(size["rounds"], 3)}
            told[name].append(calendars(port, account, path, rounds, bulk=name == "theirs"))
    pick = lambda name, key: median([t[key] for t in told[name]]) if name in told else None  # noqa: E731
    if radicale and pick("ours", "found") != pick("theirs", "found"):
        print(f"found: {pick('ours', 'found')} and {pick('theirs', 'found')}", file=sys.stderr)
    line = lambda what, key: row(what, pick("ours", key), [pick("theirs", key)] if radicale else [], "ms", "less")  # noqa: E731
    return [line("sync-collection with nothing changed", "sync_ms"),
            line(f"calendar-query of one month of {size['events']:,} events", "month_ms")]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--only", choices=["mail", "dav"])
    parser.add_argument("--engine", choices=ENGINES, default="fjall")
    chosen = parser.parse_args()
    size = SMOKE if chosen.smoke else FULL
    started = []
    try:
        ours = ENGINES[chosen.engine](extra_config=PLAIN).start()
        started.append(ours)
        if chosen.only != "dav":
            peers = [] if chosen.smoke else [("Dovecot, mail_fsync=always", Dovecot()),
                                             ("Dovecot as it comes", Dovecot(fsync="optimized"))]
            started += [dovecot.start() for _, dovecot in peers]
            table = heading(*(name for name, _ in peers))
            print("\n".join(table + mail_rows([ours, *(dovecot for _, dovecot in peers)], size)), flush=True)
        if chosen.only != "mail":
            radicale = None if chosen.smoke else peer.Radicale().start()
            started += [radicale] if radicale else []
            table = heading(*(["Radicale"] if radicale else []))
            print("\n".join(["", *table, *dav_rows(ours, radicale, size)]))
    finally:
        for server in started:
            server.dispose()


if __name__ == "__main__":
    main()
