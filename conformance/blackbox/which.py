"""Which server a run is about: Collegium on its own files; with `COLLEGIUM_ENGINE=postgres` on a database; with
`COLLEGIUM_PEER=1` Dovecot, which shows whether a failing test is the server's fault or the test's.
"""

import os

from . import peer, pgserver, server

ENGINES = {"fjall": server.Server, "postgres": pgserver.Server}


def ours(extra_config=""):
    """Collegium on the engine of this run, not started."""
    return ENGINES[os.environ.get("COLLEGIUM_ENGINE", "fjall")](extra_config)


def made():
    """What this run is about, not started."""
    return peer.Dovecot() if os.environ.get("COLLEGIUM_PEER") else ours()
