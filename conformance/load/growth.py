"""Speed beside the disk, growth, memory at rest and space: ratios of one run, judged.

    python conformance/load/growth.py             full size: 1,000,000 items, 10,000 accounts of 1,000; a quarter of an hour
    python conformance/load/growth.py --smoke     small, for every run of the tests
    python conformance/load/growth.py --only append,space
    python conformance/load/growth.py --smoke --engine postgres     the same but `space`, in a database of its own

Goals (see the README): appends at 0.7 or more of what the disk gives for the same bytes in the same groups; opening,
sync and delivery cost less than 1.3 times as much in an account a hundred times as large; 400 MiB for 10,000 accounts
of 1,000 items; less than 1.3 bytes on the disk for a byte of bodies, also after half of them went. The smoke run is
small and the machine may be busy: it judges what does not depend on size or speed, and prints the rest.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from blackbox import postgres, server as servers  # noqa: E402

MIB = 1 << 20
# Memtables that wait to be written out, and the cache: not more with every account.
FILLING_MIB_MAX = 1_000
FULL = {"writers": 64, "seconds": 8, "items": 1_000_000, "rounds": 20, "accounts": 10_000, "bodies": 40_000}
SMOKE = {"writers": 16, "seconds": 1, "items": 100_000, "rounds": 3, "accounts": 20, "bodies": 1_000}


def growth(what, folder, *numbers):
    program = pathlib.Path(servers.built("collegium")).parent / "examples" / "growth"
    done = subprocess.run([program, what, folder, *map(str, numbers)], capture_output=True, text=True, timeout=7200)
    if done.returncode != 0:
        raise RuntimeError(f"growth {what}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def append(folder, size):
    told = growth("append", folder, size["writers"], size["seconds"])
    return told, [("durable 30 KB appends, part of what the disk gives", told["ratio"], ">=", 0.7, False)]


def scale(folder, size):
    told = growth("scale", folder, size["items"], size["rounds"])
    return told, [(f"{what} in an account 100 times as large", told[what]["ratio"], "<", 1.3, False)
                  for what in ("open", "sync", "deliver")]


def rest(folder, size):
    filled = growth("fill", folder, size["accounts"])
    told = growth("rest", folder, size["accounts"])
    told["filling"] = filled
    return told, [("memory while they were filled, MiB", filled["peak_bytes"] / MIB, "<", FILLING_MIB_MAX, True),
                  ("memory at rest, MiB, when opened", told["opened_bytes"] / MIB, "<", 400, True),
                  ("memory at rest, MiB, when every account was looked at", told["looked_bytes"] / MIB, "<", 400, True)]


def space(folder, size):
    told = growth("space", folder, size["bodies"])
    return told, [("bytes on the disk for a byte of bodies", told["filled_ratio"], "<", 1.3, size is FULL),
                  ("the same when half of them are gone", told["halved_ratio"], "<", 1.3, size is FULL)]


# What is on the disk for a byte of bodies is the database's own business: it gives room back in its own time.
FILES_ONLY = {"space"}
MEASURES = {"append": append, "scale": scale, "rest": rest, "space": space}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--only", default=None)
    parser.add_argument("--engine", choices=["fjall", "postgres"], default="fjall")
    parser.add_argument("--accounts", type=int)
    parser.add_argument("--dir", default=None, help="where to work: the disk that is measured")
    chosen = parser.parse_args()
    size = SMOKE if chosen.smoke else FULL
    if chosen.accounts:
        size["accounts"] = chosen.accounts
    if chosen.engine == "fjall":
        os.environ.pop("COLLEGIUM_POSTGRES", None)
        missed = measure(chosen, size)
    else:
        cluster = postgres.Cluster().start()
        try:
            os.environ["COLLEGIUM_POSTGRES"] = cluster.url()
            missed = measure(chosen, size)
        finally:
            cluster.dispose()
    sys.exit(1 if missed else 0)


def measure(chosen, size):
    """Takes the chosen measures; what missed its goal."""
    possible = [name for name in MEASURES if chosen.engine == "fjall" or name not in FILES_ONLY]
    missed = []
    for name in chosen.only.split(",") if chosen.only else possible:
        folder = tempfile.mkdtemp(prefix="collegium-growth-", dir=chosen.dir)
        try:
            told, goals = MEASURES[name](folder, size)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(name, json.dumps(told))
        for what, value, sign, goal, anywhere in goals:
            met = value >= goal if sign == ">=" else value < goal
            judged = anywhere or not chosen.smoke
            print(f"  {'ok  ' if met else 'MISS' if judged else 'miss'} {what}: {value:.2f} (goal {sign} {goal})")
            if judged and not met:
                missed.append(what)
    return missed


if __name__ == "__main__":
    main()
