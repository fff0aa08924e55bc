"""Power cuts under the same load as the kills, on a disk that loses, reorders and tears whatever was not synced.

A kill leaves the page cache as it was; only this shows whether every acknowledgement waited for its sync. Half of
the cuts are on a disk that keeps names only when their directory was synced. `COLLEGIUM_CUTS` sets how often (100),
`COLLEGIUM_SEED` repeats a run as nearly as threads allow.
"""

import os
import pathlib
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import power  # noqa: E402
import syncs  # noqa: E402

from blackbox import dav  # noqa: E402

CUTS = int(os.environ.get("COLLEGIUM_CUTS", "100"))
# One life has so many cuts: its clients' checks take longer with every message.
LIFE = 25


@pytest.mark.timeout(0)
@pytest.mark.parametrize("life", range(-(-CUTS // LIFE)))
def test_power_cuts(life):
    """Acknowledged is there to the octet, the rest whole or absent, nothing dangles or leaks, after each of the cuts."""
    with power.Rig(f"{power.SEED}-{life}", small=life % 2 == 0) as rig:
        cuts = min(LIFE, CUTS - life * LIFE)
        rig.rounds(cuts)
        rig.settle()
        print(f"COLLEGIUM_SEED={power.SEED}, life {life}: {cuts} cuts, {rig.acknowledged} acknowledged, "
              f"slowest start {rig.slowest:.2f} s")
        assert rig.acknowledged > 3 * cuts


@pytest.mark.timeout(0)
def test_names_of_segments_become_stable_in_order():
    """Several segments begin while one sync is on its way: a cut that kept the name of a later one alone would leave
    what reads as a lost segment, and no start."""
    with power.Rig(f"{power.SEED}-names", strict=True, crew=()) as rig:
        rig.server.stop()
        rig.disk.sync()
        rig.disk.snapshot()
        begun = 0
        for _ in range(8):
            rig.disk.restore()
            rig.start()
            rig.disk.fault("sync", "delay", delay_ms=1000, path=syncs.SEGMENT)
            session = dav.connect(rig.server, rig.server.alice)
            octets = rig.dice.randbytes(6_000_000)
            thread = threading.Thread(target=put, args=(session, dav.files(rig.server.alice[0], "large"), octets))
            thread.start()
            time.sleep(0.6)
            begun = max(begun, len(list((rig.server.data / "blobs").glob("*.seg"))))
            rig.disk.cut(rig.dice.getrandbits(60), "torn")
            rig.server.kill()
            rig.disk.heal()
            thread.join(30)
            rig.start()
            rig.fsck()
            rig.server.kill()
        assert begun > 4, f"no more than {begun} segments had begun"


def put(session, path, octets):
    """Stores a file on a server that is about to die."""
    try:
        session.put(path, octets)
    except (OSError, RuntimeError, dav.http.client.HTTPException):
        pass
