"""Other servers, from Debian, as measures: Dovecot for mail and Radicale for calendars.

They serve two ends: the load comparison runs them beside Collegium, and `COLLEGIUM_PEER=1` points the tests
of IMAP clients at Dovecot, which shows whether a failing test is the server's fault or the test's.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from .server import OFFSETS, PortBase, Server

ACCOUNTS = [("alice@example.org", "alice-secret"), ("bob@example.org", "bob-secret")]


def certificate(folder):
    """A development CA and a certificate for localhost, by openssl."""
    config = folder / "san.cnf"
    config.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    run = lambda *a: subprocess.run(["openssl", *a], check=True, capture_output=True, cwd=folder)  # noqa: E731
    run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "ca.key",
        "-out", "ca.pem", "-days", "30", "-subj", "/CN=peer CA")
    run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem", "-out",
        "request.pem", "-subj", "/CN=localhost")
    run("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out",
        "cert.pem", "-days", "30", "-extfile", "san.cnf")


def dovecot_config(folder, base, users, fsync="always"):
    """mdbox. With mail_fsync=always Dovecot's OK means what ours means; its default is `optimized`."""
    return f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
mail_location = mdbox:{folder}/mail/%u
mail_fsync = {fsync}
mail_uid = {users}
mail_gid = {users}
first_valid_uid = 1
default_login_user = dovenull
default_internal_user = dovecot
disable_plaintext_auth = no
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
default_client_limit = 20000
default_process_limit = 2000
mail_max_userip_connections = 20000
service imap-login {{
  service_count = 0
  process_min_avail = 2
  inet_listener imap {{
    port = {base + OFFSETS["imap"]}
  }}
  inet_listener imaps {{
    port = {base + OFFSETS["imaps"]}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 4096
}}
service stats {{
  client_limit = 20000
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Drafts {{
    special_use = \\Drafts
    auto = subscribe
  }}
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = subscribe
  }}
  mailbox Junk {{
    special_use = \\Junk
    auto = subscribe
  }}
  mailbox Archive {{
    special_use = \\Archive
    auto = subscribe
  }}
}}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={users} gid={users} home={folder}/home/%u
}}
"""


class Dovecot(Server):
    """Dovecot with the same face as `Server`."""

    def __init__(self, extra_config="", parent=None, fsync="always"):
        super().__init__(parent=parent or tempfile.gettempdir())
        self.fsync = fsync
        self.data.mkdir()
        self.folder.chmod(0o755)

    def start(self):
        for name in ("run", "state", "mail", "home"):
            (self.data / name).mkdir()
        certificate(self.data)
        users = "mail"
        shutil.chown(self.data / "mail", users, users)
        shutil.chown(self.data / "home", users, users)
        (self.data / "users").write_text("".join(f"{user}:{{PLAIN}}{secret}\n" for user, secret in ACCOUNTS))
        (self.data / "dovecot.conf").write_text(dovecot_config(self.data, self.base, users, self.fsync))
        (self.data / "quickstart.json").write_text(json.dumps({
            "accounts": [{"address": user, "password": secret} for user, secret in ACCOUNTS],
            "ports": {name: self.base + OFFSETS[name] for name in ("imap", "imaps")},
            "ca": str(self.data / "ca.pem")}))
        log = open(self.folder / "server.log", "ab")
        self.process = subprocess.Popen(["dovecot", "-F", "-c", str(self.data / "dovecot.conf")], stdout=log,
                                        stderr=log, stdin=subprocess.DEVNULL)
        self._await_ready()
        time.sleep(0.3)
        return self

    def add_account(self, address, password):
        with open(self.data / "users", "a") as users:
            users.write(f"{address}:{{PLAIN}}{password}\n")
        time.sleep(1.1)  # it looks at the file's age in seconds

    def port(self, name):
        return self.card["ports"].get(name, 9)  # it has no submission: a closed port

    def memory_bytes(self):
        """Proportional memory of every process of it."""
        return tree_bytes(self.process.pid)


class Radicale(Server):
    """Radicale with the same face; one port, no TLS (its own is not what is compared)."""

    def __init__(self, extra_config="", parent=None):
        super().__init__(parent=parent)
        self.data.mkdir()

    def start(self):
        (self.data / "users").write_text("".join(f"{user}:{secret}\n" for user, secret in ACCOUNTS))
        (self.data / "config").write_text(f"""
[server]
hosts = 127.0.0.1:{self.base + 81}
max_connections = 100
timeout = 300
max_content_length = 1000000000
[auth]
type = htpasswd
htpasswd_filename = {self.data}/users
htpasswd_encryption = plain
delay = 0
[storage]
filesystem_folder = {self.data}/collections
""")
        (self.data / "quickstart.json").write_text(json.dumps({
            "accounts": [{"address": user, "password": secret} for user, secret in ACCOUNTS],
            "ports": {"plain": self.base + 81}, "ca": ""}))
        log = open(self.folder / "server.log", "ab")
        python = "/usr/bin/python3"
        self.process = subprocess.Popen([python, "-m", "radicale", "--config", str(self.data / "config")],
                                        stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                        env={"PATH": os.environ["PATH"]})
        self._await_ready()
        self.plain_http = self.base + 81
        return self


def tree_bytes(root):
    """Sum of the proportional set sizes of a process and all below it."""
    children = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
        except (OSError, IndexError):
            continue
    total, queue = 0, [root]
    while queue:
        pid = queue.pop()
        queue += children.get(pid, [])
        try:
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        except OSError:
            continue
    return total


__all__ = ["Dovecot", "Radicale", "PortBase", "tree_bytes"]
