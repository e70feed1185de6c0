"""Texts about many consumers stay short, and name where the rest is."""

from datetime import date
from typing import Any, cast

import pytest

from app.impact import messages
from app.impact.contacts import Contact
from app.impact.report import report as as_json
from app.impact.texts import by_consumer, by_finding, headline, mails, markdown
from app.impact.views import ImpactView
from contracts.compat import diff
from contracts.compat.impact.analysis import analyse
from contracts.compat.impact.evidence import ConsumerEvidence, OperationEvidence, Subscription, Summary, UsageEvidence
from tests.contracts.compat.documents import parameter, webhook, with_parameters

OLD = with_parameters(*(parameter(f"p{number}") for number in range(30)))
NEW = with_parameters(*(parameter(f"p{number}", required=True) for number in range(30)))
ELEMENTS = {f"query:p{number}": Summary(possible=9, present=0) for number in range(30)}


def view(count: int) -> ImpactView:
    """Consumers of which each breaks by 30 changes, and one that the random sample shows as safe."""
    broken = [
        ConsumerEvidence(f"c{number}", (OperationEvidence("v901", "GET /things", 9, "", 9, 9, ELEMENTS),))
        for number in range(count)
    ]
    always = {name: Summary(possible=60, possible_random=60, present=60) for name in ELEMENTS}
    safe = ConsumerEvidence("safe", (OperationEvidence("v901", "GET /things", 9000, "", 60, 60, always),))
    evidence = UsageEvidence("2026-10-30", "2026-11-29", (*broken, safe))
    contacts = {f"c{number}": Contact(f"c{number}|", f"c{number}@example.com") for number in range(count)}
    return ImpactView(analyse(diff(OLD, NEW, located=True), evidence, "v901"), contacts)


def test_long_lists_end_with_the_number_of_the_rest() -> None:
    found = view(60)
    assert headline(found).startswith("60 of 61 consumers of v901 break, 0 may break ")
    lines = list(by_consumer(found))
    assert sum(line.startswith("BREAKS  ") for line in lines) == 50
    assert "BREAKS  c0|: 9 requests" in lines
    assert headline(view(1)).startswith("1 of 2 consumers of v901 breaks, 0 may break ")
    assert "And 10 more consumers: --json lists all." in lines
    assert lines.count("  and 20 more changes: --json lists all") == 50
    assert lines[-1].startswith("SAFE  1 consumer: no observed request is affected; at most 5.00% of those of each are")
    assert "    and 50 more: --json lists all" in by_finding(found)
    sent = list(mails(found))
    assert sum(line.startswith("To: ") for line in sent) == 10
    assert sent[sent.index("And 50 more messages: --json has all.") - 1] == ""
    assert "  * and 10 more" in sent
    plain = as_json(found)
    assert (len(plain["consumers"]), len(plain["findings"])) == (61, 30)
    assert plain["messages"][0]["subject"] == "A change of v901 of our API affects your client"
    assert len(plain["messages"]) == 60


@pytest.mark.parametrize("count", [10, 50])
def test_a_list_that_fits_is_complete(count: int) -> None:
    found = view(count)
    complete = mails(found) if count == 10 else by_consumer(found)
    assert not [line for line in complete if line.startswith("And ")]
    if count == 10:
        assert not [line for line in by_finding(found) if line.startswith("    and ")]


def test_a_message_lists_20_changes_and_counts_the_others() -> None:
    changes = [[(cast("Any", None), finding, outcome)] for finding, outcome in view(1).consumers[0].findings]
    assert len(list(messages._items(changes[:20]))) == 20
    assert list(messages._items(changes[:21]))[20:] == ["* and 1 more"]


def test_a_user_gets_one_message_about_all_keys() -> None:
    found = view(4)
    users = ("a", "b", "b", "a")
    contacts = {
        f"c{number}": Contact(f"{user}, key {number}", f"{user}@example.com", f'"key {number}"', id=f"c{number}")
        for number, user in enumerate(users)
    }
    contacts["c3"] = Contact("a", "a@example.com", id="c3")
    # The keys send different parameters: one of them never sends `p0`, the other one does in four of nine requests.
    some = {**ELEMENTS, "query:p0": Summary(possible=9, present=4)}
    other = ConsumerEvidence("c2", (OperationEvidence("v901", "GET /things", 9, "", 9, 9, some),))
    consumers = tuple(other if one.consumer == "c2" else one for one in found.impact.evidence.consumers)
    evidence = UsageEvidence("2026-10-30", "2026-11-29", consumers)
    found = ImpactView(analyse(diff(OLD, NEW, located=True), evidence, "v901"), contacts)

    plain = as_json(found)
    assert [(one["email"], one["consumer_ids"], one["requests"]) for one in plain["messages"]] == [
        ("a@example.com", ["c0", "c3"], 18),
        ("b@example.com", ["c1", "c2"], 18),
    ]
    assert [one["id"] for one in plain["consumers"]] == ["c0", "c3", "c1", "c2", None]
    text = list(mails(found))
    assert [line for line in text if line.startswith("To: ")] == ["To: a@example.com", "To: b@example.com"]
    assert '  You sent 18 requests with the API key "key 0" and without a key since 2026-10-30.' in text
    assert '  You sent 18 requests with the API keys "key 1" and "key 2" since 2026-10-30.' in text
    (both,) = [index for index, line in enumerate(text) if line.startswith('    - Your client with the key "key 1" ')]
    assert text[both + 1].startswith('    - Your client with the key "key 2" ')
    assert '| b@example.com | breaks | 18 | "key 1", "key 2" |' in list(markdown(found))


