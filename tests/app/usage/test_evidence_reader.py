"""What an export and a user see of recorded evidence: merged by operation, with what the contract still has."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from app.access.principal import Role
from app.models import WebhookEndpoint
from app.models.usage import ANONYMOUS
from app.usage import evidence_reader
from app.usage.contracts import UsedContract
from app.usage.evidence_reader import EvidenceReader
from app.usage.pseudonyms import Pseudonyms
from app.usage.queries import EvidenceQueries
from app.usage.repository import EvidenceRepository, EvidenceRow, UsageDelta, UsageRepository
from tests.app.usage.test_reading import delta
from tests.support.app import Person, TestApp

HASHES = Pseudonyms("a secret of the deployment")
OPERATIONS = {"posts.list": "GET /posts", "posts.get": "GET /posts/{id}", "streams.open": "GET /events"}
CONTRACTS = {"v901": UsedContract(OPERATIONS, ["post.created", "post.updated"], "d1")}
FIRST, LAST = date(2026, 3, 10), date(2026, 3, 12)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def row(consumer: object, elements: dict[str, Any], **values: Any) -> EvidenceRow:
    found = EvidenceRow(FIRST, "v901", str(consumer), "posts.list", HASHES.key_id, 4, 2, elements)
    return replace(found, **values)


async def stored(test_app: TestApp, *rows: EvidenceRow | UsageDelta) -> EvidenceReader:
    async with test_app.runtime.database.write() as session:
        await UsageRepository(session).add([each for each in rows if isinstance(each, UsageDelta)])
        evidence = [each for each in rows if isinstance(each, EvidenceRow)]
        await EvidenceRepository(session).add(uuid7(), 1, evidence, 1000, NOON)
    return EvidenceReader(test_app.runtime.database.reads, CONTRACTS, HASHES)


async def exported(reader: EvidenceReader, since: date = FIRST, until: date = LAST) -> dict[str | None, Any]:
    found = [one async for one in reader.consumers(since, until)]
    assert len(found) == await reader.count(since, until)
    return {one["consumer"]: one for one in found}


@pytest.fixture
async def ada(test_app: TestApp) -> Person:
    return await test_app.person("ada@example.com", Role.AUTHOR)


async def subscribe(test_app: TestApp, person: Person, *events: str, **values: Any) -> None:
    async with test_app.runtime.database.write() as session:
        endpoint = {"owner_id": person.user.id, "owner_uid": person.user.uid, "url": "https://example.com/"}
        session.add(WebhookEndpoint(**endpoint, events=list(events), api_version="v901", **values))


async def test_days_and_operations_of_a_consumer_are_merged(test_app: TestApp, ada: Person) -> None:
    hour = timedelta(hours=1)
    reader = await stored(
        test_app,
        delta(ada.key_uid, requests=9, last_seen=NOON + hour),
        delta(ada.key_uid, 1, requests=3),
        delta(ada.key_uid, 2, operation="posts.get", requests=5),
        delta(ada.key_uid, feature="a deprecated parameter", requests=100),
        delta(ada.key_uid, operation="posts.gone", requests=1),
        delta(ada.key_uid, api_version="v900", requests=1),
        row(ada.key_uid, {"query:q": {"possible": 4, "present": 1}, "status:200": {"present": 4}}),
        row(ada.key_uid, {"query:q": {"possible": 3, "present": 2}}, day=LAST, observed=3, random=1),
    )
    (consumer,) = (await exported(reader)).values()
    assert consumer["consumer"] == str(ada.key_uid)
    first, second = consumer["operations"]
    assert (first["operation"], first["requests"], first["observed"], first["random"]) == ("GET /posts", 12, 7, 3)
    assert first["last_seen"].startswith("2026-03-11T12:00")
    assert first["elements"]["query:q"] == {"possible": 7, "present": 3}
    assert (second["operation"], second["requests"], second["observed"]) == ("GET /posts/{id}", 5, 0)


async def test_operations_are_sorted_by_version_and_name(test_app: TestApp, ada: Person) -> None:
    reader = await stored(test_app, delta(ada.key_uid, operation="posts.get"), delta(ada.key_uid))
    ((one, other),) = [each["operations"] for each in (await exported(reader)).values()]
    assert (one["operation"], other["operation"]) == ("GET /posts", "GET /posts/{id}")
    found = await reader.operations([str(ada.key_uid)], FIRST, LAST)
    assert [each["operation"] for each in found] == ["GET /posts", "GET /posts/{id}"]
    assert await reader.operations([str(ada.user.uid)], FIRST, LAST) == []


async def test_both_days_are_part_of_the_period(test_app: TestApp, ada: Person) -> None:
    days = [FIRST + timedelta(days=number) for number in (-1, 0, 2, 3)]
    evidence = [row(ada.user.uid, {}, day=day, observed=1, random=0) for day in days]
    reader = await stored(test_app, *evidence, *(delta(ada.user.uid, number) for number in (-1, 0, 2, 3)))
    for until, expected in ((LAST, 2), (LAST - timedelta(days=1), 1)):
        (one,) = (await exported(reader, until=until)).values()
        assert [(each["requests"], each["observed"]) for each in one["operations"]] == [(expected, expected)]
        found = await reader.operations([str(ada.user.uid)], FIRST, until)
        assert [(each["requests"], each["observed"]) for each in found] == [(expected, expected)]


async def test_consumers_are_those_that_were_not_deleted(test_app: TestApp, ada: Person) -> None:
    """Anonymous callers together, and each with evidence, with counted requests, or with a webhook."""
    bob = await test_app.person("bob@example.com", Role.AUTHOR)
    await subscribe(test_app, bob)
    gone = UUID(int=7)
    everybody = (ada.key_uid, ANONYMOUS, gone)
    reader = await stored(test_app, *(row(each, {}) for each in everybody), *(delta(each) for each in everybody))
    assert set(await exported(reader)) == {None, str(ada.key_uid), str(bob.user.uid)}
    only_evidence = await stored(test_app, row(bob.key_uid, {}))
    assert str(bob.key_uid) in await exported(only_evidence)
    only_counted = await stored(test_app, delta(ada.user.uid))
    assert str(ada.user.uid) in await exported(only_counted)


async def test_many_consumers_are_read_in_parts(
    test_app: TestApp, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_reader, "_BATCH", 2)
    bob = await test_app.person("bob@example.com", Role.AUTHOR)
    everybody = [ada.key_uid, ada.user.uid, bob.key_uid, bob.user.uid, ANONYMOUS]
    reader = await stored(test_app, *(delta(each) for each in everybody))
    assert len(await exported(reader)) == 5


async def test_names_of_another_key_count_as_dropped(test_app: TestApp, ada: Person) -> None:
    unknown = {"query": {"present": 4, "unknown": {"aa": 2, "bb": 1}, "unknown_dropped": 5}}
    reader = await stored(
        test_app, row(ada.key_uid, unknown), row(ada.key_uid, unknown, key_id="another", observed=1, random=0)
    )
    (found,) = await reader.operations([str(ada.key_uid)], FIRST, LAST)
    assert found["elements"]["query"]["unknown"] == {"aa": 2, "bb": 1}
    assert found["elements"]["query"]["unknown_dropped"] == 5 + 5 + 3


async def test_elements_that_could_be_in_every_request_were_possible_in_each(test_app: TestApp, ada: Person) -> None:
    elements = {
        "status:200": {"present": 4, "present_random": 2},
        "status:422": {"present": 3},
        "media:a/b": {"present": 1},
        "scope:read": {"present": 2, "present_random": 1, "possible": 90, "possible_random": 80},
        "reads": {"present": 1, "present_random": 1},
        "body": {"present": 1, "possible": 2},
        "body:/title": {"present": 1, "possible": 1},
    }
    reader = await stored(test_app, row(ada.key_uid, elements))
    (found,) = await reader.operations([str(ada.key_uid)], FIRST, LAST)
    assert found["requests"] == 7, "also those whose count is not written yet"
    title = found["elements"].pop("body:/title")
    assert title == {"present": 1, "possible": 1}, "it has its own count"
    assert {name: (one["possible"], one["possible_random"]) for name, one in found["elements"].items()} == {
        "status:200": (7, 2),
        "status:422": (7, 0),
        "media:a/b": (4, 2),
        "scope:read": (90, 80),
        "reads": (4, 2),
        "body": (4, 2),
    }


async def test_subscriptions_are_those_of_webhooks_and_streams(test_app: TestApp, ada: Person) -> None:
    bob = await test_app.person("bob@example.com", Role.AUTHOR)
    await subscribe(test_app, ada, "post.updated")
    await subscribe(test_app, bob)
    reader = await stored(
        test_app,
        delta(ada.key_uid, operation="streams.open"),
        delta(ada.key_uid),
        delta(bob.key_uid, operation="streams.open", api_version="v900"),
    )
    found = {
        name: {(each["version"], each["event"], each["channel"]) for each in one["subscriptions"]}
        for name, one in (await exported(reader)).items()
    }
    both = ("post.created", "post.updated")
    assert found == {
        str(ada.user.uid): {("v901", "post.updated", "webhook")},
        str(bob.user.uid): {("v901", event, "webhook") for event in both},
        str(ada.key_uid): {("v901", event, "stream") for event in both},
        str(bob.key_uid): set(),
    }


async def test_disabled_webhooks_are_no_subscriptions(test_app: TestApp, ada: Person) -> None:
    await subscribe(test_app, ada, state="disabled", disabled_reason="gone")
    assert await exported(await stored(test_app)) == {}


async def test_the_digest_of_each_contract(test_app: TestApp) -> None:
    reader = EvidenceReader(test_app.runtime.database.reads, CONTRACTS, HASHES)
    assert reader.digests == {"v901": "d1"}
    assert reader.names_key == HASHES.names_key


async def test_the_consumers_of_a_user_and_of_a_key(test_app: TestApp, ada: Person) -> None:
    bob = await test_app.person("bob@example.com", Role.AUTHOR)
    queries = EvidenceQueries(test_app.runtime.database.reads)
    assert set(await queries.of_user(ada.user.id, None)) == {str(ada.key_uid), str(ada.user.uid)}
    assert await queries.of_user(ada.user.id, ada.key_uid) == [str(ada.key_uid)]
    assert await queries.of_user(ada.user.id, bob.key_uid) == []
    known = await queries.known_consumers()
    assert sorted(known) == sorted({str(each) for one in (ada, bob) for each in (one.key_uid, one.user.uid)})
