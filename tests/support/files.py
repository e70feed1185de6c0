"""Files of users, as an upload leaves them."""

from uuid import UUID

from app.files.storing import FileStorage, StoredContent
from tests.support.app import Person, TestApp


async def store_file(test_app: TestApp, owner: Person, body: str | bytes, name: str = "posts.csv") -> StoredContent:
    """A file of a user that is ready."""
    storage = FileStorage(test_app.runtime.database, test_app.store)
    content = await storage.store(owner.user.id, name, "text/csv", body.encode() if isinstance(body, str) else body)
    async with test_app.runtime.database.write() as session:
        await storage.finish(session, content)
    return content


async def stored_file(test_app: TestApp, owner: Person, body: str | bytes) -> UUID:
    """Its uid."""
    return (await store_file(test_app, owner, body)).file
