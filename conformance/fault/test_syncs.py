"""The power is cut at each of the first syncs of short scripts, one for each family of changes, and of the first start.

`COLLEGIUM_SYNCS` sets how many syncs (40), `COLLEGIUM_SEED` repeats a run.
"""

import copy
import os
import pathlib
import random
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import lossy  # noqa: E402
import power  # noqa: E402
import scripts  # noqa: E402
import workers  # noqa: E402

from blackbox import imap, mail, server as servers  # noqa: E402

SYNCS = int(os.environ.get("COLLEGIUM_SYNCS", "40"))
# More steps than any script needs to come to its last sync.
STEPS_MAX = 200
SYNC = ["sync", "syncdir"]


def state_of(worker):
    return {name: copy.deepcopy(value) for name, value in vars(worker).items() if name not in ("server", "session")}


@pytest.mark.timeout(0)
@pytest.mark.parametrize("script", scripts.ALL)
def test_cut_at_each_sync(script):
    """What was acknowledged before that sync is there, what was under way is whole or absent, and work goes on."""
    with power.Rig(f"{power.SEED}-{script}", small=False, crew=((scripts.ALL[script], 1),)) as rig:
        worker, = rig.crew
        worker.open()
        for _ in range(4):
            worker.step()
        worker.flight = None
        rig.inbox.check()
        rig.server.stop()
        rig.disk.snapshot()
        start, known = state_of(worker), copy.deepcopy(rig.inbox.known)
        highest = rig.inbox.highest
        for sync in range(1, SYNCS + 1):
            rig.server.kill()
            rig.disk.restore()
            vars(worker).update(copy.deepcopy(start))
            rig.inbox.known, rig.inbox.highest = copy.deepcopy(known), highest
            dice = random.Random(f"{power.SEED}-{script}-{sync}")
            moment = f"COLLEGIUM_SEED={power.SEED} {script}, sync {sync}"
            try:
                run(rig, worker, sync, dice)
            except (AssertionError, RuntimeError, OSError) as error:
                raise AssertionError(f"{moment}: {error!r}\n{rig.server.log()[-2000:]}") from error
        print(f"{script}: {SYNCS} syncs")


def run(rig, worker, sync, dice):
    rig.server.restart()
    rig.disk.strict(dice.random() < 0.5)
    rig.disk.fault(SYNC, "cut", nth=sync, seed=dice.getrandbits(60), loss=dice.choice(["drop", "keep", "torn", "torn"]))
    worker.server_dying = True
    try:
        worker.open()
        for _ in range(STEPS_MAX):
            worker.step()
            worker.flight = None
    except workers.BROKEN:
        pass
    except AssertionError as error:
        # A refusal, as long as it is one because the server is going down.
        assert "given again" not in str(error) and "two things" not in str(error), error
    assert rig.disk.await_cut(10), f"no sync {sync} in {STEPS_MAX} steps"
    rig.server.kill()
    rig.disk.heal()
    rig.inbox.crashes = 1
    rig.start()
    rig.check()
    worker.open()
    worker.step()
    worker.flight = None


@pytest.mark.timeout(0)
def test_cut_at_each_sync_of_the_first_start():
    """Whatever the power left of a store in the making, the next start ends it, and both accounts can be used."""
    with tempfile.TemporaryDirectory(prefix="power-") as folder, lossy.Disk(folder) as disk:
        disk.snapshot()
        for sync in range(1, SYNCS + 1):
            disk.restore()
            dice = random.Random(f"{power.SEED}-birth-{sync}")
            disk.strict(dice.random() < 0.5)
            disk.fault(SYNC, "cut", nth=sync, seed=dice.getrandbits(60), loss=dice.choice(["drop", "keep", "torn", "torn"]))
            server = servers.Server(parent=folder, data=disk.mount / "data")
            try:
                with pytest.raises(RuntimeError):
                    server.start()
                assert disk.status()["dark"]
                server.kill()
                disk.heal()
                server.start()
                for account in (server.alice, server.bob):
                    session = imap.connect(server, account)
                    session.append("INBOX", mail.message(sync))
                    session.logout()
                done = server.command("fsck", "--bytes", "--config", str(server.config_file()), check=False)
                assert done.returncode == 0, done.stdout
            except (AssertionError, RuntimeError, OSError) as error:
                raise AssertionError(f"COLLEGIUM_SEED={power.SEED}, sync {sync}: {error}\n{server.log()[-3000:]}") from error
            finally:
                server.kill()
                server.dispose()
