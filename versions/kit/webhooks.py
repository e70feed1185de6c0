"""Describes the webhooks of a version in its OpenAPI document: one per type of event, with the schema of its body."""

from typing import Any, Final

from pydantic.json_schema import models_json_schema

from versions.kit.events import EventType, VersionEvents

_SCHEMAS: Final = "#/components/schemas/"
_STRING: Final = {"type": "string"}
_HEADERS: Final = (
    ("webhook-id", "The id of the event. It is the same in each attempt: ignore an id that you have handled.", _STRING),
    ("webhook-timestamp", "When the attempt was made, in seconds since 1970.", {"type": "integer"}),
    (
        "webhook-signature",
        (
            "The scheme and the HMAC-SHA256 of `id.timestamp.body` with the secret of the endpoint; several, separated "
            "by spaces, while a secret is rotated (Standard Webhooks 1.0.0)."
        ),
        _STRING,
    ),
    ("traceparent", "The trace of the attempt (W3C Trace Context).", _STRING),
)
_PARAMETERS: Final = [
    {"name": name, "in": "header", "required": True, "description": text, "schema": schema}
    for name, text, schema in _HEADERS
]
_RESPONSES: Final = {
    "2XX": {"description": "The event was received. The response must arrive within 15 seconds."},
    "default": {
        "description": (
            "The attempt failed and is repeated later, also after a redirect. 410 disables the endpoint: nothing is "
            "sent again."
        )
    },
}


def add_webhooks(document: dict[str, Any], events: VersionEvents) -> None:
    """Adds a webhook for each type of event, and the schemas of its body, to the OpenAPI document of a version.

    Raises ``ValueError`` if the document has another schema of the same name.
    """
    if not events.types:
        return
    schemas = document["components"].setdefault("schemas", {})
    for name, schema in _schemas(events).items():
        if schemas.setdefault(name, schema) != schema:
            raise ValueError(f"two different schemas of {events.version} have the name {name}")
    document["webhooks"] = {event.name: {"post": _operation(event, events.tag)} for event in events.types.values()}


def _schemas(events: VersionEvents) -> dict[str, Any]:
    models = sorted({event.data for event in events.types.values()}, key=lambda model: model.__name__)
    _, definitions = models_json_schema(
        [(model, "serialization") for model in models], ref_template=f"{_SCHEMAS}{{model}}"
    )
    envelopes = {_component(event): _envelope(event, events.version) for event in events.types.values()}
    return {**definitions["$defs"], **envelopes}


def _component(event: EventType) -> str:
    return f"{event.component}Event"


def _envelope(event: EventType, version: str) -> dict[str, Any]:
    members = {
        "type": _constant(event.name, "What happened."),
        "timestamp": {
            "type": "string",
            "format": "date-time",
            "description": "When it happened.",
            "examples": ["2026-11-23T12:00:00Z"],
        },
        "api_version": _constant(version, "The version in which `data` is written."),
        "data": {"$ref": f"{_SCHEMAS}{event.data.__name__}"},
    }
    return {
        "type": "object",
        "title": _component(event),
        "description": event.data.__doc__,
        "properties": members,
        "required": list(members),
    }


def _constant(value: str, description: str) -> dict[str, Any]:
    return {"const": value, "type": "string", "description": description, "examples": [value]}


def _operation(event: EventType, tag: str) -> dict[str, Any]:
    body = {"application/json": {"schema": {"$ref": f"{_SCHEMAS}{_component(event)}"}}}
    return {
        "summary": event.name,
        "description": event.data.__doc__,
        "operationId": f"webhooks.{event.name}",
        "tags": [tag],
        "parameters": _PARAMETERS,
        "requestBody": {"required": True, "content": body},
        "responses": _RESPONSES,
        "security": [],
    }
