"""Many sessions on shared mailboxes, each keeping a view of its own, beside a model (conformance/stress).

`COLLEGIUM_STRESS_SECONDS` sets how long (40), `COLLEGIUM_STRESS_SESSIONS` how many (24); the seed is the run's.
"""

import os
import subprocess

import pytest

from blackbox import server as servers

SECONDS = int(os.environ.get("COLLEGIUM_STRESS_SECONDS", "40"))
SESSIONS = os.environ.get("COLLEGIUM_STRESS_SESSIONS", "24")
MISTAKES = ("exists", "expunge", "vanished", "flags", "keyword", "deleted", "copy")


def stress(server, seed, seconds, *more):
    """A run of the client; the first account owns the mailboxes, the others are let in."""
    accounts = server.alice, server.bob
    return subprocess.run(
        [os.environ.get("STRESS") or servers.built("stress"), "--port", str(server.port("imaps")), "--ca", server.ca,
         "--users", ",".join(login for login, _ in accounts), "--passwords", ",".join(word for _, word in accounts),
         "--seed", str(seed), "--seconds", str(seconds), *more],
        capture_output=True, text=True, timeout=seconds + 120)


@pytest.mark.timeout(SECONDS + 180)
def test_all_agree(server):
    """No two sessions, nor the model, nor a new session at rest, disagree about anything."""
    done = stress(server, os.environ["COLLEGIUM_SEED"], SECONDS, "--sessions", SESSIONS)
    print(done.stdout, done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    assert server.process.poll() is None and "panicked" not in server.log()


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(server, mistake):
    """A client that overlooks something once in a while, or a model that does, ends in a disagreement."""
    # A seed is also what the mailboxes are called by.
    seed = int(os.environ["COLLEGIUM_SEED"]) * 10 + MISTAKES.index(mistake)
    done = stress(server, seed, 20, "--sessions", "10", "--deeds", "20", "--mistake", mistake)
    assert done.returncode != 0 and "DISAGREEMENT" in done.stdout, f"overlooked {mistake}: {done.stdout}"
