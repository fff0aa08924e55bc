"""A real server for a test: the release binary, started by `quickstart` in a folder of its own.

Every instance takes a port base of its own under a file lock, so that tests may run side by side.
"""

import fcntl
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
READY_SECONDS = 30
DRAIN_SECONDS = 15
OFFSETS = {"imap": 143, "imaps": 993, "submission": 587, "submissions": 465, "pop3": 110, "pop3s": 995,
           "caldav": 443, "carddav": 843, "webdav": 444, "https": 80}


def binary():
    """The binary under test: `COLLEGIUM`, or the release build of this tree."""
    return os.environ.get("COLLEGIUM") or built("collegium")


def built(name):
    """A program of this tree's release build."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    target = os.environ.get("CARGO_TARGET_DIR") or os.path.join(cache, "collegium", "target")
    return os.path.join(target, "release", name)


class PortBase:
    """A range of a thousand ports that nobody else uses, below the ephemeral range."""

    def __init__(self):
        self.lock = None
        for base in range(9000, 32000, 1000):
            path = os.path.join(tempfile.gettempdir(), f"collegium-ports-{base}.lock")
            lock = open(path, "w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.close()
                continue
            if all(self._free(base + offset) for offset in (*OFFSETS.values(), 81, 82)):
                self.base, self.lock = base, lock
                return
            lock.close()
        raise RuntimeError("no free range of ports")

    @staticmethod
    def _free(port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
        return True

    def release(self):
        if self.lock:
            self.lock.close()
            self.lock = None


class Server:
    """One running server with alice and bob, as `quickstart` makes them."""

    def __init__(self, extra_config="", parent=None, data=None):
        """`data` puts the data directory elsewhere, on a disk with faults of its own."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="collegium-", dir=parent))
        self.data = pathlib.Path(data) if data else self.folder / "data"
        self.ports_taken = PortBase()
        self.base = self.ports_taken.base
        self.extra_config = extra_config
        self.process = None
        self.plain_http = None
        self.card = None

    # -- life ---------------------------------------------------------------------------------------
    def start(self):
        """Starts it and waits until every door answers."""
        self._spawn("quickstart", "--data", str(self.data), "--port-base", str(self.base))
        if self.extra_config and not self.plain_http:
            self.stop()
            self._extend_config()
            self._spawn("serve", "--config", str(self.config_file()))
        return self

    def forget(self):
        """Starts again with nothing kept of what is removed."""
        self.stop()
        text = self.config_file().read_text()
        assert "[store]" not in text
        self.config_file().write_text(text + "\n[store]\nundelete_days = 0\n")
        self._spawn("serve", "--config", str(self.config_file()))
        return self

    def restart(self):
        """Starts again on what is there, after `stop` or `kill`."""
        if self.plain_http or self.extra_config:
            self._spawn("serve", "--config", str(self.config_file()))
        else:
            self._spawn("quickstart", "--data", str(self.data), "--port-base", str(self.base))
        return self

    def _spawn(self, *arguments):
        log = open(self.folder / "server.log", "ab")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("COLLEGIUM_")}
        self.process = subprocess.Popen([binary(), *arguments], stdout=log, stderr=log,
                                        stdin=subprocess.DEVNULL, env=environment, cwd=self.folder)
        log.close()
        self._await_ready()

    def _await_ready(self):
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.log()[-4000:]}")
            if self._answers():
                return
            time.sleep(0.02)
        raise RuntimeError(f"not ready after {READY_SECONDS} s:\n{self.log()[-4000:]}")

    def _answers(self):
        try:
            self.card = json.loads((self.data / "quickstart.json").read_text())
            ports = list(self.card["ports"].values()) + ([self.plain_http] if self.plain_http else [])
            for port in ports:
                socket.create_connection(("127.0.0.1", port), 1).close()
            # Ports are bound before the store is opened: only a greeting shows that it serves.
            with socket.create_connection(("127.0.0.1", self.card["ports"]["imap"]), 1) as probe:
                probe.settimeout(READY_SECONDS)
                return probe.recv(1) == b"*"
        except (OSError, ValueError, KeyError):
            return False

    def stop(self):
        """SIGTERM: drains. Returns the exit status; a server that does not end in time is a failure."""
        if self.process is None or self.process.poll() is not None:
            return None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(DRAIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"did not end within {DRAIN_SECONDS} s of SIGTERM") from None

    def kill(self):
        """SIGKILL, as the out-of-memory killer does it."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def dispose(self):
        """Ends it and removes its folder."""
        try:
            self.stop()
        finally:
            self.kill()
            self.ports_taken.release()
            if not os.environ.get("COLLEGIUM_KEEP"):
                shutil.rmtree(self.folder, ignore_errors=True)

    # -- facts --------------------------------------------------------------------------------------
    def config_file(self):
        """The config file that quickstart wrote."""
        path = self.data / "collegium.toml"
        if not path.is_file():
            raise RuntimeError("quickstart wrote no config file")
        return path

    def _extend_config(self):
        self.plain_http = self.base + 81
        text = self.config_file().read_text() + "\n" + self.extra_config.format(plain=self.plain_http)
        self.config_file().write_text(text)

    def log(self):
        path = self.folder / "server.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def port(self, name):
        return self.card["ports"][name]

    def account(self, index=0):
        """(address, password): 0 is alice, 1 is bob."""
        entry = self.card["accounts"][index]
        return entry["address"], entry["password"]

    @property
    def alice(self):
        return self.account(0)

    @property
    def bob(self):
        return self.account(1)

    @property
    def ca(self):
        path = pathlib.Path(self.card["ca"])
        return str(path if path.is_absolute() else self.data / path)

    def tls(self, alpn=None):
        context = ssl.create_default_context(cafile=self.ca)
        if alpn:
            context.set_alpn_protocols(alpn)
        return context

    def url(self, door="https", path="/"):
        return f"https://localhost:{self.port(door)}{path}"

    def resident_bytes(self):
        """Resident memory of the server process."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("no VmRSS")

    def add_account(self, address, password):
        """A further account, made through the running server's own command."""
        self.command("account", "add", address, "--password-stdin", "--config", str(self.config_file()),
                     stdin=password + "\n")

    def command(self, *arguments, check=True, timeout=60, stdin=""):
        """Runs the binary with other arguments and returns the finished process."""
        done = subprocess.run([binary(), *arguments], capture_output=True, text=True, timeout=timeout,
                              input=stdin, cwd=self.folder)
        if check and done.returncode != 0:
            raise RuntimeError(f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done


PLAIN_HTTP = """
[[listener]]
protocol = ["webdav", "caldav", "carddav"]
bind = "127.0.0.1:{plain}"
tls = "none"
cleartext_auth = true
"""
