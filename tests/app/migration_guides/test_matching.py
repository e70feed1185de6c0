"""Which sections of a guide the usage of a user touches, and in which order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.migration_guides.matching import WITHOUT_KEY, personal_sections
from app.migration_guides.sections import section_of
from app.migration_guides.views import ElementUsage, OperationUsage, PersonalSection, UserUsage

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
KEY, OTHER = "key-uid", "user-uid"


def section(anchor: str, events: tuple[str, ...] = (), **operations: dict[str, Any]) -> dict[str, Any]:
    """A section whose operations are named like keyword arguments, as ``posts_list``."""
    found = {name: {"name": name.upper(), **uses} for name, uses in operations.items()}
    return {
        **dict.fromkeys(("title", "before", "after", "text"), "text"),
        "anchor": anchor,
        "operations": found,
        "events": events,
    }


def used(
    requests: int = 10, observed: int = 10, consumers: tuple[str, ...] = (KEY,), **elements: int | tuple[int, int, bool]
) -> OperationUsage:
    """The usage of an operation; ``query__page=3`` is the number of requests with an element, out of all."""
    found = {}
    for name, count in elements.items():
        present, possible, undeclared = count if isinstance(count, tuple) else (count, observed, False)
        found[name.replace("__", ":")] = ElementUsage(present, possible, undeclared)
    return OperationUsage(requests, NOON, consumers, observed, found)


def personal(
    sections: list[dict[str, Any]], webhooks: tuple[tuple[str, ...], ...] = (), **operations: OperationUsage
) -> list[PersonalSection]:
    usage = UserUsage(operations, webhooks, {KEY: "the key"})
    return list(personal_sections([section_of(one) for one in sections], usage))


def test_a_user_gets_exactly_the_sections_that_the_evidence_touches_by_traffic() -> None:
    sections = [
        section("names", write={"sent": ["body:name"]}),
        section("unused", delete={"called": True}),
        section("pages", list={"sent": ["query:page"]}, search={"called": True}),
        section("filters", list={"sent": ["query:filter"]}),
    ]
    found = personal(
        sections,
        write=used(5, status__201=5, body__name=2),
        list=used(70, status__200=10, query__page=1, query__filter=0),
        search=used(30, consumers=(OTHER, KEY)),
    )
    assert [(one.anchor, one.requests) for one in found] == [("pages", 100), ("names", 5)]
    assert [(one.name, one.requests, one.elements) for one in found[0].operations] == [
        ("LIST", 70, ("page",)),
        ("SEARCH", 30, ()),
    ]
    assert [one.keys for one in found] == [("the key", WITHOUT_KEY), ("the key",)]
    assert found[0].last_seen == NOON


@pytest.mark.parametrize(
    ("uses", "usage", "touched"),
    [
        ({"called": True}, used(status__200=10), True),
        ({"sent": ["query:page"]}, used(status__200=10, query__page=0), False),
        ({"sent": ["query:page"]}, used(status__200=10), False),
        ({"omitted": ["header:if"]}, used(header__if=10), False),
        ({"omitted": ["header:if"]}, used(status__200=10), True),
        ({"omitted": ["header:if"]}, used(observed=0, status__200=10), False),
        ({"omitted": ["header:if"]}, used(header__if=9), True),
        ({"undeclared": ["body"]}, used(body=(10, 10, False)), False),
        ({"undeclared": ["body"]}, used(body=(10, 10, True)), True),
        ({"received": ["404"]}, used(status__200=10), False),
        ({"received": ["404"]}, used(status__404=1), True),
        ({"received": ["4XX"]}, used(status__404=1), True),
        ({"received": ["5XX"]}, used(status__404=1), False),
        ({"read": {"200": ["reads:/id"]}}, used(status__200=10), True),
        ({"read": {"200": ["reads:/id"]}}, used(status__201=10), False),
        ({"read": {"200": ["reads:/id"]}}, used(status__200=10, reads=10, **{"reads:/name": 10}), False),
        ({"read": {"200": ["reads:/id"]}}, used(status__200=10, reads=9, **{"reads:/name": 9}), True),
        ({"read": {"200": ["reads:/id"]}}, used(status__200=10, reads=10, **{"reads:/id/part": 10}), True),
        ({"read": {"200": ["reads:/data/*/id"]}}, used(status__200=10, reads=10, **{"reads:/data": 10}), True),
        ({"read": {"200": ["reads"]}}, used(status__200=10, reads=10, **{"reads:/name": 10}), True),
        # Nothing was observed: what successful requests usually contain is not left out.
        ({"sent": ["query:page"]}, used(observed=0), True),
        ({"read": {"200": ["reads:/id"]}}, used(observed=0), True),
        ({"received": ["404"]}, used(observed=0), False),
        ({"received": ["204"]}, used(observed=0), True),
        ({"omitted": ["header:if"]}, used(observed=0), True),
        ({"undeclared": ["body"]}, used(observed=0), True),
    ],
)
def test_the_use_of_an_operation(uses: dict[str, Any], usage: OperationUsage, *, touched: bool) -> None:
    assert bool(personal([section("one", operation=uses)], operation=usage)) is touched


def test_a_section_names_what_was_sent_once_and_shows_the_last_use() -> None:
    sections = [
        section(
            "one",
            write={"sent": ["body:name", "body:/name", "query:a:b", "reads:id", "path:id"]},
            list={"called": True},
        )
    ]
    later = OperationUsage(10, NOON + timedelta(hours=1), (OTHER,), 10, {})
    elements = {"body:/name": 1, "query:a:b": 1, "reads:id": 1, "path:id": 1}
    (found,) = personal(sections, write=used(10, body__name=2, **elements), list=later)
    assert [(one.name, one.elements) for one in found.operations] == [("LIST", ()), ("WRITE", ("name", "a:b"))]
    assert found.last_seen == later.last_seen


def test_a_stream_that_a_section_is_about_counts_once() -> None:
    (found,) = personal(
        [section("one", ("post.created",), **{"streams.open": {"called": True}})], **{"streams.open": used(4)}
    )
    assert (found.requests, [one.name for one in found.operations]) == (4, ["STREAMS.OPEN"])


def test_webhooks_and_streams_are_uses_of_the_bodies_of_events() -> None:
    sections = [section("bodies", events=("post.created", "post.deleted")), section("files", events=("file.deleted",))]
    (found,) = personal(sections, webhooks=(("post.created", "other"),))
    assert (found.anchor, found.requests, found.last_seen, found.events) == ("bodies", 0, None, ("post.created",))
    assert [one.anchor for one in personal(sections, webhooks=((),))] == ["bodies", "files"], "no filter: all events"
    streamed = personal(sections, **{"streams.open": used(4)})
    assert [(one.anchor, one.requests, one.keys) for one in streamed] == [
        ("bodies", 4, ("the key",)),
        ("files", 4, ("the key",)),
    ]
    (stream,) = streamed[0].operations
    assert (stream.name, stream.requests, stream.last_seen) == ("events by stream", 4, NOON)
