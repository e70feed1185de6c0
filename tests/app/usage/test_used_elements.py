"""Which operations a user sees of the own evidence: of which key, since when, and by pages."""

from datetime import date, timedelta
from typing import Any, cast

import pytest

from app.access.principal import Principal, Role
from app.errors import InsufficientPermissions, Unauthenticated
from app.kit.clock import utc_now
from app.kit.db.keyset import Position
from app.usage.commands import UsageFilter
from app.usage.evidence_reader import EvidenceReader
from app.usage.policy import UsagePermission
from app.usage.reader import UsedElementsReader
from app.usage.successors import Successors
from app.usage.views import UsedOperationView
from tests.app.usage.test_evidence_reader import FIRST, row, stored
from tests.support.app import Person, TestApp

ALLOWED = frozenset({UsagePermission.READ})
EVER = UsageFilter(since=date(2020, 1, 1))


class NoContracts:
    """Describes operations without their elements."""

    def describe(self, used: Any) -> UsedOperationView:
        return UsedOperationView(
            api_version=used["version"],
            operation=used["operation"],
            requests=used["requests"],
            observed=used["observed"],
            deprecated=False,
            successor_version=None,
            successor=None,
            elements=(),
        )


@pytest.fixture
async def ada(test_app: TestApp) -> Person:
    return await test_app.person("ada@example.com", Role.AUTHOR)


def principal(person: Person) -> Principal:
    return Principal(person.user.id, person.user.uid, (), ALLOWED)


async def page(
    evidence: EvidenceReader,
    test_app: TestApp,
    caller: Principal,
    wanted: UsageFilter = EVER,
    after: Position | None = None,
    limit: int = 50,
) -> tuple[list[str], Position | None]:
    reads = test_app.runtime.database.reads
    found = await UsedElementsReader(reads, caller, evidence, cast("Successors", NoContracts())).page(
        wanted, after, limit
    )
    return [view.operation for view in found.items], found.next_position


async def test_reading_needs_the_permission(test_app: TestApp, ada: Person) -> None:
    evidence = await stored(test_app, row(ada.key_uid, {}))
    with pytest.raises(Unauthenticated):
        await page(evidence, test_app, Principal(None, None, (), ALLOWED))
    with pytest.raises(InsufficientPermissions):
        await page(evidence, test_app, Principal(ada.user.id, ada.user.uid, (), frozenset()))
    assert await page(evidence, test_app, principal(ada)) == (["GET /posts"], None)


async def test_the_evidence_of_a_key_is_not_that_of_its_owner(test_app: TestApp, ada: Person) -> None:
    evidence = await stored(test_app, row(ada.key_uid, {}), row(ada.user.uid, {}, operation="posts.get"))
    found, _ = await page(evidence, test_app, principal(ada), UsageFilter(since=FIRST, key_uid=ada.key_uid))
    assert found == ["GET /posts"]
    assert (await page(evidence, test_app, principal(ada)))[0] == ["GET /posts", "GET /posts/{id}"]


async def test_the_last_30_days_are_shown_by_default(test_app: TestApp, ada: Person) -> None:
    days = {"posts.list": 29, "posts.get": 32}
    today = utc_now().date()
    evidence = await stored(
        test_app,
        *(row(ada.key_uid, {}, operation=name, day=today - timedelta(days=age)) for name, age in days.items()),
    )
    assert await page(evidence, test_app, principal(ada), UsageFilter()) == (["GET /posts"], None)


async def test_a_page_with_the_last_operation_has_no_next_one(test_app: TestApp, ada: Person) -> None:
    evidence = await stored(test_app, row(ada.key_uid, {}), row(ada.key_uid, {}, operation="posts.get"))
    caller = principal(ada)
    assert await page(evidence, test_app, caller, limit=2) == (["GET /posts", "GET /posts/{id}"], None)
    first, following = await page(evidence, test_app, caller, limit=1)
    assert first == ["GET /posts"]
    assert await page(evidence, test_app, caller, after=following, limit=1) == (["GET /posts/{id}"], None)
