"""Thousands of quiet clients, and one mailbox with a million messages: what they cost, judged.

    python conformance/load/crowd.py              15,000 idle TLS sessions, then 1,000,000 messages: some minutes
    python conformance/load/crowd.py --smoke      small, for every run of the tests
    python conformance/load/crowd.py --only idle  or `large`

Goals: an idle TLS session costs less than 10 KiB of memory all told; a delivery is seen by 1,000 sessions among
15,000 within half a second; opening a mailbox of a million messages again, in any session, costs no more than one of
ten thousand does. A process needs 20,000 file descriptors for the full size. The smoke run judges what does not depend on speed.
"""

import argparse
import json
import subprocess
import sys

import compare
from compare import load, one, servers, target

FULL = {"sessions": 15_000, "few": 1_500, "watchers": 1_000, "rounds": 5, "large": 1_000_000, "small": 10_000}
SMOKE = {"sessions": 1_000, "few": 200, "watchers": 100, "rounds": 2, "large": 20_000, "small": 2_000}
KIB = 1024


def idle(server, size):
    """The crowd opens in two steps, so that what the server needs without it falls out of the difference."""
    others = [f"quiet{number}@example.org" for number in range(20)]
    server.prepare(others)
    named = target(server.port("imaps"), [server.alice[0], *others],
                   ",".join([server.alice[1]] + [compare.PASSWORD] * len(others)), server.ca)
    child = subprocess.Popen([servers.built("load"), "crowd", *named, "--clients", str(size["sessions"]), "--few",
                              str(size["few"]), "--watchers", str(size["watchers"]), "--rounds", str(size["rounds"])],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    memory = []
    try:
        for _ in range(2):
            if child.stdout.readline().strip() != "ready":
                raise RuntimeError("the sessions did not open")
            memory.append(server.memory_bytes())
            child.stdin.write("on\n")
        told = json.loads(child.stdout.readline())
    finally:
        child.kill()
        child.wait()
    told["session_kib"] = (memory[1] - memory[0]) / (size["sessions"] - size["few"]) / KIB
    seen = f"a delivery seen by {size['watchers']:,} of {size['sessions']:,} idle TLS sessions, ms"
    return told, [("memory of an idle TLS session, KiB", told["session_kib"], 10, True),
                  (seen, told["last_ms"], 500, False),
                  ("sessions of other mailboxes that heard of it", told["disturbed"], 1, True)]


def fill(server, mailbox, messages):
    told = load("fill", *one(server), "--mailbox", mailbox, "--messages", str(messages), "--bytes", "300",
                timeout=3600)
    return told["seconds"]


def opened(server, mailbox):
    return load("flags", *one(server), "--mailbox", mailbox, "--rounds", "7")


def large(server, size):
    seconds = fill(server, "large", size["large"])
    fill(server, "small", size["small"])
    # Nothing is known of them then.
    server.stop()
    server.restart()
    load("logins", *one(server), "--clients", "1", "--seconds", "1")
    before = server.memory_bytes()
    small, big = opened(server, "small"), opened(server, "large")
    told = {"fill_seconds": seconds, "small": small, "large": big,
            "octets_a_message": (server.memory_bytes() - before) / size["large"]}
    return told, [("opening the large mailbox again, times the small one", big["select_ms"] / small["select_ms"], 1.3,
                   False)]


MEASURES = {"idle": idle, "large": large}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--only", default=",".join(MEASURES))
    chosen = parser.parse_args()
    size = SMOKE if chosen.smoke else FULL
    missed = []
    for name in chosen.only.split(","):
        server = compare.OnFjall(extra_config=compare.PLAIN).start()
        try:
            told, goals = MEASURES[name](server, size)
        finally:
            server.dispose()
        print(name, json.dumps(told))
        for what, value, goal, anywhere in goals:
            judged = anywhere or not chosen.smoke
            print(f"  {'ok  ' if value < goal else 'MISS' if judged else 'miss'} {what}: {value:.2f} (goal < {goal})")
            if judged and value >= goal:
                missed.append(what)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
