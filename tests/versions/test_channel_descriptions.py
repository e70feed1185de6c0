"""The AsyncAPI document of each version describes every live route, and what is really sent."""

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Final

import jsonschema_rs
import pytest
from fastapi.routing import APIRoute
from starlette.routing import WebSocketRoute

from app.http.live.streams import EventStreamResponse, message
from app.settings.http import HttpSettings
from contracts import kinds
from tests.support.app import TestApp
from tests.support.event_samples import stored
from versions.kit.version import ApiVersion
from versions.registry import VERSIONS

Json = Any
DOCUMENTS: Final[Mapping[str, Json]] = {
    version.name: json.loads(kinds.ASYNCAPI.frozen_path(version.name).read_text()) for version in VERSIONS
}


def validator(version: str, schema: Json) -> jsonschema_rs.Draft202012Validator:
    components = {"components": DOCUMENTS[version]["components"]}
    return jsonschema_rs.Draft202012Validator({**components, **schema}, validate_formats=True)


def messages() -> Iterator[tuple[str, str, str]]:
    """Each message by version, channel and name."""
    for version, document in DOCUMENTS.items():
        for name, channel in document["channels"].items():
            yield from ((version, name, one) for one in channel["messages"])


def composed(version: str, schema: Json) -> Json:
    """A value made of the examples of a schema and of its fields; examples may stand beside a `$ref`."""
    if "const" in schema:
        return schema["const"]
    if "examples" in schema:
        return schema["examples"][0]
    if "$ref" in schema:
        return composed(version, DOCUMENTS[version]["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if schema.get("type") == "object":
        return {name: composed(version, one) for name, one in schema.get("properties", {}).items()}
    return schema.get("default", "x")


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_every_live_route_is_a_channel(version: ApiVersion) -> None:
    app = version.build(version, HttpSettings())
    routes = {
        route.path
        for route in app.routes
        if isinstance(route, WebSocketRoute)
        or (isinstance(route, APIRoute) and route.response_class is EventStreamResponse)
    }
    assert routes == {channel["address"] for channel in DOCUMENTS[version.name]["channels"].values()}
    assert routes


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
async def test_the_frozen_document_is_served(version: ApiVersion, test_app: TestApp) -> None:
    async with test_app.client() as client:
        response = await client.get(f"{version.prefix}/asyncapi.json")
    assert response.headers["Content-Type"] == "application/json"
    served = response.json()
    frozen = DOCUMENTS[version.name]
    assert served["info"].pop("description").endswith(frozen["info"]["description"])
    assert served == {**frozen, "info": {name: text for name, text in frozen["info"].items() if name != "description"}}


@pytest.mark.parametrize(("version", "channel", "name"), list(messages()))
def test_the_examples_of_a_message_are_valid(version: str, channel: str, name: str) -> None:
    found = DOCUMENTS[version]["channels"][channel]["messages"][name]
    value = composed(version, found["payload"])
    validator(version, found["payload"]).validate(value)
    assert value
    assert found["description"]


def events() -> Iterator[tuple[str, str]]:
    for version in VERSIONS:
        yield from ((version.name, name) for name in version.events.types)


@pytest.mark.parametrize(("version", "name"), list(events()))
def test_a_streamed_event_is_as_described(version: str, name: str) -> None:
    sent = import_module(f"versions.{version}.streams.encoding").encode(stored(name))
    assert sent is not None
    fields = dict(line.split(": ", 1) for line in sent.decode().strip().split("\n"))
    data = json.loads(fields.pop("data"))
    found = DOCUMENTS[version]["channels"]["events"]["messages"][name]
    validator(version, found["payload"]).validate(data)
    validator(version, found["headers"]).validate(fields)
    other = "post.deleted" if name != "post.deleted" else "post.created"
    wrong = DOCUMENTS[version]["channels"]["events"]["messages"][other]
    assert not validator(version, wrong["payload"]).is_valid(data), "the schema tells events apart"


@pytest.mark.parametrize("version", DOCUMENTS)
@pytest.mark.parametrize("data", [{"position": "7"}, {}])
def test_a_reset_is_as_described(version: str, data: Json) -> None:
    found = DOCUMENTS[version]["channels"]["events"]["messages"]["reset"]
    validator(version, found["payload"]).validate(data)
    validator(version, found["headers"]).validate({"event": "reset"})
    assert message("reset", b"{}").startswith(b"event: reset")
