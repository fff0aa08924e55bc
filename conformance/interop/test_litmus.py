"""litmus: every suite of the WebDAV test program with 0 failures and 0 warnings."""

import re

import pytest

from blackbox import client

SUITES = ["basic", "copymove", "props", "locks", "http"]


@pytest.mark.parametrize("suite", SUITES)
def test_suite(plain_server, tmp_path, suite):
    user, password = plain_server.alice
    url = f"http://localhost:{plain_server.plain_http}/dav/files/{user}/"
    done = client.run("litmus", url, user, password, cwd=tmp_path, env={"TESTS": suite}, timeout=120, check=False)
    told = done.stdout
    summary = re.search(rf"summary for `{suite}': of (\d+) tests run: (\d+) passed, (\d+) failed", told)
    assert summary, told + done.stderr
    assert int(summary.group(1)) > 2 and summary.group(3) == "0" and done.returncode == 0, told
    assert "WARNING" not in told and "warnings were issued" not in told, told
    assert "SKIPPED" not in told, told
