"""An application that stores files in a real bucket."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from app.http.runtime import Runtime
from app.kit.db.database import Database
from app.main import create_app
from app.settings.database import DatabaseSettings
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.postgres import clone, drop
from tests.support.presigned import PREFIXES, Uploader
from tests.support.s3 import S3Server, running_s3


@pytest.fixture(scope="module")
def s3_server() -> Iterator[S3Server]:
    with running_s3() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def s3_app(admin_dsn: str, settings: Settings, s3_server: S3Server) -> AsyncIterator[TestApp]:
    """As ``concurrent_app``."""
    dsn = await clone(admin_dsn, "bucket")
    database = await Database.open(dsn, settings[DatabaseSettings])
    with_bucket = settings.with_groups(s3_server.settings())
    yield TestApp(create_app(with_bucket), Runtime.build(with_bucket, database))
    await database.close()
    await drop(admin_dsn, dsn)


@pytest.fixture
async def uploader(s3_app: TestApp) -> AsyncIterator[Uploader]:
    """A user of ``s3_app``, whose bucket is empty."""
    for prefix in PREFIXES:
        async for found in s3_app.store.objects(prefix):
            await s3_app.store.delete(found.key)
    ada = await s3_app.person("ada@example.com")
    async with s3_app.client(ada.headers) as client:
        yield Uploader(s3_app, ada, client)
