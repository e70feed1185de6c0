"""What the first use of a key, and a plan, add to a request."""

from app.access.commands import KeyDraft
from app.access.service import ApiKeyService
from app.http.plans import PlansComponent
from tests.support.app import TestApp
from tests.support.statements import statements


async def test_the_first_use_of_a_key_sends_the_statements_of_the_next(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.runtime.database.write() as session:
        made = [
            await ApiKeyService(session).create(KeyDraft(ada.user.id, "k", ["posts:read"], plan="pro"))
            for _ in range(3)
        ]
    await test_app.runtime.get(PlansComponent).refresh()
    sent = []
    for _, text in [made[0], made[0], *made[1:]]:
        async with test_app.client({"X-API-Key": text}) as client, statements(test_app) as seen:
            assert (await client.get("/api/v2/posts")).status_code == 200
        sent.append([statement.split()[0] for statement in seen])
    assert sent == [["SELECT", "SELECT"]] * 4, "the look-up of the key and the posts; the plan is known"
