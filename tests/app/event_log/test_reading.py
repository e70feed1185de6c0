"""The log of events: pages in the order of positions, of known types, from the last handled event on."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from app.access.principal import Role
from app.event_log.commands import EventFilter
from app.event_log.errors import EventNotFound, EventsDeleted
from app.event_log.queries import EventLogQueries
from app.event_log.reader import EventLogReader
from tests.support.app import Person, TestApp
from tests.support.users import principal_of

KNOWN: Mapping[str, int] = {"a.happened": 1, "b.happened": 1}
INSERT = (
    "INSERT INTO events (uid, type, schema, subject_uid, owner_uid, counterparty_uid, audience, payload, position)"
    " VALUES ($1, $2, $3, $1, $4, $5, $6, '{}', $7)"
)


class Log:
    """Adds events, and reads them as a user."""

    def __init__(self, test_app: TestApp, person: Person) -> None:
        self._test_app = test_app
        self._person = person

    async def add(self, position: int | None, **values: Any) -> UUID:
        uid = uuid7()
        row = {"type": "a.happened", "schema": 1, "owner": None, "counterparty": None, "audience": "public"} | values
        async with self._test_app.runtime.database.write() as session:
            await (await session.driver()).execute(INSERT, uid, *row.values(), position)
        return uid

    async def reader(self) -> EventLogReader:
        return EventLogReader(self._test_app.runtime.database.reads, await principal_of(self._test_app, self._person))

    async def uids(self, types: Mapping[str, int] = KNOWN, after: UUID | None = None, limit: int = 2) -> list[UUID]:
        """All pages, which are the same whether types are read from the log or each from an index."""
        found = await self._uids(EventFilter(types, after), limit)
        assert await self._uids(EventFilter(types, after, unfiltered=True), limit) == found
        return found

    async def _uids(self, wanted: EventFilter, limit: int) -> list[UUID]:
        reader, position, found = await self.reader(), None, []
        while True:
            page = await reader.page(wanted, position, limit)
            found += [event.uid for event in page.items]
            assert len(page.items) == limit or not page.has_more
            if page.next_position is None:
                return found
            position = page.next_position


@pytest.fixture
async def ada(test_app: TestApp) -> Person:
    return await test_app.person("ada@example.com", Role.AUTHOR)


@pytest.fixture
def log(test_app: TestApp, ada: Person) -> Log:
    return Log(test_app, ada)


async def test_pages_are_in_the_order_of_positions(log: Log, ada: Person) -> None:
    """Not in that of ids: those of transactions that commit late are lower."""
    own = ada.user.uid
    late = await log.add(9)
    first = await log.add(3, audience="owner", owner=own)
    second = await log.add(5, audience="owner", counterparty=own)
    both = await log.add(7, audience="owner", owner=own, counterparty=own)
    mine_and_public = await log.add(8, owner=own)
    await log.add(None)
    await log.add(6, audience="owner", owner=uuid7())
    await log.add(4, audience="admin", owner=own)
    await log.add(2, audience="admin", counterparty=own)
    shared_and_public = await log.add(10, counterparty=own)
    expected = [first, second, both, mine_and_public, late, shared_and_public]
    for limit in (1, 2, 5, 100):
        assert await log.uids(limit=limit) == expected
    assert await log.uids(after=second) == expected[2:]
    assert await log.uids(after=late) == [shared_and_public]
    assert await log.uids(after=shared_and_public) == []


async def test_administrators_read_everything_in_the_same_order(test_app: TestApp) -> None:
    root = await test_app.person("root@example.com", Role.ADMIN)
    log = Log(test_app, root)
    other = uuid7()
    expected = [await log.add(1, audience=audience, owner=other) for audience in ("owner",)]
    expected += [await log.add(2, audience="admin"), await log.add(3)]
    await log.add(None, audience="admin")
    assert await log.uids() == expected
    assert await log.uids(after=expected[0], limit=1) == expected[1:]


async def test_a_version_lists_what_it_knows(log: Log) -> None:
    known, other = await log.add(1), await log.add(2, type="b.happened")
    unknown = await log.add(3, type="c.happened")
    newer = await log.add(4, schema=2)
    assert await log.uids() == [known, other]
    assert await log.uids({"b.happened": 1}) == [other]
    assert await log.uids({"a.happened": 2}) == [newer]
    reader = await log.reader()
    assert (await reader.get(known, KNOWN)).uid == known
    for uid in (unknown, newer, uuid7()):
        with pytest.raises(EventNotFound):
            await reader.get(uid, KNOWN)
    assert await log.uids(after=unknown) == [], "a position after which to start may be of any type"


async def test_an_event_of_somebody_else_is_no_place_to_start(log: Log) -> None:
    foreign = await log.add(1, audience="owner", owner=uuid7())
    waiting = await log.add(None)
    unknown = uuid7()
    await log.add(2)
    for after in (foreign, waiting, unknown, uuid7()):
        with pytest.raises(EventNotFound):
            await log.uids(after=after)


async def test_an_event_is_found_by_those_who_may_read_it(test_app: TestApp, log: Log, ada: Person) -> None:
    own = ada.user.uid
    readable = [
        await log.add(1),
        await log.add(2, audience="owner", owner=own),
        await log.add(3, audience="owner", owner=uuid7(), counterparty=own),
    ]
    hidden = [
        await log.add(4, audience="owner", owner=uuid7()),
        await log.add(5, audience="admin", owner=own),
        await log.add(6, audience="admin", counterparty=own),
    ]
    reader = await log.reader()
    assert [(await reader.get(uid, KNOWN)).uid for uid in readable] == readable
    for uid in hidden:
        with pytest.raises(EventNotFound):
            await reader.get(uid, KNOWN)
    everything = await Log(test_app, await test_app.person("root@example.com", Role.ADMIN)).reader()
    assert [(await everything.get(uid, KNOWN)).uid for uid in hidden] == hidden


async def test_a_reader_below_the_floor_is_told_so(log: Log, test_app: TestApp) -> None:
    handled, last, first_kept, newest = [await log.add(position) for position in (1, 2, 3, 4)]
    reader = await log.reader()
    page = await reader.page(EventFilter(KNOWN), None, 1)
    async with test_app.runtime.database.write() as session:
        await (await session.driver()).execute("DELETE FROM events WHERE position < 3")
    for after in (handled, last):
        with pytest.raises(EventsDeleted):
            await log.uids(after=after)
    with pytest.raises(EventsDeleted):
        await reader.page(EventFilter(KNOWN), page.next_position, 1)
    assert await log.uids() == [first_kept, newest]
    assert await log.uids(after=first_kept) == [newest]
    with pytest.raises(EventNotFound):
        await log.uids(after=uuid7())


async def test_events_that_are_deleted_while_a_page_is_read_are_missed_by_nobody(
    log: Log, test_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The floor is read after the page, which would otherwise have a gap."""
    for position in (1, 2, 3):
        await log.add(position)
    reader, page = await log.reader(), EventLogQueries.page

    async def late(*arguments: Any) -> Any:
        async with test_app.runtime.database.write() as session:
            await (await session.driver()).execute("DELETE FROM events WHERE position < 3")
        return await page(*arguments)

    monkeypatch.setattr(EventLogQueries, "page", late)
    with pytest.raises(EventsDeleted):
        await reader.page(EventFilter(KNOWN), (1,), 10)


async def test_the_types_after_a_position_have_the_position_of_their_last_event(log: Log, test_app: TestApp) -> None:
    """A cache of responses forgets what these events have changed."""
    queries = EventLogQueries(test_app.runtime.database.reads)
    last = await queries.highest()
    assert await queries.types_after(last) == {}
    for position, name in enumerate(("a.happened", "b.happened", "a.happened"), last + 1):
        await log.add(position, type=name, audience="admin")
    assert await queries.types_after(last) == {"a.happened": last + 3, "b.happened": last + 2}
    assert await queries.types_after(last + 1) == {"a.happened": last + 3, "b.happened": last + 2}
    assert await queries.types_after(last + 2) == {"a.happened": last + 3}
    assert [event.position for event in await queries.after(last, 2)] == [last + 1, last + 2]
    assert [event.position for event in await queries.after(last + 2, 2)] == [last + 3]
    await log.add(last + 5)
    await log.add(last + 4)
    assert [event.position for event in await queries.after(last + 3, 2)] == [last + 4, last + 5]
