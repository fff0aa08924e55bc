"""A PostgreSQL of a test's own: a cluster in a temporary folder, on a unix socket and one loopback port.

As a program it runs a command with `COLLEGIUM_POSTGRES` set to such a cluster's URL, and ends with its status.
"""

import fcntl
import glob
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

START_SECONDS = 60
PORTS = range(5500, 7900)


def programs():
    """The folder of initdb and pg_ctl: the newest that Debian's package has installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if not found:
        raise RuntimeError("no PostgreSQL is installed: apt-get install postgresql")
    return pathlib.Path(found[-1]).parent


def take_port():
    """A port that nobody else uses, and the lock that keeps it. Below the ephemeral range: a database that was killed
    must find its port free when it comes back, and a connection of somebody's might have it by then."""
    for port in PORTS:
        lock = open(os.path.join(tempfile.gettempdir(), f"collegium-ports-{port}.lock"), "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
            return port, lock
        except OSError:
            lock.close()
    raise RuntimeError("no free port for a database")


class Cluster:
    """One running database server, with a database `collegium` for the superuser `postgres`."""

    def __init__(self, tls=False, settings=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="collegium-pg-"))
        self.port, self.port_taken = take_port()
        self.tls = tls
        self.settings = list(settings)
        # PostgreSQL refuses to run as root; anybody else runs it as themselves.
        self.owner = "postgres" if os.geteuid() == 0 else None
        if self.owner:
            shutil.chown(self.folder, self.owner)
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        self._make()

    def _make(self):
        self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")

    def _run(self, program, *arguments, check=True):
        command = [str(programs() / program), *map(str, arguments)]
        if self.owner:
            command = ["runuser", "-u", self.owner, "--", *command]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, cwd="/", timeout=120)
        if check and done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stdout}\n{self.log()[-2000:]}")
        return done

    def start(self):
        """Starts the server and waits until it answers; makes the database the first time."""
        options = [f"-k {self.folder}", f"-p {self.port}", "-c listen_addresses=127.0.0.1",
                   "-c max_connections=200", *(f"-c {setting}" for setting in self.settings)]
        if self.tls:
            options.append(f"-c ssl=on -c ssl_cert_file={self.certificate} -c ssl_key_file={self.key}")
        # In the background through a file: pg_ctl would hand the pipe on to the server.
        self._run("pg_ctl", "-D", self.data, "-w", "-t", START_SECONDS, "-l", self.folder / "log",
                  "-o", " ".join(options), "start")
        self.psql("SELECT 1 FROM pg_database WHERE datname = 'collegium'", "postgres") or \
            self._run("createdb", "-h", self.folder, "-p", self.port, "-U", "postgres", "collegium")
        return self

    def standby(self):
        """A hot standby of this running one, not started."""
        return Standby(self)

    def stop(self, mode="fast"):
        """`immediate` is what a crash is to the database: nothing is written any more."""
        self._run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop", check=False)

    def crash(self):
        """Kills every process of the database at once, as the out-of-memory killer would."""
        pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for one in (pid, *map(int, children)):
            try:
                os.kill(one, signal.SIGKILL)
            except ProcessLookupError:
                pass
        deadline = time.monotonic() + 10
        while pathlib.Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.02)

    def dispose(self):
        self.stop("immediate")
        self.port_taken.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def psql(self, text, database="collegium"):
        """What a query answers, as text."""
        return self._run("psql", "-h", self.folder, "-p", self.port, "-U", "postgres", "-d", database,
                         "-X", "-A", "-t", "-c", text).stdout.strip()

    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def url(self, port=None, mode="disable"):
        return f"postgresql://postgres@localhost:{port or self.port}/collegium?sslmode={mode}"


class Standby(Cluster):
    """Follows another one until it is promoted."""

    def __init__(self, primary):
        self.primary = primary
        super().__init__()

    def _make(self):
        # -R writes down whom it follows.
        self._run("pg_basebackup", "-D", self.data, "-h", "127.0.0.1", "-p", self.primary.port, "-U", "postgres", "-R",
                  "-c", "fast")

    def promote(self):
        """Ends following: from now on it is a primary like any other."""
        self._run("pg_ctl", "-D", self.data, "-w", "promote")


def main(command):
    cluster = Cluster()
    try:
        cluster.start()
        return subprocess.run(command, env={**os.environ, "COLLEGIUM_POSTGRES": cluster.url()}).returncode
    finally:
        cluster.dispose()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
