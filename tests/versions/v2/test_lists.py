"""Lists in query parameters: with commas, repeated, or both; every other parameter is sent once."""

from collections.abc import Iterator
from itertools import chain

import httpx2
import pytest

from app.access.principal import Role
from tests.support.app import Person, TestApp
from tests.support.operations import Operation, operations, query_example

POSTS = "/api/v2/posts"
ALL = list(operations("v2"))
LISTS = [
    (operation, parameter)
    for operation in ALL
    for parameter in operation.parameters("query")
    if parameter["schema"].get("type") == "array"
]


@pytest.fixture
async def ada(test_app: TestApp) -> Person:
    """An author of three posts: two titles, the second one twice."""
    person = await test_app.person("ada@example.com")
    async with test_app.client(person.headers) as client:
        for title in ("A", "B", "B"):
            await client.post(POSTS, json={"title": title, "content": "c", "status": "published"})
    return person


async def body(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    response = await client.get(url)
    assert response.status_code == 200, response.text
    return response


SPELLINGS = [
    (
        {"id", "title"},
        ["fields=id,title", "fields=id&fields=title", "fields=id%2Ctitle", "fields=id,id&fields=title,id"],
    ),
    ({"title", "author"}, ["fields=title&include=author", "include=author&include=author&fields=title"]),
]


@pytest.mark.parametrize(("members", "spellings"), SPELLINGS)
async def test_a_repeated_list_is_the_union(
    test_app: TestApp, ada: Person, members: set[str], spellings: list[str]
) -> None:
    async with test_app.client(ada.headers) as client:
        post = (await client.get(POSTS)).json()["data"][0]["id"]
        listed = [(await body(client, f"{POSTS}?{query}")).json()["data"] for query in spellings]
        single = [await body(client, f"{POSTS}/{post}?{query}") for query in spellings]
    assert set(listed[0][0]) == set(single[0].json()) == members
    assert listed[1:] == listed[:-1], "every spelling has the same response"
    assert len({(found.text, found.headers["ETag"]) for found in single}) == 1


async def test_the_order_of_a_repeated_list_counts(test_app: TestApp, ada: Person) -> None:
    async with test_app.client(ada.headers) as client:
        for query in ("sort=title,-created_at", "sort=title&sort=-created_at", "sort=title,-title&sort=-created_at"):
            listed = (await body(client, f"{POSTS}?{query}")).json()["data"]
            assert [post["title"] for post in listed] == ["A", "B", "B"], query
            assert listed[1]["created_at"] > listed[2]["created_at"], query
        by_time = (await body(client, f"{POSTS}?sort=-created_at&sort=title")).json()["data"]
        by_title = (await body(client, f"{POSTS}?sort=title&sort=-created_at")).json()["data"]
    assert [post["title"] for post in by_time] == ["B", "B", "A"]
    assert [post["title"] for post in by_title] == ["A", "B", "B"]


async def test_a_cursor_belongs_to_a_list_in_every_spelling(test_app: TestApp, ada: Person) -> None:
    async with test_app.client(ada.headers) as client:
        cursor = (await body(client, f"{POSTS}?limit=1&sort=title&sort=created_at")).json()["next_cursor"]
        next_page = [
            (await body(client, f"{POSTS}?limit=1&{query}&cursor={cursor}")).json()["data"]
            for query in ("sort=title,created_at", "sort=title&sort=created_at")
        ]
        assert next_page[0] == next_page[1]
        for query in ("sort=created_at&sort=title", "sort=created_at,title"):
            other = await client.get(f"{POSTS}?limit=1&{query}&cursor={cursor}")
            assert (other.status_code, other.json()["code"]) == (400, "cursor_mismatch"), query


async def test_the_link_to_the_next_page_repeats_the_list(test_app: TestApp, ada: Person) -> None:
    async with test_app.client(ada.headers) as client:
        first = await body(client, f"{POSTS}?limit=2&sort=title&sort=created_at&fields=title&fields=id")
        second = await body(client, first.headers["Link"].split(">")[0].removeprefix("<"))
    assert [set(post) for post in second.json()["data"]] == [{"id", "title"}]


@pytest.mark.parametrize(
    "query", ["fields=id,unknown", "fields=id&fields=unknown", "fields=", "fields=id,", "fields=,"]
)
async def test_an_unknown_name_is_rejected_in_every_spelling(test_app: TestApp, query: str) -> None:
    async with test_app.client() as client:
        response = await client.get(f"{POSTS}?{query}")
    problem = response.json()
    assert (response.status_code, problem["code"]) == (400, "invalid_choice")
    assert [error["pointer"] for error in problem["errors"]] == ["#/query/fields"]
    assert "v1_id" in problem["detail"], "it lists the names"


def test_lists_are_declared_with_commas() -> None:
    names = {parameter["name"] for _, parameter in LISTS}
    assert names >= {"fields", "include", "sort"}
    for operation, parameter in LISTS:
        form = parameter["style"], parameter["explode"], parameter["schema"]["items"]["type"]
        assert form == ("form", False, "string"), (operation.name, parameter["name"])
        assert parameter["schema"]["items"]["enum"], (operation.name, parameter["name"])


def repeated(operation: Operation) -> Iterator[tuple[str, str]]:
    for parameter in operation.parameters("query"):
        if (operation, parameter) not in LISTS:
            text = query_example(parameter, "v2")
            yield parameter["name"], f"{parameter['name']}={text}&{parameter['name']}={text}"


SCALARS = list(chain.from_iterable(((one, name, query) for name, query in repeated(one)) for one in ALL))


@pytest.mark.parametrize(
    ("operation", "name", "query"), SCALARS, ids=[f"{one.name} {name}" for one, name, _ in SCALARS]
)
async def test_any_other_repeated_parameter_is_rejected(
    test_app: TestApp, operation: Operation, name: str, query: str
) -> None:
    admin = await test_app.person("admin@example.com", Role.ADMIN)
    async with test_app.client(await test_app.session(admin)) as client:
        response = await client.request(operation.method, f"{operation.url()}?{query}")
    problem = response.json()
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (response.status_code, problem["code"]) == (400, "repeated_parameter")
    assert [error["pointer"] for error in problem["errors"]] == [f"#/query/{name}"]
