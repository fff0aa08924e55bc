"""Test-suites that come in the source packages of clients: unpacked from the cache that `conformance/run` fills, and run in
a process of their own, away from this run's settings and plug-ins.
"""

import os
import pathlib
import re
import subprocess
import sys
import tarfile


def unpacked(name, folder):
    """The tree of the source package `name`."""
    cache = os.environ.get("COLLEGIUM_CACHE")
    found = sorted(pathlib.Path(cache).glob(f"sdist/{name}-*.tar.gz")) if cache else []
    assert found, f"the source package of {name} is not in the cache: run through conformance/run"
    with tarfile.open(found[-1]) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.glob(f"{name}-*"))


def run(tree, *arguments, settings="", env=None, timeout=880):
    """pytest in the tree, under settings of ours in place of its own, which may ask for plug-ins that are not needed.

    Returns how many passed; a failure fails with all that was printed.
    """
    (tree / "ours.ini").write_text(f"[pytest]\n{settings}")
    environment = {**os.environ, **(env or {}), "PYTHONPATH": str(tree)}
    for name in [name for name in environment if name.startswith(("PYTEST_XDIST", "PYTEST_ADDOPTS"))]:
        del environment[name]
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "ours.ini", "--rootdir", ".",
                           "--tb=short", "-rfEs", *arguments],
                          cwd=tree, env=environment, text=True, capture_output=True, timeout=timeout)
    print(done.stdout[-4000:])
    told = re.search(r"(\d+) passed", done.stdout)
    assert told and done.returncode == 0, done.stdout[-12000:] + done.stderr[-1000:]
    return int(told.group(1))
