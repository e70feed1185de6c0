"""The changes of the replay: each edits the document, and states in its own words what the build does."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from tests.contracts.replay.builds import Build, Edit, Rejects
from tests.contracts.replay.consumers import JSON, LENIENT, MERGE_PATCH, STRICT
from tests.contracts.replay.edits import (
    added_member,
    changed_parameter,
    limits,
    longer,
    new_parameter,
    not_returned,
    operation,
    removed_member,
    required_member,
    returned_as_text,
    scoped,
    set_limit,
    with_keywords,
    with_null,
    with_schema_keywords,
    without_parameter,
)
from tests.contracts.replay.recording import Recorded
from tests.support.wire import WIRE
from versions.registry import VERSIONS

Json = Any
OLDEST: Final = VERSIONS[0].name
LIST: Final = ("GET", f"{STRICT}/posts")
READ: Final = ("GET", f"{STRICT}/posts/{{}}")
CREATE: Final = ("POST", f"{STRICT}/posts")
BATCH: Final = ("POST", f"{STRICT}/posts/batch")
UPDATE: Final = ("PATCH", f"{STRICT}/posts/{{}}")
LENIENT_LIST: Final = ("GET", f"{LENIENT}/posts")
LENIENT_CREATE: Final = ("POST", f"{LENIENT}/posts")


def builds() -> Iterator[Build]:
    """Yield every changed build."""
    yield from _of_bodies()
    yield from _of_batches()
    yield from _of_updates()
    yield from _of_parameters()
    yield from _of_operations()
    yield from _of_responses()
    yield from _of_lenient()


def _of_bodies() -> Iterator[Build]:
    def build(name: str, edit: Edit, rejects: Rejects = lambda _: False, *, exact: bool = True) -> Build:
        return Build(f"create: {name}", WIRE, CREATE, edit, rejects, exact=exact)

    post = "PostCreate"
    for limit in (18, 59, 100, 199):
        yield build(f"title of {limit}", with_keywords(post, "title", maxLength=limit), longer(limit))
    for limit in (2, 5, 30):
        yield build(
            f"title from {limit}",
            with_keywords(post, "title", minLength=limit),
            lambda one, limit=limit: len(one.body["title"]) < limit,
        )
    yield build("no empty content", with_keywords(post, "content", minLength=1), lambda one: not one.body["content"])
    yield build(
        "short content", with_keywords(post, "content", maxLength=200), lambda one: len(one.body["content"]) > 200
    )
    for status in ("draft", "published"):
        yield build(
            f"no {status}",
            with_keywords(post, "status", enum=[one for one in ("draft", "published") if one != status]),
            lambda one, status=status: one.body.get("status") == status,
        )
    for name in ("status", "attachments"):
        yield build(f"{name} required", required_member(post, name), lambda one, name=name: name not in one.body)
        yield build(f"{name} removed", removed_member(post, name), lambda one, name=name: name in one.body)
    yield build(
        "an attachment", with_keywords(post, "attachments", minItems=1), lambda one: one.body.get("attachments") == []
    )
    yield build("language required", added_member(post, "language", required=True), lambda _: True)
    yield build("language", added_member(post, "language", required=False))
    yield build("few members", with_schema_keywords(post, maxProperties=2), lambda one: len(one.body) > 2)
    yield build("more members", with_schema_keywords(post, minProperties=3), lambda one: len(one.body) < 3)
    yield build(
        "capitals",
        with_keywords(post, "title", pattern="^[A-Z]"),
        lambda one: not one.body["title"][0].isupper(),
        exact=False,
    )
    yield build("date", with_keywords(post, "title", format="date"), lambda _: True, exact=False)
    yield build(
        "not one letter",
        with_keywords(post, "title", **{"not": {"maxLength": 1}}),
        lambda one: len(one.body["title"]) == 1,
        exact=False,
    )


def _of_batches() -> Iterator[Build]:
    def build(name: str, edit: Edit, rejects: Callable[[Json], bool]) -> Build:
        def rejects_any(request: Recorded) -> bool:
            return any(rejects(one["post"]) for one in request.body["operations"])

        return Build(f"batch: {name}", WIRE, BATCH, edit, rejects_any)

    yield build("title of 18", with_keywords("PostCreate", "title", maxLength=18), lambda post: len(post["title"]) > 18)
    yield build("status required", required_member("PostCreate", "status"), lambda post: "status" not in post)
    yield build(
        "no draft",
        with_keywords("PostCreate", "status", enum=["published"]),
        lambda post: post.get("status") == "draft",
    )
    yield Build(
        "batch: one operation",
        WIRE,
        BATCH,
        with_keywords("Batch", "operations", maxItems=1),
        lambda one: len(one.body["operations"]) > 1,
    )


def _of_updates() -> Iterator[Build]:
    def build(name: str, edit: Edit, rejects: Rejects) -> Build:
        return Build(f"update: {name}", WIRE, UPDATE, edit, rejects)

    content = "requestBody"
    for kind in (JSON, MERGE_PATCH):
        yield build(
            f"no {kind}",
            lambda document, kind=kind: operation(document, "/posts/{post_id}", "patch")[content]["content"].pop(kind),
            lambda one, kind=kind: one.header("content-type") == kind,
        )
    yield build("title required", required_member("PostPatch", "title"), lambda one: "title" not in one.body)
    yield build("two members", with_schema_keywords("PostPatch", minProperties=2), lambda one: len(one.body) < 2)
    yield build(
        "no archive",
        with_keywords("PostPatch", "status", enum=["draft", "published"]),
        lambda one: one.body.get("status") == "archived",
    )
    yield build("title of 18", with_keywords("PostPatch", "title", maxLength=18), longer(18))
    required = changed_parameter("/posts/{post_id}", "patch", "if-match", lambda found: found.update(required=True))
    yield build("if-match required", required, lambda one: one.header("if-match") is None)


def _of_parameters() -> Iterator[Build]:
    def build(name: str, edit: Edit, rejects: Rejects = lambda _: False, *, exact: bool = True) -> Build:
        return Build(f"list: {name}", WIRE, LIST, edit, rejects, exact=exact)

    yield build("limit to 49", set_limit(maximum=49), limits(beyond=lambda limit: limit > 49))
    yield build("limit to 4", set_limit(maximum=4), limits(beyond=lambda limit: limit > 4))
    yield build("limit from 6", set_limit(minimum=6), limits(beyond=lambda limit: limit < 6))
    yield build("limit of tens", set_limit(multipleOf=10), limits(beyond=lambda limit: limit % 10), exact=False)
    required = changed_parameter("/posts", "get", "limit", lambda found: found.update(required=True))
    yield build("limit required", required, lambda one: not one.values("limit"))
    for name in ("q", "sort", "include", "limit"):
        yield build(
            f"no {name}", without_parameter("/posts", "get", name), lambda one, name=name: bool(one.values(name))
        )
    short = changed_parameter("/posts", "get", "q", lambda found: found["schema"].update(maxLength=5))
    yield build("q of 5", short, lambda one: any(len(value) > 5 for value in one.values("q")))
    single = changed_parameter("/posts", "get", "sort", lambda found: found["schema"].update(maxItems=1))
    yield build("one sort", single, lambda one: any("," in value for value in one.values("sort")))
    drafts = changed_parameter(
        "/posts", "get", "status", lambda found: found.update(schema={"enum": ["draft", "archived"]})
    )
    yield build("no published", drafts, lambda one: "published" in one.values("status"))
    names = changed_parameter("/posts", "get", "fields", lambda found: found["schema"]["items"]["enum"].remove("title"))
    yield build("no field title", names, lambda one: any("title" in value for value in one.values("fields")))
    yield build("tenant required", new_parameter("/posts", "tenant", "query", required=True), lambda _: True)
    yield build("tenant", new_parameter("/posts", "tenant", "query", required=False))
    yield build("header required", new_parameter("/posts", "X-Tenant", "header", required=True), lambda _: True)


def _of_operations() -> Iterator[Build]:
    yield Build(
        "read: removed", WIRE, READ, lambda document: document["paths"]["/posts/{post_id}"].pop("get"), lambda _: True
    )

    def moved(document: Json) -> None:
        document["paths"]["/articles"] = {"post": document["paths"]["/posts"].pop("post")}

    yield Build("create: moved", WIRE, CREATE, moved, lambda _: True)

    def closed(document: Json) -> None:
        operation(document, "/posts", "get")["security"] = [{"bearer": []}, {"apiKey": []}]

    yield Build("list: credentials", WIRE, LIST, closed, lambda one: one.header("x-api-key") is None)

    def tokens(document: Json) -> None:
        operation(document, "/posts", "post")["security"] = [{"bearer": []}]

    yield Build("create: tokens only", WIRE, CREATE, tokens, lambda one: one.header("x-api-key") is not None)
    yield Build("create: scope", WIRE, CREATE, scoped, lambda one: "usage:read" not in one.scopes)
    key = changed_parameter("/posts", "post", "idempotency-key", lambda found: found.update(required=True))
    yield Build("create: idempotency", WIRE, CREATE, key, lambda one: one.header("idempotency-key") is None)


def _of_responses() -> Iterator[Build]:
    for name in ("view_count", "title", "published_at", "v1_id"):
        yield Build(
            f"no {name} in responses",
            WIRE,
            LIST,
            not_returned(name),
            responds=lambda post, name=name: post.pop(name, None),
        )
        yield Build(
            f"no {name} in a response",
            WIRE,
            READ,
            not_returned(name),
            responds=lambda post, name=name: post.pop(name, None),
        )
    yield Build(
        "view_count as text",
        WIRE,
        LIST,
        returned_as_text,
        responds=lambda post: "view_count" in post and post.update(view_count=str(post["view_count"])),
    )
    yield Build("content can be null", WIRE, LIST, with_null, exact=False)
    yield Build(
        "no name of authors",
        WIRE,
        LIST,
        removed_member("Author", "display_name"),
        responds=lambda post: post.get("author", {}).pop("display_name", None),
    )


def _of_lenient() -> Iterator[Build]:
    yield Build(
        "lenient create: title of 100",
        OLDEST,
        LENIENT_CREATE,
        with_keywords("PostCreate", "title", maxLength=100),
        longer(100),
    )
    yield Build(
        "lenient create: closed",
        OLDEST,
        LENIENT_CREATE,
        with_schema_keywords("PostCreate", additionalProperties=False),
        lambda one: "colour" in one.body,
    )
    yield Build(
        "lenient create: published required",
        OLDEST,
        LENIENT_CREATE,
        required_member("PostCreate", "published"),
        lambda one: "published" not in one.body,
    )
    yield Build(
        "lenient create: colour required",
        OLDEST,
        LENIENT_CREATE,
        added_member("PostCreate", "colour", required=True),
        lambda one: "colour" not in one.body,
        exact=False,
    )
    yield Build(
        "lenient create: published removed",
        OLDEST,
        LENIENT_CREATE,
        removed_member("PostCreate", "published"),
        exact=False,
    )
    yield Build(
        "lenient list: page_size removed",
        OLDEST,
        LENIENT_LIST,
        without_parameter("/posts", "get", "page_size"),
        exact=False,
    )
