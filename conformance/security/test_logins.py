"""Logins as an attacker meets them (rows 14, 30, 36, 37 and 38 of the list of attack classes), over submission."""

import base64
import concurrent.futures
import math
import random
import statistics
import threading
import time

import pytest

from blackbox import smtp

TRIALS = 48
CREW = 12


def attempt(server, login, password):
    """One login over a connection of its own: (code, text, seconds the answer took)."""
    session = smtp.Smtp(server.port("submissions"), server.tls())
    session.ehlo()
    token = base64.b64encode(f"\0{login}\0{password}".encode()).decode()
    began = time.perf_counter()
    code, text = session.do(f"AUTH PLAIN {token}")
    took = time.perf_counter() - began
    session.close()
    return code, text, took


def welch(first, second):
    """Welch's t of two samples."""
    spread = statistics.variance(first) / len(first) + statistics.variance(second) / len(second)
    return (statistics.mean(first) - statistics.mean(second)) / math.sqrt(spread or 1e-12)


def test_time_tells_nothing(server):
    """A wrong password, an unknown address here, an unknown domain and no address at all take equally long."""
    kinds = {
        "known": lambda n: (server.bob[0], f"wrong {n}"),
        "absent": lambda n: (f"nobody{n}@example.org", f"wrong {n}"),
        "foreign": lambda n: (f"someone{n}@example.net", f"wrong {n}"),
        "nonsense": lambda n: (f"x{n}", f"wrong {n}"),
        "again": lambda n: (server.bob[0], "wrong again"),
    }
    work = [(kind, make(n)) for kind, make in kinds.items() for n in range(TRIALS)]
    random.Random(36).shuffle(work)
    with concurrent.futures.ThreadPoolExecutor(CREW) as crew:
        told = list(crew.map(lambda item: (item[0], attempt(server, *item[1])), work))
    assert {(code, text) for _, (code, text, _) in told} == {(535, told[0][1][1])}, "one answer for every reason"
    times = {kind: [took for name, (_, _, took) in told if name == kind] for kind in kinds}
    for kind, sample in times.items():
        t = welch(times["known"], sample)
        apart = abs(statistics.mean(times["known"]) - statistics.mean(sample))
        assert abs(t) < 4 or apart < 0.002, f"known and {kind}: t = {t:.1f}, {apart * 1000:.1f} ms apart"
        assert min(sample) > 0.5, f"{kind}: guessing is not slow"


def test_right_and_wrong_at_once(server):
    """Many accounts, right and wrong passwords mixed, in parallel: each answer is that of its own credential."""
    people = [(f"p{n}@example.org", f"secret number {n}") for n in range(6)]
    for address, password in people:
        server.add_account(address, password)
    work = []
    for n in range(120):
        address, password = people[n % 6]
        kind = n // 6 % 4
        wrong = {1: password + "x", 2: people[(n + 1) % 6][1], 3: password[:-1]}
        work.append((address, wrong.get(kind, password), 535 if kind else 235))
    random.Random(38).shuffle(work)
    with concurrent.futures.ThreadPoolExecutor(CREW) as crew:
        for (address, password, expect), (code, _, _) in zip(
                work, crew.map(lambda item: attempt(server, *item[:2]), work)):
            assert code == expect, (address, password)


def test_good_logins_beside_a_flood(server):
    """Wrong and malformed logins from many connections: whoever has logged in before does not notice."""
    assert attempt(server, *server.alice)[0] == 235
    stop, sent = threading.Event(), []

    def flood(seed):
        dice = random.Random(seed)
        while not stop.is_set():
            try:
                session = smtp.Smtp(server.port("submissions"), server.tls())
                session.ehlo()
                for _ in range(3):
                    junk = base64.b64encode(dice.randbytes(dice.randrange(80))).decode()
                    junk = dice.choice([junk, junk[:-1], "!!!", "=", "*", base64.b64encode(
                        b"\0nobody@example.org\0" + str(dice.random()).encode()).decode()])
                    session.do(f"AUTH {dice.choice(['PLAIN', 'PLAIN', 'LOGIN', 'CRAM-MD5', ''])} {junk}")
                    sent.append(1)
                session.close()
            except (OSError, ConnectionError):
                pass
    crew = [threading.Thread(target=flood, args=(seed,), daemon=True) for seed in range(24)]
    for one in crew:
        one.start()
    try:
        time.sleep(1)
        times = []
        for _ in range(40):
            code, text, took = attempt(server, *server.alice)
            assert code == 235, text
            times.append(took)
            time.sleep(0.05)
    finally:
        stop.set()
        for one in crew:
            one.join(10)
    assert sent, "there was no flood"
    assert statistics.median(times) < 0.25 and max(times) < 2, sorted(times)[-3:]
    assert server.process.poll() is None


@pytest.mark.parametrize("length", [1024, 1025, 100_000])
def test_long_passwords_cost_nothing(server, length):
    """Past a bound no hash is computed; the answer stays the same, or the line is refused."""
    code, _, _ = attempt(server, server.alice[0], "x" * length)
    assert code in (535, 500, 501)


def test_nothing_secret_in_the_log(server):
    """The quickstart card shows its passwords once, at the start; nothing does afterwards."""
    secret = "never-to-be-seen-4711"
    attempt(server, server.alice[0], secret)
    attempt(server, "nobody@example.org", secret)
    assert attempt(server, *server.alice)[0] == 235
    log = server.log()
    assert secret not in log and log.count(server.alice[1]) <= 1
    for login in (server.alice[0], "nobody@example.org"):
        assert base64.b64encode(f"\0{login}\0{secret}".encode()).decode() not in log
