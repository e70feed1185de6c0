"""The comparison of AsyncAPI documents: directions of payloads, and documents that are none."""

import pytest

from contracts.compat import NotOpenAPI, Severity, diff
from tests.contracts.compat.channel_examples import Json, channel, messages
from tests.contracts.compat.documents import document

SHORT, LONG = {"type": "string", "maxLength": 3}, {"type": "string", "maxLength": 9}


def rules_of(old: Json, new: Json) -> dict[str, Severity]:
    return {finding.rule: finding.severity for finding in diff(old, new)}


def test_clients_receive_what_is_sent_and_send_what_is_received() -> None:
    short, long = messages("a", payload=SHORT), messages("a", payload=LONG)
    assert rules_of(channel(sends=short), channel(sends=long)) == {
        "response-body-max-length-increased": Severity.BREAKING
    }
    assert not diff(channel(sends=long), channel(sends=short)).breaks
    assert rules_of(channel(receives=long), channel(receives=short)) == {
        "request-body-max-length-decreased": Severity.BREAKING
    }
    assert not diff(channel(receives=short), channel(receives=long)).breaks


def test_a_finding_names_the_message_and_points_into_the_document() -> None:
    old, new = (channel(receives=messages("a", payload=one)) for one in (LONG, SHORT))
    (found,) = diff(old, new)
    assert found.pointer == "/channels/rooms/messages/a/payload/maxLength"
    assert found.operation == "channel /ws/{v} a"


def test_headers_and_schemas_with_a_format_are_compared() -> None:
    """The schema of a payload may stand beside the name of its format."""
    wrapped = {"schemaFormat": "application/schema+json;version=draft-07", "schema": SHORT}
    old, new = (channel(receives=messages("a", payload=one)) for one in (LONG, wrapped))
    assert diff(old, new).breaks
    id_sent, id_left_out = (
        channel(sends=messages("a", headers={"type": "object", "properties": {"id": {"type": "string"}}, **required}))
        for required in ({"required": ["id"]}, {})
    )
    assert diff(id_sent, id_left_out).breaks


def test_a_new_demand_for_credentials_breaks() -> None:
    assert rules_of(channel(receives=messages("a")), channel(receives=messages("a"), security=["a"])) == {
        "channel-security-removed": Severity.BREAKING
    }
    assert rules_of(channel(receives=messages("a"), security=["a"]), channel(receives=messages("a"))) == {
        "channel-security-added": Severity.SAFE
    }


def test_the_credentials_of_a_channel_are_those_of_all_its_operations() -> None:
    one, both, other = (channel(receives=messages("a"), security=names) for names in (["a"], ["a", "b"], ["b"]))
    (found,) = diff(both, one)
    assert (found.rule, "`b`" in found.message, found.occurrences[0].element) == (
        "channel-security-removed",
        True,
        "event",
    )
    (found,) = diff(channel(receives=messages("a")), one)
    assert "no credentials" in found.message
    (found,) = diff(one, channel(receives=messages("a")))
    assert "no credentials" in found.message
    assert rules_of(one, other) == {"channel-security-removed": Severity.BREAKING}
    only_receiving = {**one, "operations": {"receive": one["operations"]["receive"], "send": {"action": "send"}}}
    assert rules_of(one, only_receiving) == {}


def test_channels_without_an_address_are_matched_by_name() -> None:
    unnamed = channel(sends=messages("a"))
    del unnamed["channels"]["rooms"]["address"]
    assert rules_of(unnamed, channel(sends=messages("a"), address="rooms")) == {}
    assert rules_of(unnamed, channel(sends=messages("a"), address="other")) == {
        "channel-removed": Severity.BREAKING,
        "channel-added": Severity.SAFE,
    }


def test_operations_of_a_channel_send_their_messages_together() -> None:
    old = channel(sends=messages("a", "b"))
    whole = old["operations"]["send"]
    parts = {f"send {index}": {**whole, "messages": [one]} for index, one in enumerate(whole["messages"])}
    assert rules_of(old, {**old, "operations": parts}) == {}
    implied = {name: value for name, value in whole.items() if name != "messages"}
    assert rules_of(old, {**old, "operations": {"send": implied}}) == {}, "all messages of the channel"
    assert rules_of(old, {**old, "operations": {"send": {**whole, "messages": []}}}) == {
        "message-sent-removed": Severity.BREAKING
    }


def test_messages_are_matched_by_the_name_that_they_state() -> None:
    old = channel(sends={"a": {"payload": SHORT, "name": "changed"}})
    assert rules_of(old, channel(sends={"other": {"payload": SHORT, "name": "changed"}})) == {}
    assert "message-sent-removed" in rules_of(old, channel(sends={"a": {"payload": SHORT, "name": "other"}}))


def test_the_type_of_a_message_is_that_of_the_document_if_it_states_none() -> None:
    old = channel(sends=messages("a"))
    assert set(rules_of(old, {**old, "defaultContentType": "text/plain"})) == {"message-type-changed"}
    assert rules_of(old, {**old, "defaultContentType": "application/json"}) == {}
    stated = channel(sends=messages("a", contentType="text/plain"))
    assert rules_of(stated, {**old, "defaultContentType": "text/plain"}) == {}


def test_a_message_without_a_payload_can_have_any() -> None:
    some, none = channel(sends=messages("a", payload=SHORT)), channel(sends={"a": {}})
    assert diff(some, none).breaks
    assert not diff(none, some).breaks
    some, none = channel(receives=messages("a", payload=SHORT)), channel(receives={"a": {}})
    assert diff(none, some).breaks


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (channel(), document(), "one document is OpenAPI and the other one is AsyncAPI"),
        (document(), channel(), "one document is OpenAPI and the other one is AsyncAPI"),
        ({"asyncapi": "2.6.0"}, channel(), "`asyncapi` is '2.6.0'"),
        (channel(), {"asyncapi": 3}, "`asyncapi` is 3"),
        (channel(), {**channel(), "channels": {"a": {"$ref": "#/channels/b"}}}, "which does not exist"),
    ],
)
def test_documents_that_cannot_be_compared(old: Json, new: Json, reason: str) -> None:
    with pytest.raises(NotOpenAPI, match=reason):
        diff(old, new)


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"channels": []},
        {"channels": {"a": None}},
        {"channels": {"a": {"address": None, "messages": 7}}},
        {"operations": {"a": {"action": [], "channel": None}}},
        {"operations": {"a": {"action": "send", "channel": {"$ref": "#/channels/a"}, "messages": "all"}}},
        {
            "operations": {
                "a": {"action": "send", "channel": {"$ref": "#/channels/a"}, "messages": [7], "security": [7]}
            }
        },
    ],
)
def test_odd_documents_have_a_report(odd: Json) -> None:
    base = {"asyncapi": "3.0.0", "channels": {"a": {"address": "/a"}}}
    assert diff({**base, **odd}, base).to_dict()
    assert diff(base, {**base, **odd}).to_dict()
