"""Which consumers the analysis counts for a change, with which requests, and in which order reports show them."""

from dataclasses import replace
from typing import Any

import pytest

from contracts.compat import diff
from contracts.compat.impact.analysis import Impact, analyse, requests_of, version_of
from contracts.compat.impact.evidence import ConsumerEvidence, OperationEvidence, Subscription, Summary, UsageEvidence
from contracts.compat.impact.verdict import Outcome, Verdict, combine
from tests.contracts.compat.documents import (
    OK,
    body,
    document,
    operation,
    parameter,
    secured,
    webhook,
    with_parameters,
    with_request,
)
from tests.contracts.impact.test_decisions import BREAKS, GET, MAY, NOT, SAFE, use

Json = Any
OLD = with_parameters(parameter("q"), parameter("r"))
NEW = with_parameters(parameter("q", required=True), parameter("r", schema={"type": "string", "pattern": "a"}))
MESSAGE = {"payload": {"type": "object", "properties": {"a": {"type": "string"}}}}


def consumer(name: str | None, *used: OperationEvidence, subscriptions: Json = ()) -> ConsumerEvidence:
    return ConsumerEvidence(name, used, tuple(Subscription(*each) for each in subscriptions))


def analysed(old: Json, new: Json, *consumers: ConsumerEvidence) -> Impact:
    return analyse(diff(old, new, located=True), UsageEvidence("", "", consumers), "v901")


def verdicts(impact: Impact) -> dict[str | None, Verdict]:
    return {one.consumer: worst for one, worst, _ in impact.consumers}


def test_consumers_are_in_the_order_of_verdicts_then_of_requests_to_the_version() -> None:
    elsewhere = replace(use("GET /other", 999), version="v902")
    impact = analysed(
        OLD,
        NEW,
        consumer("never", use("GET /other", 500)),
        consumer("safe", use(GET, 900, query__q=10, query__r=0)),
        consumer("few", use(GET, 10, query__q=9), elsewhere),
        consumer("may", use(GET, 700, query__q=10, query__r=1)),
        consumer("many", use(GET, 30, query__q=9)),
        consumer("also few", use(GET, 10, query__q=9)),
        consumer("of another version", elsewhere),
    )
    rows = [(one.consumer, worst) for one, worst, _ in impact.consumers]
    assert rows == [
        ("many", BREAKS),
        ("also few", BREAKS),
        ("few", BREAKS),
        ("may", MAY),
        ("safe", SAFE),
        ("never", NOT),
    ]
    required = next(one for one in impact.findings if one.cause.first.rule == "request-parameter-became-required")
    assert [one.consumer.consumer for one in required.having(BREAKS)] == ["many", "also few", "few"]
    assert required.counts == {BREAKS: 3, MAY: 0, SAFE: 2, NOT: 1}
    assert required.requests == 50, "of those that break or may break"
    assert impact.breaks
    assert requests_of(impact.consumers[2][0], "v901") == 10


def test_the_findings_of_a_consumer_start_with_the_worst() -> None:
    one = consumer("c", use(GET, query__q=9, query__r=1))
    ((_, worst, rows),) = analysed(OLD, NEW, one).consumers
    assert (worst, [outcome.verdict for _, outcome in rows]) == (BREAKS, [BREAKS, MAY])
    reverse = with_parameters(parameter("q", schema={"type": "string", "pattern": "a"}), parameter("r", required=True))
    ((_, worst, rows),) = analysed(OLD, reverse, consumer("c", use(GET, query__q=1, query__r=9))).consumers
    assert (worst, [outcome.verdict for _, outcome in rows]) == (BREAKS, [BREAKS, MAY])


def test_a_change_that_may_break_breaks_nobody() -> None:
    impact = analysed(OLD, NEW, consumer("c", use(GET, query__q=10, query__r=1)))
    assert not impact.breaks
    assert [one.requests for one in impact.findings] == [0, 10]


def test_an_operation_without_requests_has_no_caller() -> None:
    """Evidence lists it when a client was observed, and its requests were counted on another day."""
    assert verdicts(analysed(OLD, document({}), consumer("c", use(GET, 0)))) == {"c": NOT}
    assert verdicts(analysed(OLD, document({}), consumer("c", use(GET, 1)))) == {"c": BREAKS}


