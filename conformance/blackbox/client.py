"""Running other people's programs: a missing one fails, a hanging one is ended, its output is in the report."""

import os
import pty
import select
import shutil
import signal
import subprocess
import time


def run(*arguments, stdin=None, timeout=240, check=True, cwd=None, env=None):
    """Runs a client to its end and returns it; a non-zero exit fails with all it printed."""
    assert shutil.which(arguments[0]), f"{arguments[0]} is not installed"
    environment = {**os.environ, **(env or {})}
    # A client written in Python must not see this test run's virtual environment.
    for name in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"):
        environment.pop(name, None)
    kind = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    done = subprocess.run(arguments, capture_output=True, text=not isinstance(stdin, bytes), timeout=timeout,
                          cwd=cwd, env=environment, **kind)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(arguments)}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def on_terminal(*arguments, timeout=60, cwd=None, answers=()):
    """Runs a full-screen or prompting program on a pseudo-terminal.

    `answers` is a list of (what to wait for, what to type). Returns (exit status, everything shown).
    """
    assert shutil.which(arguments[0]), f"{arguments[0]} is not installed"
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm", LINES="40", COLUMNS="120")
        if cwd:
            os.chdir(cwd)
        os.execvp(arguments[0], arguments)
    shown, waiting, deadline = b"", list(answers), time.monotonic() + timeout
    seen = 0
    try:
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.2)[0]:
                try:
                    data = os.read(terminal, 65536)
                except OSError:
                    data = b""
                if not data:
                    break
                shown += data
            while waiting and waiting[0][0].encode() in shown[seen:]:
                wanted, typed = waiting.pop(0)
                seen = len(shown)
                os.write(terminal, typed.encode())
        else:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise AssertionError(f"{arguments[0]} did not end:\n{shown.decode(errors='replace')[-3000:]}")
    finally:
        os.close(terminal)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), shown.decode(errors="replace")
