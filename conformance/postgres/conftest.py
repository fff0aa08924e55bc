"""A server on a database for each file of tests that asks for one."""

import pytest

from blackbox import pgserver


@pytest.fixture(scope="module")
def server():
    made = pgserver.Server()
    try:
        yield made.start()
    finally:
        made.dispose()
