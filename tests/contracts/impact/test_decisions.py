"""Every rule states how it is decided, and each decision is right about one consumer."""

import dataclasses
from typing import Any

import pytest

from contracts.compat import diff
from contracts.compat.catalogue.change import Change, Context, Effect
from contracts.compat.decision import EXPLANATIONS, Decision
from contracts.compat.findings import Severity
from contracts.compat.impact.analysis import Impact, analyse, version_of
from contracts.compat.impact.decide import DECIDED
from contracts.compat.impact.evidence import ConsumerEvidence, OperationEvidence, Subscription, Summary, UsageEvidence
from contracts.compat.impact.verdict import Verdict
from contracts.compat.reference import impact_reference
from contracts.compat.registry import registry
from tests.contracts.compat.documents import (
    body,
    document,
    operation,
    parameter,
    secured,
    webhook,
    with_parameters,
    with_request,
)

Json = Any
BREAKS, MAY, SAFE, NOT = Verdict.BREAKS, Verdict.MAY_BREAK, Verdict.SAFE, Verdict.NOT_CALLED
GET, POST = "GET /things", "POST /things"
OBJECT = {"possible": 10, "possible_random": 10, "present": 10, "types": {"object": 10}}


def use(name: str = GET, requests: int = 10, **elements: Json) -> OperationEvidence:
    """An operation with all requests observed. Elements are named with `__` for `:`, values are counts of presence."""
    found = {key: Summary(**value) if isinstance(value, dict) else sent(value) for key, value in elements.items()}
    named = {key.replace("__", ":").replace("_S", "/"): value for key, value in found.items()}
    return OperationEvidence("v901", name, requests, observed=requests, random=requests, elements=named)


def sent(count: int, **members: Json) -> Summary:
    return Summary(possible=10, possible_random=10, present=count, types={"string": count}, **members)


def impact(
    old: Json, new: Json, *used: OperationEvidence, subscriptions: Json = (), consumer: str | None = "c"
) -> Impact:
    one = ConsumerEvidence(consumer, used, tuple(Subscription(*each) for each in subscriptions))
    evidence = UsageEvidence("2026-10-30", "2026-11-29", (one,))
    return analyse(diff(old, new, located=True), evidence, "v901")


def verdict(old: Json, new: Json, *used: OperationEvidence, **more: Json) -> Verdict:
    (row,) = impact(old, new, *used, **more).consumers
    return row[1]


def test_every_rule_states_how_it_is_decided() -> None:
    for rule in registry().values():
        assert (rule.decision is Decision.NOBODY) <= (rule.severity is Severity.SAFE), rule.id
        assert (rule.severity is Severity.SAFE) <= (rule.decision in {Decision.NOBODY, Decision.NAME_TAKEN}), rule.id
    assert {rule.decision for rule in registry().values()} == set(Decision) == EXPLANATIONS.keys() == DECIDED


@pytest.mark.parametrize("context", [Context.BODY, Context.PARAMETER])
def test_a_rule_that_does_not_is_refused(context: Context) -> None:
    with pytest.raises(ValueError, match="max-depth-decreased does not state"):
        Change("max-depth-decreased", Effect.NARROWS, "is less deep").decision(context)


def test_the_reference_has_each_rule() -> None:
    text = impact_reference()
    assert "| `request-parameter-became-required` | omitted |" in text
    assert (
        "| `max-length-decreased` | length above | length above | nobody | nobody | nobody | subscribed, perhaps |"
        in text
    )


Q = with_parameters(parameter("q"))
WITHOUT = operation()
REQUIRED = with_parameters(parameter("q", required=True))
ENUM, LESS = (with_parameters(parameter("q", schema={"enum": one})) for one in (["a", "b"], ["a"]))
NUMBER, SHORT = (with_parameters(parameter("q", schema={"type": "integer", "maximum": one})) for one in (900, 123))
CLOSED = {"type": "object", "additionalProperties": False, "properties": {"a": {"type": "string"}}}
STRICT = {"/bodies": {"post": {"requestBody": body(CLOSED), "responses": {}}}}