def test_a_message_names_every_key() -> None:
    contacts = {f"c{number}": Contact("a", "a@example.com", f'"key {number}"') for number in range(3)}
    text = list(mails(ImpactView(view(3).impact, contacts)))
    assert '  You sent 27 requests with the API keys "key 0", "key 1" and "key 2" since 2026-10-30.' in text


def test_names_cannot_end_a_cell() -> None:
    assert "| c0\\| |  | 9 | - | GET /things: The query parameter `p0` is required" in "\n".join(markdown(view(1)))
    hostile = ImpactView(view(1).impact, {"c0": Contact("a\r\n<b>", "a@example.com")})
    assert "| a  &lt;b> |  | 9 |" in "\n".join(markdown(hostile))


def test_a_subscriber_without_requests_is_a_consumer() -> None:
    old, new = webhook(), {**webhook(), "webhooks": {}}
    consumer = ConsumerEvidence("s", (), (Subscription("v901", "thing", "webhook"),))
    evidence = UsageEvidence("2026-10-30", "2026-11-29", (consumer,))
    found = ImpactView(analyse(diff(old, new, located=True), evidence, "v901"), {})
    assert "BREAKS  s: receives events" in list(by_consumer(found))
    assert "Without an address here: s." in list(mails(found))


def test_the_end_of_a_version_names_operations_and_events() -> None:
    events = [f"event {number}" for number in range(25)]
    messages = {name: {"payload": {"type": "object"}} for name in events}
    channel = {"address": "/stream", "messages": messages}
    operation = {"action": "send", "channel": {"$ref": "#/channels/stream"}}
    channels = {"asyncapi": "3.0.0", "channels": {"stream": channel}, "operations": {"send": operation}}
    report = diff(webhook(), {**webhook(), "webhooks": {}}, located=True)
    report = report.merged(diff(channels, {**channels, "operations": {}}, located=True))
    subscriptions = (
        Subscription("v901", "thing", "webhook"),
        *(Subscription("v901", name, "stream") for name in events),
    )
    evidence = UsageEvidence("2026-10-30", "2026-11-29", (ConsumerEvidence("s", (), subscriptions),))
    contacts = {"s": Contact("s", "s@example.com")}
    found = ImpactView(analyse(report, evidence, "v901"), contacts, is_end=True, ends=date(2027, 1, 31))
    text = list(mails(found))
    assert text[3:5] == ["", "  You receive events of v901 of our API."]
    assert "  * events by webhook: thing" in text
    (line,) = [line for line in text if line.startswith("  * events by stream: event 0, event 1, ")]
    assert line.endswith(" and 5 more")
    assert text[2] == "Subject: v901 of our API ends"
    assert "  v901 ends on 2027-01-31: from then on, requests to it get an error, and no events are sent." in text
    someday = list(mails(ImpactView(found.impact, contacts, is_end=True)))
    assert "  v901 ends soon: from then on, requests to it get an error, and no events are sent." in someday


def test_the_end_of_a_version_names_the_most_used_operations_first() -> None:
    old = {"openapi": "3.1.0", "paths": {f"/{name}": {"get": {"responses": {}}} for name in "abc"}}
    used = tuple(
        OperationEvidence("v901", f"GET /{name}", requests, "", 0, 0, {})
        for name, requests in (("a", 5), ("b", 7), ("c", 1))
    )
    events = tuple(Subscription("v901", f"event {number}", "webhook") for number in range(20))
    evidence = UsageEvidence("2026-10-30", "2026-11-29", (ConsumerEvidence("s", used, events),))
    impact = analyse(diff(old, {**old, "paths": {}}, located=True), evidence, "v901")
    text = list(mails(ImpactView(impact, {"s": Contact("s", "s@example.com")}, is_end=True)))
    at = text.index("  You use:") + 2
    assert text[at : at + 4] == [
        *("  * GET /b (7 requests)", "  * GET /a (5 requests)", "  * GET /c (1 request)"),
        "",
    ]


def test_a_payload_reaches_all_subscribers_of_the_event() -> None:
    def document(properties: dict[str, object]) -> dict[str, object]:
        payload = {"type": "object", "properties": properties}
        channel = {"address": "/stream", "messages": {"thing": {"payload": payload}}}
        operation = {"action": "send", "channel": {"$ref": "#/channels/stream"}}
        return {"asyncapi": "3.0.0", "channels": {"stream": channel}, "operations": {"send": operation}}

    report = diff(document({"a": {"type": "string"}, "b": {}}), document({"a": {"type": "integer"}}), located=True)
    consumers = tuple(
        ConsumerEvidence(name, (), (Subscription("v901", event, channel),))
        for name, event, channel in (
            ("s", "thing", "stream"), ("w", "thing", "webhook"), ("other", "another", "stream"),
        )
    )  # fmt: skip
    found = analyse(report, UsageEvidence("2026-10-30", "2026-11-29", consumers), "v901")
    assert [sorted(str(one.consumer.consumer) for one in finding.consumers) for finding in found.findings] == [
        ["s", "w"], ["s", "w"],
    ]  # fmt: skip
