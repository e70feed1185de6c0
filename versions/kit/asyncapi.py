"""Describes the live channels of a version in an AsyncAPI 3 document, from the models with which the code works."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI
from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from versions.kit.channels import Channel, Message, Transport
from versions.kit.version import ApiVersion

_VERSION: Final = "3.1.0"
_SCHEMAS: Final = "#/components/schemas/{model}"
_SERVERS: Final[Mapping[Transport, str]] = {Transport.WEBSOCKET: "sockets", Transport.SSE: "streams"}
_PROTOCOLS: Final[Mapping[Transport, str]] = {Transport.WEBSOCKET: "wss", Transport.SSE: "https"}


def asyncapi_document(app: FastAPI, version: ApiVersion) -> dict[str, Any]:
    """Returns the AsyncAPI document of a version, whose application is ``app``."""
    channels: Sequence[Channel] = app.state.channels
    openapi = app.openapi()
    payloads, schemas = _payloads(channels)
    used = sorted({name for channel in channels for requirement in channel.security for name in requirement})
    schemes = {name: _scheme(openapi["components"]["securitySchemes"][name]) for name in used}
    return {
        "asyncapi": _VERSION,
        "info": openapi["info"]
        | {"description": f"The live channels of {version.name}: what is sent while it happens."},
        "defaultContentType": "application/json",
        "servers": {
            _SERVERS[one]: _server(one, version) for one in sorted({channel.transport for channel in channels})
        },
        "channels": {channel.name: _channel(channel, payloads) for channel in channels},
        "operations": {
            f"{channel.name}_{action}": _operation(channel, action, messages)
            for channel in channels
            for action, messages in (("send", channel.sends), ("receive", channel.receives))
            if messages
        },
        "components": {"schemas": schemas, "securitySchemes": schemes},
    }


def _payloads(channels: Sequence[Channel]) -> tuple[dict[int, Any], dict[str, Any]]:
    """The schema of each message, by its identity, and the schemas to which they refer."""
    inputs: list[tuple[int, JsonSchemaMode, TypeAdapter[Any]]] = [
        (id(message), mode, TypeAdapter(message.payload))
        for channel in channels
        for mode, messages in _directions(channel)
        for message in messages
    ]
    found, definitions = TypeAdapter.json_schemas(inputs, ref_template=_SCHEMAS)
    return {key: schema for (key, _), schema in found.items()}, definitions.get("$defs", {})


def _directions(channel: Channel) -> Sequence[tuple[JsonSchemaMode, Sequence[Message]]]:
    return (("serialization", channel.sends), ("validation", channel.receives))


def _server(transport: Transport, version: ApiVersion) -> dict[str, Any]:
    return {
        "host": "{host}",
        "pathname": version.prefix,
        "protocol": _PROTOCOLS[transport],
        "description": f"{version.name} on the host of this document.",
        "variables": {"host": {"description": "It differs by deployment.", "examples": ["localhost:8000"]}},
    }


def _channel(channel: Channel, payloads: Mapping[int, Any]) -> dict[str, Any]:
    messages = {
        message.name: _message(channel, message, payloads[id(message)])
        for message in (*channel.sends, *channel.receives)
    }
    described: dict[str, Any] = {
        "address": channel.address,
        "description": channel.description,
        "servers": [{"$ref": f"#/servers/{_SERVERS[channel.transport]}"}],
        "messages": messages,
    }
    if channel.parameters:
        described["parameters"] = {name: {"description": text} for name, text in channel.parameters.items()}
    if channel.transport is Transport.WEBSOCKET:
        described["bindings"] = {"ws": _handshake(channel)}
    return described


def _handshake(channel: Channel) -> dict[str, Any]:
    binding: dict[str, Any] = {"method": "GET", "bindingVersion": "0.1.0"}
    if channel.subprotocol is not None:
        name = {"const": channel.subprotocol, "type": "string", "description": "The protocol of the messages."}
        binding["headers"] = {"type": "object", "properties": {"Sec-WebSocket-Protocol": name}}
    return binding


def _message(channel: Channel, message: Message, payload: Mapping[str, Any]) -> dict[str, Any]:
    described = {
        "name": message.name,
        "description": message.description,
        "contentType": message.media_type,
        "payload": payload,
    }
    if channel.transport is Transport.SSE:
        described["headers"] = _fields(message)
    return described


def _fields(message: Message) -> dict[str, Any]:
    """The fields of a server-sent event, beside the field ``data`` with the payload."""
    event = {"const": message.name, "type": "string", "description": "The type of the message."}
    fields: dict[str, Any] = {"event": event}
    if message.identifier:
        fields["id"] = {"type": "string", "description": message.identifier}
    return {"type": "object", "properties": fields, "required": list(fields)}


def _operation(channel: Channel, action: str, messages: Sequence[Message]) -> dict[str, Any]:
    """AsyncAPI names the direction from the view of the server."""
    reference = f"#/channels/{channel.name}"
    described: dict[str, Any] = {
        "action": action,
        "channel": {"$ref": reference},
        "description": "What clients receive." if action == "send" else "What clients send.",
        "messages": [{"$ref": f"{reference}/messages/{message.name}"} for message in messages],
    }
    if channel.security:
        names = [name for requirement in channel.security for name in requirement]
        described["security"] = [{"$ref": f"#/components/securitySchemes/{name}"} for name in names]
    if channel.transport is Transport.SSE:
        described["bindings"] = {"http": {"method": "GET", "bindingVersion": "0.3.0"}}
    return described


def _scheme(openapi: Mapping[str, Any]) -> dict[str, Any]:
    """AsyncAPI names the kind of a key in a header or cookie in another way."""
    return {**openapi, "type": "httpApiKey"} if openapi["type"] == "apiKey" else dict(openapi)
