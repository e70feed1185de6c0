"""The OpenAPI document of a version: FastAPI's, completed with what FastAPI cannot know."""

from collections.abc import Collection
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.http.errors.problems import MEDIA_TYPE as PROBLEM
from app.http.idempotency.keys import REPLAYED_HEADER
from app.http.routing.deprecations import HEADER as DEPRECATED_USE
from observability.rate_limit.headers import Dialect
from versions.kit.lifecycle_headers import lifecycle_headers
from versions.kit.version import ApiVersion

SECURITY_SCHEMES: Final = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token, or an API key (`sk_live_…`, `sk_test_…`).",
    },
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key."},
}
_HEADER_TEXTS: Final = {
    "api-version": "The version that answered.",
    "deprecation": "Since when the version is deprecated (RFC 9745).",
    "sunset": "When the version will stop to answer (RFC 8594).",
    "link": "Related pages (RFC 8288).",
}
_COMMON: Final = {
    "X-Request-ID": "Identifies the request in our logs; quote it when you ask for help.",
    "traceresponse": "The trace of the request (W3C Trace Context).",
    "Server-Timing": 'The same trace as `trace;desc="00-…"`, for scripts in browsers.',
}
_DEPRECATED_USE: Final = (
    "What the request used that is deprecated (`operation`, `query:name`, `header:name`, `request:/pointer`, "
    "`response:name`); absent where it used nothing of the kind."
)
_NAMES: Final = {"api-version": "API-Version", "deprecation": "Deprecation", "sunset": "Sunset", "link": "Link"}
_LICENSE: Final = {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}
_CONTACT: Final = {"name": "The operators of this API"}
"""Their address is the deployment's business, and no part of what every deployment promises."""
_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch", "head", "options"})


def describe(app: FastAPI, version: ApiVersion, dialect: Dialect) -> None:
    """Make ``app.openapi()`` the whole contract of a version.

    Its server is the version's prefix, relative to where the document was got (RFC 3986, section 5): the host belongs
    to a deployment.
    """
    original = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            telling = {
                route.operation_id
                for route in app.routes
                if isinstance(route, APIRoute) and getattr(route, "deprecations", None) is not None
            }
            app.openapi_schema = _completed(original(), version, dialect, telling)
        return app.openapi_schema

    # FastAPI documents the replacement of this method as the way to extend the document.
    app.openapi = openapi  # type: ignore[method-assign]  # see above


def _completed(
    document: dict[str, Any], version: ApiVersion, dialect: Dialect, telling: Collection[str | None]
) -> dict[str, Any]:
    """``telling``: the operations of which something is deprecated, and which tell of it."""
    components = document.setdefault("components", {})
    components["securitySchemes"] = SECURITY_SCHEMES
    components["headers"] = _common_headers(version, dialect)
    references = {name: {"$ref": f"#/components/headers/{name}"} for name in components["headers"]}
    for name in ("HTTPValidationError", "ValidationError"):
        # FastAPI's own shape of a 422, which no version of ours answers with.
        components.get("schemas", {}).pop(name, None)
    document["info"] |= {"x-status": version.status.value, "license": _LICENSE, "contact": _CONTACT}
    document["servers"] = [{"url": version.prefix, "description": f"{version.name} on the host of this document."}]
    for path in document["paths"].values():
        for method, operation in path.items():
            if method not in _METHODS:
                continue
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _without_null(parameter["schema"])
            if version.is_sunsetting:
                operation["deprecated"] = True
                operation["responses"]["410"] = _gone(operation["responses"]["405"])
            for response in operation["responses"].values():
                response["headers"] = {**references, **response.get("headers", {})}
                if operation["operationId"] in telling:
                    response["headers"][DEPRECATED_USE] = header(_DEPRECATED_USE)
                if PROBLEM in response.get("content", {}):
                    # FastAPI lists a response's model under its default media type too.
                    response["content"].pop("application/json", None)
    return document


def _gone(refusal: dict[str, Any]) -> dict[str, Any]:
    """The answer of a brownout, and of the time after the end, in the envelope that every refusal has."""
    wait = header("Seconds until the version answers again; absent once it has ended.")
    return {**refusal, "description": "Gone", "headers": {"Retry-After": wait}}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """An optional parameter is absent, never null; FastAPI writes down Python's default."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) != 1:
        return schema
    return {**choices[0], **{name: value for name, value in schema.items() if name != "anyOf"}}


def _common_headers(version: ApiVersion, dialect: Dialect) -> dict[str, Any]:
    own = {_NAMES[name]: _HEADER_TEXTS[name] for name in lifecycle_headers(version)}
    return {name: header(text, required=True) for name, text in (own | _COMMON | dict(dialect.descriptions)).items()}


def header(description: str, *, required: bool = False) -> dict[str, Any]:
    """A header object of text."""
    return {"description": description, "required": required, "schema": {"type": "string"}}


IDEMPOTENT_REPLAYED: Final = {REPLAYED_HEADER: header("`true` when the answer was given before.")}
