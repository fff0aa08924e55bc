"""Fixtures of the black-box tests: one server per test file, thrown away with it."""

import os
import pathlib
import random
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from blackbox import pgserver  # noqa: E402
from blackbox import server as servers  # noqa: E402
from blackbox import which  # noqa: E402


@pytest.fixture(scope="module")
def server():
    """A running server with alice and bob."""
    made = which.made()
    try:
        yield made.start()
    finally:
        made.dispose()


@pytest.fixture(scope="module")
def plain_server():
    """The same, with all HTTP doors also in clear text on loopback."""
    made = which.ours(extra_config=servers.PLAIN_HTTP)
    try:
        yield made.start()
    finally:
        made.dispose()


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    """Real clients read and write a HOME: each test has one of its own."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("TZ", "UTC")
    return home


def pytest_configure(config):
    # Looked up before any test changes HOME.
    os.environ.setdefault("COLLEGIUM", servers.binary())
    # One seed for all processes of a run.
    os.environ.setdefault("COLLEGIUM_SEED", str(random.SystemRandom().getrandbits(32)))


def pytest_report_header(config):
    return f"COLLEGIUM_SEED={os.environ['COLLEGIUM_SEED']}"


def pytest_unconfigure(config):
    if hasattr(config, "collegium_server"):
        config.collegium_server.dispose()
    pgserver.over()


def pytest_collect_file(parent, file_path):
    """A `.txt` beside the tests of a door is a transcript."""
    if file_path.suffix == ".txt" and file_path.parent.name in ("imap", "smtp", "pop3", "webdav", "caldav", "carddav"):
        from blackbox import transcript
        return transcript.File.from_parent(parent, path=file_path)
    return None
