"""Each version renders the events that it declares, in the form of their schemas, and no others."""

import orjson
import pytest

from tests.support.event_samples import PAYLOADS, event_classes, payload_fields, stored
from versions.registry import VERSIONS

RENDERERS = {version.name: version.events for version in VERSIONS}
KNOWN = [(version, name) for version, events in RENDERERS.items() for name in events.types]


def test_there_is_a_sample_of_each_type() -> None:
    classes = event_classes()
    assert classes.keys() == PAYLOADS.keys()
    for name, payload in PAYLOADS.items():
        assert payload.keys() == payload_fields(classes[name]), name


def test_the_newest_version_knows_every_event() -> None:
    assert VERSIONS[-1].events.types.keys() == PAYLOADS.keys()
    for version in VERSIONS:
        assert version.events.types.keys() <= PAYLOADS.keys(), version.name


@pytest.mark.parametrize(("version", "name"), KNOWN)
def test_a_body_has_the_declared_form(version: str, name: str) -> None:
    renderer, event = RENDERERS[version], stored(name)
    body = renderer.render(event)
    assert body is not None
    assert body == renderer.render(event), "the same event gives the same bytes"
    envelope = orjson.loads(body)
    assert list(envelope) == ["type", "timestamp", "api_version", "data"]
    assert envelope["type"] == name
    assert envelope["timestamp"] == "2026-11-29T12:00:00.000250Z"
    assert envelope["api_version"] == version
    model = renderer.types[name].data
    assert envelope["data"] == model.model_validate(envelope["data"]).model_dump(mode="json")
    assert envelope["data"].keys() == model.model_fields.keys()
    assert model.__doc__


@pytest.mark.parametrize("version", sorted(RENDERERS))
def test_a_version_does_not_render_what_it_does_not_know(version: str) -> None:
    renderer = RENDERERS[version]
    assert renderer.render(stored("post.created", type="toy.moved")) is None
    assert renderer.render(stored("post.created", schema=99)) is None