@pytest.mark.parametrize(
    ("old", "new", "used", "expected"),
    [
        (Q, WITHOUT, use(query__q=0), SAFE),
        (Q, WITHOUT, use(query__q=1), MAY),
        (Q | {"paths": Q["paths"] | STRICT}, document(STRICT | WITHOUT["paths"]), use(query__q=1), BREAKS),
        (Q, WITHOUT, use(), MAY),
        (Q, WITHOUT, use("GET /other"), NOT),
        (Q, REQUIRED, use(query__q=10), SAFE),
        (Q, REQUIRED, use(query__q=9), BREAKS),
        (Q, REQUIRED, use(), MAY),
        (WITHOUT, REQUIRED, use(query=10), BREAKS),
        (WITHOUT, REQUIRED, use(query={"present": 10, "unknown": {"h": 9}}), BREAKS),
        (WITHOUT, REQUIRED, use(query={"present": 10, "unknown": {"h": 10}}), MAY),
        (WITHOUT, with_parameters(parameter("X-Client", "header", required=True)), use(), BREAKS),
        (WITHOUT, with_parameters(parameter("User-Agent", "header", required=True)), use(), MAY),
        (ENUM, LESS, use(query__q={"possible": 10, "present": 2, "values": {'"b"': 1, '"a"': 1}}), BREAKS),
        (ENUM, LESS, use(query__q={"possible": 10, "present": 2, "values": {'"a"': 2}}), SAFE),
        (ENUM, LESS, use(query__q={"possible": 10, "present": 2}), MAY),
        (NUMBER, SHORT, use(query__q={"present": 2, "types": {"integer": 2}, "number": (1, 99)}), SAFE),
        (NUMBER, SHORT, use(query__q={"present": 2, "types": {"integer": 2}, "number": (1, 130)}), MAY),
        (NUMBER, SHORT, use(query__q={"present": 2, "types": {"integer": 2}, "number": (1, 140)}), BREAKS),
        (Q, with_parameters(parameter("q", schema={"type": "integer"})), use(query__q=1), MAY),
        (Q, with_parameters(parameter("q", schema={"type": "string", "pattern": "^a"})), use(query__q=1), MAY),
        (Q, document({}), use(), BREAKS),
        (Q, document({"/things/": Q["paths"]["/things"]}), use(), BREAKS),
    ],
)  # fmt: skip
def test_parameters(old: Json, new: Json, used: OperationEvidence, expected: Verdict) -> None:
    assert verdict(old, new, used) is expected


BODY = with_request(body({"type": "object"}))
CSV = with_request({"content": body({})["content"] | body({}, "text/csv")["content"]})


@pytest.mark.parametrize(
    ("old", "new", "used", "expected"),
    [
        (CSV, with_request(body({})), use(POST, media__application_Sjson=10), SAFE),
        (CSV, with_request(body({})), use(POST, **{"media__text/csv": 1}), BREAKS),
        (BODY, with_request(body({"type": "object"}, required=True)), use(POST, body={**OBJECT, "present": 9}), BREAKS),
        (BODY, with_request(body({"type": "object"}, required=True)), use(POST, body=OBJECT), SAFE),
        (with_request(None), with_request(body({}, required=True)), use(POST), BREAKS),
        (BODY, with_request(None), use(POST, body=OBJECT), MAY),
    ],
)
def test_bodies(old: Json, new: Json, used: OperationEvidence, expected: Verdict) -> None:
    assert verdict(old, new, used) is expected


@pytest.mark.parametrize(
    ("elements", "consumer", "expected"),
    [
        ({"security__key": 10}, "c", SAFE),
        ({}, None, BREAKS),
    ],
)
def test_credentials_that_become_required_break_anonymous_callers(
    elements: Json, consumer: str | None, expected: Verdict
) -> None:
    assert (
        verdict(secured([{}, {"key": []}]), secured([{"key": []}]), use(GET, **elements), consumer=consumer) is expected
    )


@pytest.mark.parametrize(
    ("elements", "expected"),
    [({"scope__write": 10}, SAFE), ({"scope__write": 9}, BREAKS), ({"scope__read": 10}, BREAKS), ({}, MAY)],
)
def test_scopes(elements: Json, expected: Verdict) -> None:
    assert verdict(secured([{"oauth": []}]), secured([{"oauth": ["write"]}]), use(GET, **elements)) is expected


