"""An example of each rule about the channels of AsyncAPI documents."""

from typing import Any, Final

from tests.contracts.compat.examples import RuleExample, example

Json = Any

TEXT: Final = {"type": "string"}


def channel(
    sends: Json | None = None,
    receives: Json | None = None,
    address: str = "/ws/{v}",
    security: list[str] | None = None,
    name: str = "rooms",
) -> Json:
    """A document with one channel, and the messages by name that the server sends and receives."""
    operations = {
        action: {
            "action": action,
            "channel": {"$ref": f"#/channels/{name}"},
            "messages": [{"$ref": f"#/channels/{name}/messages/{one}"} for one in messages],
            "security": [{"$ref": f"#/components/securitySchemes/{one}"} for one in security or ()],
        }
        for action, messages in (("send", sends or {}), ("receive", receives or {}))
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "T", "version": "1"},
        "channels": {name: {"address": address, "messages": {**(sends or {}), **(receives or {})}}},
        "operations": operations,
        "components": {"securitySchemes": {one: {"type": "userPassword"} for one in ("a", "b")}},
    }


def messages(*names: str, payload: Json | None = None, **members: Json) -> Json:
    return {name: {"payload": TEXT if payload is None else payload, **members} for name in names}


def without_channels() -> Json:
    return {**channel(), "channels": {}, "operations": {}}


ONE, TWO = messages("a"), messages("a", "b")
CHANNEL_EXAMPLES: Final = {
    "channel-added": example(without_channels(), channel()),
    # Neither the name of a channel nor that of a parameter is sent.
    "channel-removed": RuleExample(channel(), channel(address="/other"), channel(address="/ws/{id}", name="chat")),
    "channel-security-added": example(channel(security=["a"]), channel(security=["a", "b"])),
    "channel-security-removed": RuleExample(
        channel(security=["a", "b"]), channel(security=["a"]), channel(security=["b", "a"])
    ),
    "message-sent-added": example(channel(sends=ONE), channel(sends=TWO)),
    "message-sent-removed": RuleExample(channel(sends=TWO), channel(sends=ONE), channel(sends=messages("b", "a"))),
    "message-received-added": example(channel(receives=ONE), channel(receives=TWO)),
    "message-received-removed": RuleExample(
        channel(receives=TWO), channel(receives=ONE), channel(receives=messages("b", "a"))
    ),
    "message-type-changed": RuleExample(
        channel(sends=ONE),
        channel(sends=messages("a", contentType="text/plain")),
        channel(sends=messages("a", contentType="application/json")),
    ),
}