def test_calls_of_another_version_are_not_of_this_one() -> None:
    mine, other = use("GET /other"), replace(use(GET), version="v902")
    assert verdicts(analysed(OLD, document({}), consumer("c", mine, other))) == {"c": NOT}


def test_a_change_of_the_whole_document_is_one_of_every_operation() -> None:
    old = secured([{"key": []}])
    renamed = {**old["components"]["securitySchemes"]["key"], "name": "X-Other"}
    new = secured([{"key": []}], {**old["components"]["securitySchemes"], "key": renamed})
    caller = consumer("c", use(GET, 10, security__key=10), use("GET /other", 7, security__key=7))
    (finding,) = analysed(old, new, caller, consumer("d", use(GET, 10, security__key=0))).findings
    assert (finding.counts[BREAKS], finding.counts[SAFE], finding.requests) == (1, 1, 17)


def with_callback(method: str = "get", **members: Json) -> Json:
    """An operation whose callback sends an object with these members."""
    sent = {"responses": OK, "requestBody": body({"type": "object", "properties": members})}
    return operation(method, callbacks={"onEvent": {"{$request.body#/url}": {"post": sent}}})


def test_callers_of_an_operation_that_sends_a_callback_may_break() -> None:
    consumers = consumer("c", use(GET)), consumer("d", use("GET /other"))
    for new in (operation(), with_callback()):
        assert verdicts(analysed(with_callback(a={}), new, *consumers)) == {"c": MAY, "d": NOT}


def test_the_callback_of_a_declared_successor_is_one_of_the_old_operation() -> None:
    """By which evidence names its callers."""
    old, new = with_callback(a={}), with_callback("put")
    report = diff(old, new, pairs={GET: "PUT /things"}, located=True)
    (found,) = (finding for finding in report if finding.rule.startswith("webhook-body-"))
    assert [one.operation.partition(" callback ")[0] for one in found.occurrences] == [GET]


def test_both_webhooks_and_streams_send_the_payload_of_an_event() -> None:
    old, new = (webhook(requestBody=body({"type": "object", "properties": each})) for each in ({"a": {}}, {}))
    receivers = [consumer(each, subscriptions=[("v901", "thing", each)]) for each in ("webhook", "stream")]
    others = consumer("other", subscriptions=[("v901", "other", "webhook"), ("v902", "thing", "webhook")])
    assert verdicts(analysed(old, new, *receivers, others)) == {"webhook": MAY, "stream": MAY, "other": NOT}
    assert verdicts(analysed(old, document(), *receivers)) == {"webhook": BREAKS, "stream": NOT}


def channels(**messages: Json) -> Json:
    names = {f"{name}": {"$ref": f"#/channels/c/messages/{name}"} for name in messages}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "T", "version": "1"},
        "channels": {"c": {"address": "events", "messages": messages}},
        "operations": {"o": {"action": "send", "channel": {"$ref": "#/channels/c"}, "messages": list(names.values())}},
    }


def test_the_end_of_a_channel_ends_all_its_events() -> None:
    old = channels(thing=MESSAGE, other=MESSAGE)
    streams = [consumer(each, subscriptions=[("v901", each, "stream")]) for each in ("thing", "other")]
    hook = consumer("hook", subscriptions=[("v901", "thing", "webhook")])
    gone = {**old, "channels": {}, "operations": {}}
    assert verdicts(analysed(old, gone, *streams, hook)) == {"thing": BREAKS, "other": BREAKS, "hook": NOT}
    assert verdicts(analysed(old, channels(thing=MESSAGE), *streams, hook)) == {
        "thing": NOT,
        "other": BREAKS,
        "hook": NOT,
    }


def test_a_subscriber_of_both_channels_is_one_consumer_with_one_outcome() -> None:
    both = consumer("c", subscriptions=[("v901", "thing", "stream"), ("v901", "thing", "webhook")])
    old, new = (webhook(requestBody=body({"type": "object", "properties": each})) for each in ({"a": {}}, {}))
    (finding,) = analysed(old, new, both).findings
    (one,) = finding.consumers
    assert one.outcome.reason == "receives thing by stream"


