"""Which rows of the audit trail a filter selects, in which order, and who may read them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.access.principal import Principal
from app.audit import queries as queries_module
from app.audit.commands import AuditFilter
from app.audit.policy import AuditPermission
from app.audit.queries import AuditQueries
from app.audit.reader import AuditReader
from app.audit.views import AuditEventView
from app.errors import InsufficientPermissions, Unauthenticated
from app.events.audit import AuditRecorder
from app.kit.clock import utc_now
from app.kit.db.keyset import Position, Slice
from app.models import AuditEvent
from tests.support.app import TestApp
from tests.support.writes import audited

NOW = utc_now().replace(microsecond=0)
ADA, KEY, EVE = (UUID(int=number) for number in (1, 2, 3))
MICROSECOND = timedelta(microseconds=1)


def row(number: int, at: datetime = NOW, **values: Any) -> AuditEvent:
    return AuditEvent(
        **{"uid": UUID(int=number), "at": at, "action": "user.deleted", "outcome": "success", "detail": {}, **values}
    )


async def store(test_app: TestApp, *rows: AuditEvent) -> AuditQueries:
    async with test_app.runtime.database.write() as session:
        session.add_all(rows)
    return AuditQueries(test_app.runtime.database.reads)


async def found(queries: AuditQueries, wanted: AuditFilter) -> Sequence[int]:
    return [view.uid.int for view in (await queries.page(wanted, None, 50)).items]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (AuditFilter(), [16, 15, 14, 13, 12, 11]),
        (AuditFilter(actor=ADA), [14, 13, 11]),
        (AuditFilter(actor=KEY), [13]),
        (AuditFilter(actor=EVE), [12]),
        (AuditFilter(target=f"user:{ADA}"), [12, 11]),
        (AuditFilter(action="plan.created"), [14]),
        (AuditFilter(outcome="rejected"), [15]),
        (AuditFilter(since=NOW + MICROSECOND), [16, 15]),
        (AuditFilter(until=NOW + MICROSECOND), [14, 13, 12, 11]),
        (AuditFilter(since=NOW, until=NOW + MICROSECOND), [14, 13]),
        (AuditFilter(actor=ADA, target=f"user:{ADA}"), [11]),
        (AuditFilter(actor=ADA, outcome="rejected"), []),
    ],
)
async def test_a_filter_selects_rows(test_app: TestApp, wanted: AuditFilter, numbers: list[int]) -> None:
    queries = await store(
        test_app,
        row(11, NOW - MICROSECOND, actor=ADA, target=f"user:{ADA}"),
        row(12, NOW - MICROSECOND, actor=EVE, target=f"user:{ADA}"),
        row(13, actor=KEY, on_behalf=ADA, target=f"user:{EVE}"),
        row(14, on_behalf=ADA, action="plan.created", target="plan:pro"),
        row(15, NOW + MICROSECOND, outcome="rejected"),
        row(16, NOW + 2 * MICROSECOND),
    )
    assert await found(queries, wanted) == numbers


async def test_pages_of_rows_of_one_moment_add_up(test_app: TestApp) -> None:
    """Rows of one transaction have one time."""
    queries = await store(test_app, *(row(number) for number in (3, 1, 4, 2)), row(9, NOW - MICROSECOND))
    pages, position = [], None
    while True:
        page = await queries.page(AuditFilter(), position, 2)
        pages.append([view.uid.int for view in page.items])
        if not page.has_more:
            break
        position = page.next_position
    assert pages == [[4, 3], [2, 1], [9]]


def matches(stored: AuditEvent, wanted: AuditFilter) -> bool:
    return (
        wanted.actor in (None, stored.actor, stored.on_behalf)
        and wanted.target in (None, stored.target)
        and wanted.action in (None, stored.action)
        and wanted.outcome in (None, stored.outcome)
        and (wanted.since is None or stored.at >= wanted.since)
    )


@pytest.mark.parametrize(
    "wanted",
    [
        AuditFilter(actor=ADA, action="plan.created"),
        AuditFilter(actor=ADA, outcome="rejected", since=NOW - 15 * MICROSECOND),
        AuditFilter(action="plan.created", outcome="rejected"),
        AuditFilter(actor=ADA, target=f"user:{EVE}", action="plan.created"),
        AuditFilter(actor=EVE, action="nothing.happened"),
    ],
)
@pytest.mark.parametrize("scanned", [3, 4, 1_000])
async def test_pages_of_several_filters_add_up(
    test_app: TestApp, wanted: AuditFilter, scanned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page reads ``scanned`` rows at most. It can be empty although others follow."""
    monkeypatch.setattr(queries_module, "SCANNED", scanned)
    monkeypatch.setattr(queries_module, "_page", queries_module._page.__wrapped__)
    rows = [
        row(
            number,
            NOW - number // 2 * MICROSECOND,
            actor=(ADA, EVE, KEY, None, KEY)[number % 5],
            on_behalf=(None, None, ADA, None, EVE)[number % 5],
            action=("plan.created", "user.deleted", "session.created")[number % 3],
            target=f"user:{(ADA, EVE)[number % 7 // 4]}",
            outcome=("success", "rejected")[number % 4 // 3],
        )
        for number in range(1, 61)
    ]
    newest_first = sorted(rows, key=lambda each: (each.at, each.uid), reverse=True)
    expected = [each.uid.int for each in newest_first if matches(each, wanted)]
    queries = await store(test_app, *rows)
    found: list[int] = []
    position, more = None, True
    while more:
        page = await queries.page(wanted, position, 2)
        assert len(page.items) <= 2
        found += [view.uid.int for view in page.items]
        position, more = page.next_position, page.has_more
    assert found == expected


async def test_a_row_is_shown_as_it_is_stored(test_app: TestApp) -> None:
    values: dict[str, Any] = {
        "actor": KEY,
        "on_behalf": ADA,
        "action": "user.deleted",
        "target": f"user:{EVE}",
        "outcome": "rejected",
        "address": "192.0.2.1",
        "request_id": "req",
        "detail": {"reason": "last_admin"},
    }
    queries = await store(test_app, row(1, **values))
    (view,) = (await queries.page(AuditFilter(), None, 1)).items
    assert {name: getattr(view, name) for name in values} == values
    assert (view.uid, view.at) == (UUID(int=1), NOW)


async def test_reading_needs_the_permission_and_is_recorded(test_app: TestApp) -> None:
    async def read(principal: Principal, after: Position | None = None) -> Slice[AuditEventView]:
        async with test_app.runtime.database.write() as session:
            reader = AuditReader(test_app.runtime.database.reads, principal, AuditRecorder(session))
            return await reader.page(AuditFilter(actor=ADA, since=datetime(2026, 1, 1, tzinfo=UTC)), after, 1)

    for principal, error in (
        (Principal(None, None, (), frozenset({AuditPermission.READ})), Unauthenticated),
        (Principal(1, ADA, (), frozenset()), InsufficientPermissions),
    ):
        with pytest.raises(error):
            await read(principal)
    assert await audited(test_app) == []
    await read(Principal(1, ADA, (), frozenset({AuditPermission.READ})))
    (recorded,) = await audited(test_app)
    assert (recorded.action, recorded.target) == ("audit.read", None)
    assert recorded.detail == {"actor": str(ADA), "since": "2026-01-01T00:00:00Z"}
    await store(test_app, *(row(number, actor=ADA) for number in (1, 2)))
    first = await read(Principal(1, ADA, (), frozenset({AuditPermission.READ})))
    second = await read(Principal(1, ADA, (), frozenset({AuditPermission.READ})), first.next_position)
    assert [view.uid.int for view in (*first.items, *second.items)] == [2, 1]
