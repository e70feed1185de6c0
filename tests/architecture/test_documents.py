"""What every operation of every version owes its readers."""

import re
from collections import Counter

import pytest

from tests.support.app import TestApp
from tests.support.operations import ALL, VERSIONS, Operation, document, example, operations, resolve

# Their examples name a mailed token, or posts, that are not there, which these say with 400.
NAME_NOTHING_REAL = {"auth.verify", "verifications.create", "password_resets.confirm", "posts.get_many"}
by_name = pytest.mark.parametrize("operation", ALL, ids=lambda operation: f"{operation.version}-{operation.name}")


@pytest.mark.parametrize("version", VERSIONS)
def test_operation_ids_are_unique(version: str) -> None:
    counted = Counter(operation.name for operation in operations(version))
    assert [name for name, times in counted.items() if times > 1] == []


@by_name
def test_an_operation_is_described(operation: Operation) -> None:
    spec = operation.spec
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", operation.name), "named resource.verb"
    declared = {tag["name"] for tag in document(operation.version)["tags"]}
    assert spec["tags"]
    assert set(spec["tags"]) <= declared
    assert spec["summary"]
    assert len(spec["description"]) > 10
    for parameter in spec.get("parameters", ()):
        assert parameter["description"], parameter["name"]
    for name, part in operation.body_properties.items():
        assert part.get("description") or resolve(part, operation.version).get("description"), name


@by_name
def test_an_operation_declares_how_it_fails(operation: Operation) -> None:
    responses = operation.spec["responses"]
    assert {"422", "429", "500", "503"} <= set(responses)
    if operation.needs_caller:
        assert {"401", "403"} <= set(responses)
    media_type = "application/json" if operation.version == "v1" else "application/problem+json"
    for status, response in responses.items():
        assert response["description"], status
        if int(status) >= 400:
            assert list(response["content"]) == [media_type], status


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_examples_work(test_app: TestApp, version: str) -> None:
    """A request made of nothing but examples is understood; whether the thing it names exists is another matter."""
    refused = []
    async with test_app.client() as client:
        for operation in operations(version):
            body = operation.body
            query = {
                parameter["name"]: example(parameter["schema"], version)
                for parameter in operation.parameters("query")
                if parameter["required"]
            }
            form = operation.media_type == "application/x-www-form-urlencoded"
            response = await client.request(
                operation.method,
                operation.url(),
                params=query,
                json=None if form else body,
                data=body if form else None,
            )
            misunderstood = {415, 422} if operation.name in NAME_NOTHING_REAL else {400, 415, 422}
            if response.status_code in misunderstood:
                refused.append((operation.name, response.status_code, response.text))
    assert refused == []
