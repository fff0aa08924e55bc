"""Restarts under load with the sockets kept, as systemd keeps them: no connection is refused, what was acknowledged
is there, and no client sees more than its own connection end.

`COLLEGIUM_RESTARTS` sets how often (20), `COLLEGIUM_SEED` repeats a run.
"""

import fcntl
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import workers  # noqa: E402

from blackbox import imap, mail, server as servers  # noqa: E402

RESTARTS = int(os.environ.get("COLLEGIUM_RESTARTS", "20"))
SEED = os.environ.get("COLLEGIUM_SEED") or str(random.SystemRandom().getrandbits(32))
DRAIN_SECONDS = 10
BROKEN = (imap.ImapError, OSError, EOFError, workers.dav.http.client.HTTPException)


class Supervisor(servers.Server):
    """A server whose listening sockets are this process's, handed over at every start."""

    def start(self):
        super().start()
        assert self.stop() == 0
        self.sockets = []
        for name in servers.OFFSETS:
            listening = socket.socket()
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(("127.0.0.1", self.port(name)))
            listening.listen(1024)
            # High, so that none stands where another is to go.
            self.sockets.append(socket.socket(fileno=fcntl.fcntl(listening, fcntl.F_DUPFD, 100)))
            listening.close()
        return self.restart()

    def restart(self):
        numbers = [listening.fileno() for listening in self.sockets]
        moves = " ".join(f"{3 + at}<&{number}" for at, number in enumerate(numbers))
        shut = " ".join(f"{number}<&-" for number in numbers)
        script = f'exec {moves} {shut}; export LISTEN_PID=$$ LISTEN_FDS={len(numbers)}; exec "$0" serve --config "$1"'
        log = open(self.folder / "server.log", "ab")
        self.process = subprocess.Popen(["bash", "-c", script, servers.binary(), str(self.config_file())], stdout=log,
                                        stderr=log, stdin=subprocess.DEVNULL, pass_fds=numbers, cwd=self.folder)
        log.close()
        return self

    def dispose(self):
        super().dispose()
        for listening in getattr(self, "sockets", []):
            listening.close()


class Steady:
    """A worker that goes on with a new connection when its old one ends, and knows what then must be there."""

    reconnects = 0

    def run(self, over):
        try:
            while not over.is_set():
                self.check()
                try:
                    self.open()
                except BROKEN:
                    continue
                self.work(over)
        except Exception as error:  # noqa: BLE001
            self.failure = f"{type(self).__name__}: {self.flight}: {error!r}"

    def work(self, over):
        while not over.is_set():
            try:
                self.step()
            except BROKEN:
                self.reconnects += 1
                return
            except AssertionError as refusal:
                # Going down, it may refuse; it may not lie.
                if not any(word in str(refusal) for word in ("503", "421", "BYE", "UNAVAILABLE")):
                    raise
                self.reconnects += 1
                return
            self.flight = None
            self.acknowledged += 1

    def check(self):
        """Everything; a restart in the middle of it is met by beginning again."""
        for _ in range(20):
            try:
                return super().check()
            except BROKEN:
                continue
        raise AssertionError("it cannot be asked")


@pytest.mark.timeout(600 + 10 * RESTARTS)
def test_restarts_under_load():
    server = Supervisor()
    try:
        server.start()
        crew = [type(kind.__name__, (Steady, kind), {})(server, SEED, number) for kind, count in
                ((workers.Mailer, 2), (workers.Planner, 2), (workers.Filer, 2)) for number in range(count)]
        for worker in crew:
            worker.prepare()
        over = threading.Event()
        threads = [threading.Thread(target=worker.run, args=(over,)) for worker in crew]
        for thread in threads:
            thread.start()
        longest, done = 0.0, 0
        for turn in range(RESTARTS):
            goal, deadline = sum(worker.acknowledged for worker in crew) + 6, time.monotonic() + 30
            while sum(worker.acknowledged for worker in crew) < goal and not any(w.failure for w in crew):
                assert time.monotonic() < deadline, f"seed {SEED}, restart {turn}: no work is done any more"
                time.sleep(0.01)
            began = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(DRAIN_SECONDS + 5) == 0, f"seed {SEED}, restart {turn}"
            longest = max(longest, time.monotonic() - began)
            server.restart()
            done += 1
            assert not any(worker.failure for worker in crew), \
                f"seed {SEED}, restart {turn}: {[worker.failure for worker in crew if worker.failure]}"
        time.sleep(0.5)
        over.set()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive(), "a client hangs"
        for worker in crew:
            assert worker.failure is None, f"seed {SEED}: {worker.failure}"
            worker.check()
        acknowledged = sum(worker.acknowledged for worker in crew)
        print(f"COLLEGIUM_SEED={SEED}: {done} restarts, longest drain {longest:.2f} s, {acknowledged} acknowledged, "
              f"{sum(worker.reconnects for worker in crew)} reconnects")
        assert longest <= DRAIN_SECONDS + 0.5 and acknowledged >= 6 * RESTARTS
    finally:
        server.dispose()


def test_who_connects_meanwhile_waits_and_is_served():
    """A client that connects while no server runs is greeted by the next one and its work is done."""
    server = Supervisor()
    try:
        server.start()
        imap.connect(server, server.alice).logout()
        assert server.stop() == 0
        heard = []

        def client():
            session = imap.connect(server, server.alice, timeout=30)
            heard.append(session.append("INBOX", mail.message(1, 100)))

        thread = threading.Thread(target=client)
        thread.start()
        time.sleep(0.5)
        assert thread.is_alive() and not heard
        server.restart()
        thread.join(30)
        assert heard
    finally:
        server.dispose()
