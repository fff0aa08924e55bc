"""vdirsyncer's own tests of its storages (tests/storage/dav of its source package), as its authors run them against
Radicale, Xandikos and Baikal: CalDAV with events, tasks and both, and CardDAV."""

from blackbox import suites

# What its conftest asks of a server: where the collections of a test are made. It discovers homes by itself.
MIXIN = """
import pytest


class ServerMixin:
    @pytest.fixture
    def get_storage_args(self, slow_create_collection, aio_connector):
        async def inner(collection="test"):
            args = {{"url": {url!r}, "username": {user!r}, "password": {password!r}, "connector": aio_connector}}
            if collection is not None:
                args = await slow_create_collection(self.storage_class, args, collection)
            return args

        return inner
"""


def test_its_storage_tests(plain_server, tmp_path):
    """No failure; what is skipped is what no server can have."""
    tree = suites.unpacked("vdirsyncer", tmp_path)
    user, password = plain_server.alice
    ours = tree / "tests" / "storage" / "servers" / "collegium"
    ours.mkdir()
    url = f"http://localhost:{plain_server.plain_http}/"
    (ours / "__init__.py").write_text(MIXIN.format(url=url, user=user, password=password))
    passed = suites.run(tree, "tests/storage/dav", settings="asyncio_mode = strict\n",
                        env={"DAV_SERVER": "collegium", "DETERMINISTIC_TESTS": "true"}, timeout=280)
    assert passed >= 131
