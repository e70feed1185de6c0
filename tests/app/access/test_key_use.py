"""The order in which a process writes the uses of API keys."""

from app.access.commands import KeyDraft
from app.access.repository import ApiKeyRepository
from app.access.service import ApiKeyService
from app.kit.clock import utc_now
from app.models import ApiKey
from tests.support.app import Person, TestApp
from tests.support.transactions import ensure_locked_first


async def create(test_app: TestApp, person: Person) -> ApiKey:
    async with test_app.runtime.database.write() as session:
        key, _ = await ApiKeyService(session).create(KeyDraft(person.user.id, "ci", []))
    return key


async def test_uses_of_keys_are_written_in_the_order_of_the_keys(concurrent_app: TestApp) -> None:
    """Two processes that have used the same keys in different orders would wait for each other."""
    ada = await concurrent_app.person("ada@example.com")
    first, second = [await create(concurrent_app, ada) for _ in range(2)]
    used = {key.uid: utc_now() for key in (second, first)}
    await ensure_locked_first(
        concurrent_app,
        "api_keys",
        f"id = {first.id}",
        f"id = {second.id}",
        lambda session: ApiKeyRepository(session).record_uses(used),
    )
