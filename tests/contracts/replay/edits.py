"""Edits of a document, and what a build rejects because of them."""

from typing import Any, Final

from tests.contracts.replay.builds import Edit, Rejects

Json = Any
POSTS: Final = ("Post", "PostWithAuthor", "PartialPost")


def with_keywords(schema: str, name: str, **keywords: Json) -> Edit:
    def edit(document: Json) -> None:
        properties = document["components"]["schemas"][schema]["properties"]
        if "$ref" in properties[name]:
            properties[name] = {"type": "string", "enum": ["draft", "published", "archived"]}
        properties[name] |= keywords

    return edit


def with_schema_keywords(schema: str, **keywords: Json) -> Edit:
    return lambda document: document["components"]["schemas"][schema].update(keywords)


def required_member(schema: str, name: str) -> Edit:
    def edit(document: Json) -> None:
        node = document["components"]["schemas"][schema]
        node["required"] = [*node.get("required", ()), name]

    return edit


def removed_member(schema: str, name: str) -> Edit:
    return lambda document: document["components"]["schemas"][schema]["properties"].pop(name)


def added_member(schema: str, name: str, *, required: bool) -> Edit:
    def edit(document: Json) -> None:
        document["components"]["schemas"][schema]["properties"][name] = {"type": "string"}
        if required:
            required_member(schema, name)(document)

    return edit


def operation(document: Json, path: str, method: str) -> Json:
    return document["paths"][path][method]


def changed_parameter(path: str, method: str, name: str, change: Edit) -> Edit:
    def edit(document: Json) -> None:
        (found,) = (one for one in operation(document, path, method)["parameters"] if one.get("name") == name)
        change(found)

    return edit


def without_parameter(path: str, method: str, name: str) -> Edit:
    def edit(document: Json) -> None:
        node = operation(document, path, method)
        node["parameters"] = [one for one in node["parameters"] if one.get("name") != name]

    return edit


def new_parameter(path: str, name: str, location: str, *, required: bool) -> Edit:
    def edit(document: Json) -> None:
        parameter = {"name": name, "in": location, "required": required, "schema": {"type": "string"}}
        operation(document, path, "get").setdefault("parameters", []).append(parameter)

    return edit


def not_returned(name: str) -> Edit:
    def edit(document: Json) -> None:
        for schema in POSTS:
            node = document["components"]["schemas"][schema]
            del node["properties"][name]
            node["required"] = [one for one in node.get("required", ()) if one != name]

    return edit


def returned_as_text(document: Json) -> None:
    for schema in POSTS:
        document["components"]["schemas"][schema]["properties"]["view_count"] = {"type": "string"}


def with_null(document: Json) -> None:
    for schema in POSTS:
        document["components"]["schemas"][schema]["properties"]["content"] = {"type": ["string", "null"]}


def longer(limit: int) -> Rejects:
    return lambda request: len(request.body.get("title", "")) > limit


def set_limit(**keywords: Json) -> Edit:
    return changed_parameter("/posts", "get", "limit", lambda found: found["schema"].update(keywords))


def scoped(document: Json) -> None:
    operation(document, "/posts", "post")["security"] = [{"bearer": ["usage:read"]}, {"apiKey": ["usage:read"]}]


def limits(*, beyond: Any) -> Rejects:
    return lambda request: any(beyond(int(value)) for value in request.values("limit"))
