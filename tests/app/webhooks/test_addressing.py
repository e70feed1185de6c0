"""Which endpoints an event is delivered to."""

from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from app.access.principal import Principal
from app.kit.clock import utc_now
from app.kit.db.sessions import Nudge
from app.webhooks.repository import DeliveryRepository
from tests.app.webhooks.test_deliveries import publish, user
from tests.support.app import TestApp
from tests.support.transactions import database_of
from tests.support.users import principal_of
from tests.support.webhooks import Deliveries, create_endpoint

DISABLED = "state = 'disabled', disabled_reason = 'by_owner', disabled_at = now()"
INSERT = (
    "INSERT INTO events (uid, type, schema, subject_uid, owner_uid, counterparty_uid, audience, payload, position)"
    " VALUES ($1, $2, 1, $3, $4, $5, $6, '{}', nextval('events_position_seq')) RETURNING id"
)
FOUND = (
    "SELECT endpoint.description, delivery.status FROM deliveries AS delivery"
    " JOIN webhook_endpoints AS endpoint ON endpoint.id = delivery.endpoint_id ORDER BY 1"
)
ALL, POSTS, OTHER = ("all", "pending"), ("posts", "pending"), ("other", "pending")
OFF, BOBS = ("off", "skipped"), ("bobs", "pending")


class Endpoints:
    """Those of ada, one of them disabled, of bob, and of carl, who is deactivated."""

    def __init__(self, app: TestApp) -> None:
        self._app = app
        self.uids: dict[str, UUID] = {}
        self.users: dict[str, UUID] = {}

    async def add(self, name: str, owner: Principal, *events: str) -> None:
        view, _ = await create_endpoint(self._app, owner, events=events)
        self.uids[name] = view.uid
        await self._execute("UPDATE webhook_endpoints SET description = $1 WHERE uid = $2", name, view.uid)

    async def _execute(self, statement: str, *values: object) -> None:
        async with self._app.runtime.database.write() as session:
            await (await session.driver()).execute(statement, *values)

    async def build(self) -> None:
        for name in ("ada", "bob", "carl"):
            person = await principal_of(self._app, await self._app.person(f"{name}@example.com"))
            self.users[name] = person.user_uid
            if name == "ada":
                await self.add("all", person)
                await self.add("other", person)
                await self.add("posts", person, "post.created")
                await self.add("off", person)
            else:
                await self.add(f"{name}s", person)
        await self._execute(f"UPDATE webhook_endpoints SET {DISABLED} WHERE description = 'off'")  # noqa: S608 - a constant
        await self._execute("UPDATE users SET is_active = false WHERE email LIKE 'carl%'")

    async def addressed(
        self, kind: str, audience: str, owner: str, counterparty: str, subject: str, version: str = "v2"
    ) -> list[tuple[str, str]]:
        owners = [self.users.get(name) for name in (owner, counterparty)]
        async with self._app.runtime.database.write() as session:
            driver, values = await session.driver(), (self.uids.get(subject) or uuid7(), *owners, audience)
            event = await driver.fetchval(INSERT, uuid7(), kind, *values)
            repository = DeliveryRepository(session)
            written = await repository.write([(event, version)], utc_now())
            assert await repository.write([(event, version)], utc_now()) == 0, "a repeated call writes nothing"
            found = [(row[0], row[1]) for row in await driver.fetch(FOUND)]
        assert len(found) == written
        return found


@pytest.mark.parametrize(
    ("kind", "audience", "owner", "counterparty", "subject", "expected"),
    [
        ("post.created", "public", "", "", "", [ALL, BOBS, OFF, OTHER, POSTS]),
        ("user.updated", "public", "", "", "", [ALL, BOBS, OFF, OTHER]),
        ("post.created", "owner", "ada", "", "", [ALL, OFF, OTHER, POSTS]),
        ("user.updated", "owner", "ada", "", "", [ALL, OFF, OTHER]),
        ("user.updated", "owner", "bob", "", "", [BOBS]),
        ("user.updated", "owner", "ada", "bob", "", [ALL, BOBS, OFF, OTHER]),
        ("user.updated", "owner", "carl", "", "", []),
        ("user.updated", "admin", "ada", "bob", "", []),
        ("webhook_endpoint.tested", "owner", "ada", "", "posts", [POSTS]),
        ("webhook_endpoint.failing", "owner", "ada", "", "all", [OFF, OTHER]),
        ("webhook_endpoint.disabled", "owner", "ada", "", "other", [ALL, OFF]),
        ("webhook_endpoint.updated", "owner", "ada", "", "all", [ALL, OFF, OTHER]),
    ],
)
async def test_an_event_is_for_those_who_may_read_it_and_want_it(
    test_app: TestApp,
    kind: str,
    audience: str,
    owner: str,
    counterparty: str,
    subject: str,
    expected: list[tuple[str, str]],
) -> None:
    endpoints = Endpoints(test_app)
    await endpoints.build()
    assert await endpoints.addressed(kind, audience, owner, counterparty, subject, "v901") == []
    assert await endpoints.addressed(kind, audience, owner, counterparty, subject) == expected


async def test_new_deliveries_wake_the_workers(concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    deliveries, sent = Deliveries(concurrent_app), list[Nudge]()
    ada, headers = await user(concurrent_app, "ada")
    await create_endpoint(concurrent_app, ada, events=("post.created",))
    await deliveries.begin()
    await publish(concurrent_app, headers)
    monkeypatch.setattr(database_of(concurrent_app)._notifier, "send", sent.extend)
    await deliveries.write()
    assert [nudge.channel for nudge in sent].count("webhook_deliveries") == 1
