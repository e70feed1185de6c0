"""What is learnt from one request: counts, ranges and listed values of each element, never its text."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from observability.conformance.exchange import BodyBuffer
from observability.evidence.extraction import Extractor, Unreadable
from observability.evidence.reads import MOST_BYTES, MOST_NAMES
from observability.evidence.request import SampledRequest
from observability.evidence.values import MOST_VALUES, TooLarge
from tests.support.exchanges import DOCUMENT, content, parameter, reference

Json = dict[str, Any]
STATUS = {"type": "string", "enum": ["draft", "published"]}
POST: Json = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "status": {"anyOf": [STATUS, {"type": "null"}]},
        "pinned": {"type": "boolean"},
        "author": {"allOf": [{"type": "object", "properties": {"name": {"type": "string"}}}]},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}},
        "labels": {"type": "object", "additionalProperties": {"type": "integer"}},
        "parent": reference("schemas", "Post"),
    },
}
DOC: Json = {
    "servers": [{"url": "/api/v9"}],
    "paths": {
        "/posts/{post_id}": {
            "post": {
                "operationId": "posts.edit",
                "security": [{"key": []}, {"bearer": []}],
                "parameters": [
                    parameter("path", "post_id", {"type": "integer"}),
                    parameter("query", "limit", {"type": "integer"}),
                    parameter("query", "fields", {"type": "array", "items": {"enum": ["title"]}}, explode=False),
                    parameter("header", "If-Match", {"type": "string"}),
                    parameter("cookie", "seat", {"type": "string"}),
                ],
                "requestBody": content(reference("schemas", "Post")),
                "responses": {
                    "200": {
                        "content": {
                            **content({"type": "object", "properties": {"data": {"type": "array", "items": POST}}})[
                                "content"
                            ],
                            "text/csv": {"schema": {"type": "string"}},
                        }
                    }
                },
            }
        }
    },
    "components": {
        "schemas": {"Post": POST},
        "securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            "bearer": {"type": "http", "scheme": "bearer"},
        },
    },
}


def buffered(body: bytes, limit: int = 100_000) -> BodyBuffer:
    buffer = BodyBuffer(limit)
    buffer.add(body, more=False)
    return buffer


def request(body: object = None, *, query: str = "", status: int = 200, random: bool = True, **headers: str) -> Any:
    return SampledRequest(
        version="v9",
        operation="posts.edit",
        consumer="ada",
        route="/api/v9/posts/{post_id}",
        method="POST",
        path="/api/v9/posts/1234567",
        query=query.encode(),
        headers=[
            (b"content-type", b"application/json"),
            *((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()),
        ],
        body=body if isinstance(body, BodyBuffer) else buffered(orjson.dumps(body if body is not None else {})),
        status=status,
        permissions=("posts:write",),
        random=random,
        ended_at=datetime(2026, 3, 10, tzinfo=UTC),
    )


def summaries(*arguments: Any, **options: Any) -> dict[str, Any]:
    extractor = Extractor(DOC, lambda name: f"#{len(name)}", selections=("fields",), inclusions=("include",))
    found = extractor.summaries(request(*arguments, **options))
    assert found is not None
    return found[0]


def both(**counts: Any) -> dict[str, Any]:
    """The counts of a request in the random stratum."""
    doubled = {f"{name}_random": counts[name] for name in ("possible", "present") if name in counts}
    return counts | doubled


def test_members_of_a_body() -> None:
    found = summaries(
        {"title": "Grüße", "status": None, "tags": ["a", "a", "x"], "author": {"name": "Ada"}, "secret": 1}
    )
    assert found["body"] == both(possible=1, present=1, types={"object": 1}, members=[5, 5]) | {"unknown": {"#6": 1}}
    assert found["body:/title"] == both(possible=1, present=1, types={"string": 1}, length=[5, 5])
    assert found["body:/status"] == both(possible=1, present=1, null=1)
    assert found["body:/pinned"] == both(possible=1)
    assert found["body:/tags"] == both(possible=1, present=1, types={"array": 1}, items=[3, 3], unique_violations=1)
    assert found["body:/tags/*"] == both(possible=3, present=3, types={"string": 3}, length=[1, 1]) | {
        "values": {'"a"': 2},
        "other_values": 1,
    }
    assert found["body:/author/name"] == both(possible=1, present=1, types={"string": 1}, length=[3, 3])
    assert "body:/parent/title" not in found, "possible in no object: there is no parent"


def test_a_recursive_schema_ends_and_a_map_has_one_element_for_all_its_names() -> None:
    nested: Json = {"labels": {"ada@example.com": 1, "b": 1200}}
    for _ in range(20):
        nested = {"parent": nested}
    found = summaries(nested | {"labels": {"ada@example.com": 1, "b": 1200}})
    assert found["body:/labels/*"] == both(possible=2, present=2, types={"integer": 2}, number=[1, 1200])
    assert "unknown" not in found["body:/labels"]
    assert max(name.count("/parent") for name in found) == 8


def test_parameters_are_read_by_their_schemas() -> None:
    found = summaries(query="limit=12345&fields=title,other&secret=x&include=author", if_match='"1"', cookie="seat=12")
    assert found["path:post_id"]["number"] == [1_200_000, 1_300_000]
    assert found["query:limit"] == both(possible=1, present=1, types={"integer": 1}, number=[12000, 13000])
    assert found["query:fields"]["items"] == [2, 2]
    assert found["query:fields/*"]["values"] == {'"title"': 1}
    assert found["query:fields/*"]["other_values"] == 1
    assert found["query"]["unknown"] == {"#6": 1, "#7": 1}
    assert found["header:if-match"]["length"] == [3, 3]
    assert found["cookie:seat"]["types"] == {"string": 1}


def test_media_types_credentials_and_statuses() -> None:
    found = summaries({}, accept="text/csv;q=0.5, text/x-secret, */*", x_api_key="sk", authorization="Basic x")
    present = both(present=1)
    wanted = ("accept:text/csv", "accept:*/*", "media:application/json", "security:key", "scope:posts:write")
    assert {name: found.get(name) for name in (*wanted, "status:200")} == dict.fromkeys(
        (*wanted, "status:200"), present
    )
    assert "security:bearer" not in found
    assert not [name for name in found if "secret" in name]


def test_a_request_outside_the_random_stratum_supports_no_absence() -> None:
    found = summaries({"title": "a"}, random=False)
    assert found["body:/pinned"] == {"possible": 1}
    assert not [name for summary in found.values() for name in summary if name.endswith("_random")]


def test_a_rejected_request_shows_its_status_only() -> None:
    assert summaries({"title": "a"}, status=422) == {"status:422": both(present=1)}


@pytest.mark.parametrize(
    ("declared", "query", "paths", "complete"),
    [
        ("title, author/name", "", {"/data/*/title", "/data/*/author/name"}, True),
        ("data/title", "", {"/data/*/title"}, True),
        ("data/*/title", "", {"/data/*/title"}, True),
        ("*", "", set(), True),
        ("title;a=1", "", {"/data/*/title"}, True),
        ("title,,", "", set(), False),
        ("(title)", "", set(), False),
        (", ".join(["title"] * MOST_NAMES), "", {"/data/*/title"}, True),
        (", ".join(["title"] * (MOST_NAMES + 1)), "", set(), False),
        ("title, " + "a" * (MOST_BYTES - 7), "", {"/data/*/title"}, True),
        ("title, " + "a" * (MOST_BYTES - 6), "", set(), False),
        (f"title, {'a' * 3000}", "", set(), False),
        ("", "fields=title", {"/data/*/title"}, True),
        ("", "include=author", {"/data/*/author"}, False),
        ("title", "fields=tags", {"/data/*/title"}, True),
    ],
)
def test_declared_reads(
    declared: str,
    query: str,
    paths: set[str],
    complete: bool,  # noqa: FBT001 - an expected fact
) -> None:
    """A malformed or too long declaration is none: a part of it would say that the rest is not read."""
    found = summaries({}, query=query, **({"api_reads": declared} if declared else {}))
    assert {name.removeprefix("reads:") for name in found if name.startswith("reads:")} == paths
    assert ("present" in found.get("reads", {})) is complete


def test_names_that_no_response_has_are_hashed() -> None:
    assert summaries({}, api_reads="title, secret")["reads"] == both(present=1) | {"unknown": {"#6": 1}}


@pytest.mark.parametrize(
    ("body", "headers", "error"),
    [
        (buffered(b"{"), {}, Unreadable),
        (BodyBuffer(10), {}, Unreadable),
        (buffered(b"{}"), {"content_encoding": "gzip"}, Unreadable),
        (buffered(b"x" * 11, 10), {}, TooLarge),
        (buffered(orjson.dumps({"tags": ["a"] * MOST_VALUES})), {}, TooLarge),
    ],
)
def test_a_request_is_summarised_wholly_or_not(body: BodyBuffer, headers: dict[str, str], error: type) -> None:
    """A summary without the body would say that its members were absent."""
    with pytest.raises(error):
        summaries(body, **headers)


def test_routes_outside_the_contract_are_no_evidence() -> None:
    extractor = Extractor(DOC, str)
    assert extractor.summaries(request()._replace(route="/api/v9/docs")) is None
    assert extractor.summaries(request()._replace(method="DELETE")) is None
    first_of_two = Extractor(DOC | {"servers": [*DOC["servers"], {"url": "/another"}]}, str)
    assert first_of_two.summaries(request()) is not None


def test_forms_are_bodies() -> None:
    form = request(buffered(b"age=7&other=1"))._replace(
        route="/forms", headers=[(b"content-type", b"application/x-www-form-urlencoded")]
    )
    found = Extractor(DOCUMENT, lambda _: "#").summaries(form)
    assert found is not None
    assert found[0]["body:/age"]["number"] == [7, 7]
    assert found[0]["body"]["unknown"] == {"#": 1}