@pytest.mark.parametrize(("elements", "expected"), [({"security__key": 1}, BREAKS), ({"security__oauth": 10}, SAFE)])
def test_schemes(elements: Json, expected: Verdict) -> None:
    assert verdict(secured([{"key": []}, {"oauth": []}]), secured([{"oauth": []}]), use(GET, **elements)) is expected


@pytest.mark.parametrize(
    ("new", "subscription", "expected"),
    [
        (document(), ("v901", "thing", "webhook"), BREAKS),
        (webhook(), ("v901", "thing", "webhook"), BREAKS),
        (webhook(requestBody=body({"type": "object"})), ("v901", "thing", "webhook"), MAY),
        (document(), ("v901", "other", "webhook"), NOT),
        (document(), ("v901", "thing", "stream"), NOT),
    ],
)
def test_subscribers_are_consumers_of_events(new: Json, subscription: Json, expected: Verdict) -> None:
    old = webhook(requestBody=body({"type": "object", "properties": {"a": {}}}))
    assert verdict(old, new, subscriptions=[subscription]) is expected


def test_a_subscriber_of_another_version_is_no_consumer() -> None:
    old = webhook(requestBody=body({"type": "object"}))
    assert impact(old, document(), subscriptions=[("v2", "thing", "webhook")]).consumers == []


@pytest.mark.parametrize(
    ("requests", "random", "expected", "bound"),
    [(10, 0, SAFE, 0.0), (900, 0, MAY, None), (900, 3, MAY, None), (900, 60, SAFE, 0.05)],
)
def test_confidence_comes_from_the_random_sample(
    requests: int, random: int, expected: Verdict, bound: float | None
) -> None:
    summary = Summary(possible=10, possible_random=random, present=10, types={"string": 10}, length=(1, 5))
    used = OperationEvidence("v901", GET, requests, observed=10, random=random, elements={"query:q": summary})
    new = with_parameters(parameter("q", schema={"type": "string", "maxLength": 9}))
    ((_, found, ((_, outcome),)),) = impact(Q, new, used).consumers
    assert (found, outcome.bound, outcome.requests) == (expected, bound, requests)
    assert outcome.reason.startswith("sent up to 5 characters")


def test_requests_that_were_all_rejected_cannot_break() -> None:
    used = dataclasses.replace(use(status__422=10), observed=0, random=0)
    assert verdict(Q, document({}), used) is SAFE


def test_calls_without_observed_requests_break_if_the_operation_ends_and_may_break_otherwise() -> None:
    used = OperationEvidence("v901", GET, 10)
    assert verdict(Q, document({}), used) is BREAKS
    assert verdict(Q, WITHOUT, used) is MAY


def test_operations_match_whatever_their_path_parameters_are_called() -> None:
    old, new = (
        operation(path=f"/things/{{{name}}}", parameters=[parameter(name, "path"), parameter("q", required=required)])
        for name, required in (("id", False), ("key", True))
    )
    assert verdict(old, new, use("GET /things/{id}", query__q=9)) is BREAKS


def test_one_consumer_of_several_operations_counts_once_with_all_requests() -> None:
    paths = dict.fromkeys(("/a", "/b"), Q["paths"]["/things"])
    (finding,) = impact(document(paths), document({"/a": paths["/a"]}), use("GET /a"), use("GET /b", 7)).findings
    assert (finding.counts[BREAKS], finding.requests) == (1, 7)


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ([{"url": "https://a.example/api/v2"}], "v2"),
        ({"s": {"pathname": "/v2"}}, "v2"),
        ([{"url": "/api/v9"}], None),
        ([], None),
        (5, None),
    ],
)
def test_the_version_of_a_document(servers: Json, expected: str | None) -> None:
    consumer = ConsumerEvidence("c", (use(), dataclasses.replace(use(), version="v2")))
    assert version_of({"servers": servers}, UsageEvidence("", "", (consumer,))) == expected
    assert version_of({"servers": servers}, UsageEvidence("", "", contracts={"v901": "d"})) == "v901"
