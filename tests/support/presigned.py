"""Uploads whose bytes go to a bucket, by signed URLs."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
from obstore.store import LocalStore
from uuid_utils.compat import uuid7

from app.http.storage import StorageComponent
from app.kit.storage.metrics import StorageMetrics
from app.kit.storage.opening import local_folder
from app.kit.storage.store import Method, ObjectStore
from observability.metrics.metrics import Metrics
from tests.support.app import Person, TestApp
from tests.support.transactions import owner_of
from tests.support.waiting import PATIENCE

FILES = "/api/v2/files"
PRESIGNED = f"{FILES}/presigned"
PREFIXES = ("objects", "incoming")


class Uploader:
    """A user who uploads files to the bucket."""

    def __init__(self, test_app: TestApp, owner: Person, client: httpx2.AsyncClient) -> None:
        self.store = test_app.store
        self.owner = owner
        self.client = client

    async def begin(self, name: str = "posts.csv", **fields: Any) -> dict[str, Any]:
        response = await self.client.post(PRESIGNED, json={"filename": name, **fields})
        assert response.status_code == 201, response.text
        found: dict[str, Any] = response.json()
        return found

    async def send(self, begun: dict[str, Any], content: bytes, **headers: str) -> httpx2.Response:
        upload = begun["upload"]
        async with httpx2.AsyncClient(timeout=PATIENCE) as bucket:
            given = {**upload["headers"], **headers}
            return await bucket.request(upload["method"], upload["url"], content=content, headers=given)

    async def complete(self, begun: dict[str, Any]) -> httpx2.Response:
        return await self.client.post(f"{FILES}/{begun['id']}/complete")

    async def upload(self, content: bytes, name: str = "posts.csv", **fields: Any) -> httpx2.Response:
        begun = await self.begin(name, **fields)
        assert (await self.send(begun, content)).status_code == 200
        return await self.complete(begun)

    async def keys(self) -> list[str]:
        """The keys of all objects."""
        return [one.key for prefix in PREFIXES async for one in self.store.objects(prefix)]


async def file_rows(test_app: TestApp) -> list[Any]:
    async with owner_of(test_app.runtime.database) as owner:
        return list(await owner.fetch("SELECT state, object_key, incoming_key, checking_until FROM files"))


def code(response: httpx2.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


class FolderWithUrls(ObjectStore):
    """A local store whose URLs lead nowhere, for tests of what happens before and after their use."""

    signs_urls = True

    async def signed_url(self, method: Method, key: str, valid: timedelta) -> str:
        return f"https://bucket.example/{key}?method={method}&seconds={valid.seconds}&signature=secret"


def sign_urls(test_app: TestApp) -> None:
    """Let an application with a local store sign URLs."""
    folder = local_folder(test_app.runtime.settings)
    store = FolderWithUrls(LocalStore(folder), StorageMetrics(Metrics()), folder)
    test_app.runtime.get(StorageComponent).store = store


async def pending_file(test_app: TestApp, owner: Person, content: bytes | None = None) -> UUID:
    """A CSV file whose upload to a signed URL has begun, and has ended if there is a content."""
    uid = uuid7()
    async with test_app.runtime.database.write() as session:
        driver = await session.driver()
        await driver.execute(
            "INSERT INTO files (uid, owner_id, name, content_type, object_key, incoming_key)"
            " VALUES ($1, $2, 'pending.csv', 'text/csv', $3, $4)",
            uid,
            owner.user.id,
            f"objects/{uid}",
            f"incoming/{uid}",
        )
    if content is not None:
        await test_app.store.put(f"incoming/{uid}", content)
    return uid
