"""Collegium beside its peers in one run: Dovecot for mail, Radicale for calendars.

    python conformance/load/compare.py            the figures of the README, some minutes
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


def appends(server, accounts, passwords, size):
    told = load("append", *target(server.mail_port(), accounts, passwords), "--clients", str(size["clients"]),
                "--seconds", str(size["seconds"]))
    return told["per_second"]


def flags(server, size):
    user, password = server.alice
    return load("flags", *target(server.mail_port(), [user], password), "--messages", str(size["messages"]),
                "--rounds", str(size["rounds"]))


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


FULL = {"clients": 64, "seconds": 8, "messages": 10_000, "rounds": 15, "idle": 400, "events": 10_000, "repeat": 3}
SMOKE = {"clients": 16, "seconds": 2, "messages": 500, "rounds": 3, "idle": 100, "events": 300, "repeat": 1}


def median(values):
    return statistics.median(values)


def row(what, ours, theirs, unit, better):
    """One line of the table; `ratio` says how many times better we are."""
    if not theirs:
        return f"| {what} | {ours:,.2f} {unit} | - | - |"
    ratio = ours / theirs if better == "more" else theirs / ours
    return f"| {what} | {ours:,.2f} {unit} | {theirs:,.2f} {unit} | {ratio:,.1f} |"


def mail_rows(ours, dovecot, size):
    both = [s for s in (ours, dovecot) if s]
    table = []
    # First of all, while no memory of an earlier load lies about to be used again.
    memory = {server: idle_bytes(server, size) / 1024 for server in both}
    for server in both:
        server.prepare(LOADS[:size["clients"]])
    for name, accounts in (("one account", None), ("64 accounts", LOADS[:size["clients"]])):
        rates = {server: [] for server in both}
        for _ in range(size["repeat"]):
            for server in both:
                chosen = accounts or [server.alice[0]]
                rates[server].append(appends(server, chosen, PASSWORD if accounts else server.alice[1], size))
        table.append(row(f"durable APPENDs of 30 KB, {size['clients']} clients, {name}", median(rates[ours]),
                         dovecot and median(rates[dovecot]), "/s", "more"))
    fetched = {server: [] for server in both}
    for _ in range(size["repeat"]):
        for server in both:
            fetched[server].append(flags(server, size)["fetch_ms"])
    table.append(row(f"FETCH of {size['messages']:,} flags", median(fetched[ours]),
                     dovecot and median(fetched[dovecot]), "ms", "less"))
    table.append(row("memory of an idle TLS session (PSS)", memory[ours], dovecot and memory[dovecot], "KiB", "less"))
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
    return [row("sync-collection with nothing changed", pick("ours", "sync_ms"), pick("theirs", "sync_ms"), "ms", "less"),
            row(f"calendar-query of one month of {size['events']:,} events", pick("ours", "month_ms"),
                pick("theirs", "month_ms"), "ms", "less")]


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
        table = ["| | Collegium | peer | times better |", "| --- | --- | --- | --- |"]
        if chosen.only != "dav":
            dovecot = None if chosen.smoke else Dovecot().start()
            started += [dovecot] if dovecot else []
            table += mail_rows(ours, dovecot, size)
        if chosen.only != "mail":
            radicale = None if chosen.smoke else peer.Radicale().start()
            started += [radicale] if radicale else []
            table += dav_rows(ours, radicale, size)
        print("\n".join(table))
    finally:
        for server in started:
            server.dispose()


if __name__ == "__main__":
    main()