def test_safe_changes_are_left_out_unless_they_may_break_somebody() -> None:
    new = with_parameters(parameter("q"), parameter("r"), parameter("s"))
    query = {"present": 10, "unknown": {"0" * 16: 3}}
    assert analysed(OLD, new, consumer("c", use(GET, query=10))).findings == ()
    (finding,) = analysed(OLD, new, consumer("c", use(GET, query=query))).findings
    assert (finding.cause.first.rule, finding.counts[MAY]) == ("request-parameter-added", 1)


def test_progress_is_told_before_each_finding() -> None:
    told: list[tuple[int, int]] = []
    report = diff(OLD, NEW, located=True)
    analyse(report, UsageEvidence("", ""), "v901", lambda index, total: told.append((index, total)))
    assert told == [(0, 2), (1, 2)]


@pytest.mark.parametrize(
    ("servers", "expected"),
    [([{"url": "https://a.example/api/v901/"}], "v901"), ([{"url": "/api/v902"}, {"url": "/api/v901"}], "v901")],
)
def test_the_version_of_a_document_is_that_of_any_of_its_servers(servers: Json, expected: str) -> None:
    evidence = UsageEvidence("", "", contracts={"v901": "d", "v900": "d"})
    assert version_of({"servers": servers}, evidence) == expected


def test_the_worst_outcome_of_several_is_the_one_with_most_evidence() -> None:
    few, many = (Outcome(BREAKS, "sent it", shown=shown) for shown in (2, 7))
    weak, strong = (Outcome(SAFE, "never sent it", bound=bound) for bound in (0.5, 0.01))
    assert combine([strong, few, many, weak]) is many
    assert combine([strong, weak]) is weak, "a consumer is as safe as the least certain of its operations"


def test_outcomes_as_json_leave_out_what_does_not_apply() -> None:
    assert Outcome(MAY, "calls the operation", GET, requests=0, bound=0.0).to_dict() == {
        "verdict": "may break",
        "reason": "calls the operation",
        "operation": GET,
        "requests": 0,
        "bound": 0.0,
    }


@pytest.mark.parametrize(
    ("old", "new", "used", "reason", "shown"),
    [
        (
            with_parameters(parameter("q")),
            with_parameters(parameter("q", required=True)),
            use(GET, query__q=7),
            "omitted it 3 of 10 times",
            3,
        ),
        (
            with_request(body({"type": "string", "maxLength": 9})),
            with_request(body({"type": "string", "maxLength": 3})),
            use("POST /things", body={"possible": 10, "present": 4, "types": {"string": 4}, "length": (2, 8)}),
            "sent up to 8 characters",
            None,
        ),
        (with_parameters(parameter("q")), operation(), use(GET, query__q=4), "sent it", 4),
        (with_parameters(parameter("q")), document({}), use(GET, 40), "calls the operation", 40),
    ],
)
def test_an_outcome_says_what_shows_it(
    old: Json, new: Json, used: OperationEvidence, reason: str, shown: int | None
) -> None:
    ((_, _, ((_, outcome),)),) = analysed(old, new, consumer("c", used)).consumers
    assert (outcome.reason, outcome.shown, outcome.requests) == (reason, shown, used.requests)
    assert outcome.operation == used.operation


def test_evidence_of_several_days_adds_up() -> None:
    one = OperationEvidence("v901", GET, 5, "2026-11-02", 3, 2, {"query:q": Summary(possible=3, present=1)})
    other = OperationEvidence("v901", GET, 7, "2026-11-01", 4, 1, {"query:q": Summary(possible=4, present=4)})
    assert one.merged(other) == OperationEvidence(
        "v901", GET, 12, "2026-11-02", 7, 3, {"query:q": Summary(possible=7, present=5)}
    )
    both = ConsumerEvidence("c", (one, replace(other, operation="GET /other")))
    assert (both.requests, both.last_seen, both.versions) == (12, "2026-11-02", {"v901"})
    assert ConsumerEvidence("c", (), (Subscription("v902", "thing", "stream"),)).versions == {"v902"}
