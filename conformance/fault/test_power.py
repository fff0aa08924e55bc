"""Power cuts under the same load as the kills, on a disk that loses, reorders and tears whatever was not synced.

A kill leaves the page cache as it was; only this shows whether every acknowledgement waited for its sync. Half of
the cuts are on a disk that keeps names only when their directory was synced. `COLLEGIUM_CUTS` sets how often (100),
`COLLEGIUM_SEED` repeats a run as nearly as threads allow.
"""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import power  # noqa: E402

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
