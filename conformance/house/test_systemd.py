"""The files for systemd: they parse, they allow next to nothing, and they fit each other."""

import pathlib
import re
import shutil
import subprocess

import pytest

from blackbox import server as servers

UNITS = servers.ROOT / "systemd"
SERVICE = UNITS / "collegium.service"

needs = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd on this machine")


def run(*arguments):
    return subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True, timeout=60)


@needs
def test_the_units_parse(tmp_path):
    """The binary is named where a package puts it; a copy of the unit names one that is there."""
    for path in UNITS.glob("collegium.*"):
        shutil.copy(path, tmp_path)
    service = tmp_path / "collegium.service"
    service.write_text(SERVICE.read_text().replace("/usr/bin/collegium", servers.binary()))
    done = run("systemd-analyze", "verify", service, tmp_path / "collegium.socket")
    assert done.returncode == 0 and not done.stderr.strip(), done.stderr


@needs
def test_the_service_may_do_next_to_nothing():
    done = run("systemd-analyze", "security", "--offline=true", "--threshold=15", SERVICE)
    assert done.returncode == 0, done.stdout.splitlines()[-1:]
    level = float(re.search(r"exposure level for \S+: ([\d.]+)", done.stdout).group(1))
    assert level <= 1.5


@needs
def test_the_system_calls_in_use_are_allowed(tmp_path):
    """What the unit denies is nothing that the binary does: told by strace, where it is at hand."""
    if not shutil.which("strace"):
        pytest.skip("no strace on this machine")

    def members(group):
        found = set()
        for line in run("systemd-analyze", "syscall-filter", group).stdout.splitlines()[1:]:
            word = line.strip()
            found |= members(word) if word.startswith("@") else {word} if word and not word.startswith("#") else set()
        return found

    trace = tmp_path / "trace"
    made = servers.Server()
    try:
        made.start()
        made.stop()
        made.process = subprocess.Popen(["strace", "-f", "-qq", "-c", "-o", str(trace), servers.binary(), "serve",
                                         "--config", str(made.config_file())], stderr=subprocess.DEVNULL)
        made._await_ready()
        made.command("account", "list", "--config", str(made.config_file()))
        subprocess.run(["pkill", "-TERM", "-P", str(made.process.pid)], check=True)
        made.process.wait(20)
    finally:
        made.dispose()
    used = {line.split()[-1] for line in trace.read_text().splitlines()[2:] if re.match(r"\s*[\d.]+ ", line)} - {"total"}
    default = members("@default")
    filters = [line.partition("=")[2] for line in pathlib.Path(SERVICE).read_text().splitlines()
               if line.startswith("SystemCallFilter=")]
    named = {word for words in filters if not words.startswith(("~", "@")) for word in words.split()}
    allowed = (members("@system-service") - members("@privileged") - members("@resources")) | default | named
    assert len(used) > 20 and used <= allowed, used - allowed


@needs
def test_the_account_and_the_directories_are_made(tmp_path):
    (tmp_path / "etc").mkdir()
    done = run("systemd-sysusers", f"--root={tmp_path}", UNITS / "collegium.sysusers")
    assert done.returncode == 0, done.stderr
    assert "collegium:" in (tmp_path / "etc" / "passwd").read_text()
    done = run("systemd-tmpfiles", "--create", f"--root={tmp_path}", UNITS / "collegium.tmpfiles")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "var" / "lib" / "collegium").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "etc" / "collegium" / "tls").stat().st_mode & 0o777 == 0o750


def test_sockets_and_listeners_are_the_same():
    sockets = set(re.findall(r"^ListenStream=(\S+)", (UNITS / "collegium.socket").read_text(), re.M))
    listeners = set(re.findall(r'^bind = "(\S+)"', (UNITS / "collegium.toml").read_text(), re.M))
    assert sockets == listeners
