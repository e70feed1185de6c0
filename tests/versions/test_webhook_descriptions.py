"""The webhooks of the contracts: one for each type of event, and each rendered body has the declared schema."""

from typing import Any, Final

import jsonschema_rs
import orjson
import pytest
from pydantic import BaseModel

from tests.support.event_samples import stored
from tests.support.operations import document
from versions.kit.events import EventType, VersionEvents
from versions.kit.webhooks import add_webhooks
from versions.registry import VERSIONS

RENDERERS: Final = {version.name: version.events for version in VERSIONS}
BODIES: Final = [(version, name) for version, events in RENDERERS.items() for name in events.types]


@pytest.mark.parametrize("version", RENDERERS)
def test_the_contract_declares_every_event(version: str) -> None:
    declared = document(version)["webhooks"]
    assert list(declared) == list(RENDERERS[version].types)
    for name, item in declared.items():
        headers = [parameter["name"] for parameter in item["post"]["parameters"] if parameter["required"]]
        assert headers == ["webhook-id", "webhook-timestamp", "webhook-signature", "traceparent"], name
        assert item["post"]["description"]
        assert "422" not in item["post"]["responses"]


@pytest.mark.parametrize(("version", "name"), BODIES)
def test_a_body_has_the_declared_schema(version: str, name: str) -> None:
    contract = document(version)
    [content] = contract["webhooks"][name]["post"]["requestBody"]["content"].items()
    assert content[0] == "application/json"
    validator = jsonschema_rs.validator_for({**content[1]["schema"], "components": contract["components"]})
    body = RENDERERS[version].render(stored(name))
    assert body is not None
    validator.validate(orjson.loads(body))
    for member in ("type", "timestamp", "api_version", "data"):
        changed = orjson.loads(body)
        del changed[member]
        assert not validator.is_valid(changed), f"{member} is required"
    assert not validator.is_valid({**orjson.loads(body), "api_version": "v0"})


def test_two_schemas_of_one_name_are_an_error() -> None:
    class Taken(BaseModel):
        """An event."""

    events = VersionEvents("v9", [EventType("taken", Taken, lambda _event: {})])
    described: dict[str, Any] = {"components": {"schemas": {"Taken": {"type": "string"}}}}
    with pytest.raises(ValueError, match="two different schemas of v9 have the name Taken"):
        add_webhooks(described, events)
