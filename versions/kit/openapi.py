"""Completes FastAPI's OpenAPI document of a version with headers, security schemes, servers and lifecycle."""

from collections.abc import Collection
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.http import stream_cookie
from app.http.caching import Caching, caching_of
from app.http.errors.problems import MEDIA_TYPE as PROBLEM
from app.http.idempotency.keys import REPLAYED_HEADER
from app.http.live.streams import MEDIA_TYPE as STREAM
from app.http.rate_limit.admission import COST
from app.http.response_cache.reads import cache_tags
from app.http.routing.deprecations import HEADER as DEPRECATED_USE
from app.http.transfers import MAX_BODY, MIN_RATE
from app.lifecycle.version import VersionStatus
from observability.evidence.reads import HEADER as READS
from observability.rate_limit.headers import Dialect
from versions.kit.lifecycle_headers import lifecycle_headers
from versions.kit.operations import signed_in_only
from versions.kit.version import ApiVersion
from versions.kit.webhooks import add_webhooks

SECURITY_SCHEMES: Final = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token, or an API key (`sk_live_…`, `sk_test_…`).",
    },
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key."},
}
_STREAM_SESSION: Final = {
    "type": "apiKey",
    "in": "cookie",
    "name": stream_cookie.NAME,
    "description": "The cookie of a stream session, for browsers. Over https its name is `__Secure-strata_stream`.",
}
_HEADER_TEXTS: Final = {
    "api-version": "The version that served the request.",
    "api-status": "`preview`: the version may change or end at any time.",
    "deprecation": "Since when the version is deprecated (RFC 9745).",
    "sunset": "When the version stops serving requests (RFC 8594).",
    "link": "Related pages (RFC 8288).",
}
_IDS: Final = {
    "X-Request-ID": "Identifies the request in our logs; quote it in support requests.",
    "traceresponse": "The trace of the request (W3C Trace Context).",
    "Server-Timing": 'The same trace as `trace;desc="00-…"`, for scripts in browsers.',
}
_CACHING: Final = "Which caches may store the response, and for how long (RFC 9111)."
_RESPONSE_CACHE: Final = {
    "Age": "Seconds since the response was made, if the server stored it.",
    "Cache-Status": "Whether the server had stored the response (RFC 9211); absent without its cache.",
}
_VARY: Final = "The request headers on which the response depends."
_ABSENT: Final = "Absent if a shared cache may store the response; a quota also if it could not be determined."
_OPTIONAL: Final = "-Optional"
"""The suffix of the component that describes a header which some responses lack."""
_UNCHARGED: Final = frozenset({"500", "503", "504"})
"""The caller may be unknown, and then nothing is charged."""
_STORED: Final = frozenset({"200", "304"})
_DEPRECATED_USE: Final = (
    "The deprecated features that the request used (`operation`, `query:name`, `header:name`, `request:/pointer`, "
    "`response:name`); absent if it used none."
)
_NAMES: Final = {
    "api-version": "API-Version",
    "api-status": "API-Status",
    "deprecation": "Deprecation",
    "sunset": "Sunset",
    "link": "Link",
}
_PREVIEW: Final = (
    "**This version is a preview.** It may change or end at any time, without notice and without a migration guide. "
    "Use it to try what is to come, not in production.\n\n"
)
_LICENSE: Final = {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}
_JSON: Final = "application/json"
_COMMAS: Final = {"style": "form", "explode": False}
"""How a list is sent in a query parameter: ``a,b`` (``versions/kit/lists.py``)."""
_CONTACT: Final = {"name": "The operators of this API"}
"""Without an address, because that differs by deployment and the document does not."""
_READS: Final = {
    "name": READS,
    "in": "header",
    "required": False,
    "description": (
        "The members of the response that you read, as a list of tokens (RFC 9651). It changes no response: before a "
        "change of the API, its operators see whom it would break. At most 64 names."
    ),
    "schema": {"type": "string"},
    "example": "title, author/display_name",
}
_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch", "head", "options"})


def describe(app: FastAPI, version: ApiVersion, dialect: Dialect) -> None:
    """Makes ``app.openapi()`` return the complete contract of a version.

    The server URL is the version's prefix, relative to the URL of the document (RFC 3986, section 5), because the host
    differs by deployment.
    """
    original = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            reporting = {
                route.operation_id
                for route in app.routes
                if isinstance(route, APIRoute) and getattr(route, "deprecations", None) is not None
            }
            app.openapi_schema = _completed(original(), version, dialect, reporting)
        return app.openapi_schema

    # FastAPI documents the replacement of this method as the way to extend the document.
    app.openapi = openapi  # type: ignore[method-assign]  # see above


def _completed(
    document: dict[str, Any], version: ApiVersion, dialect: Dialect, reporting: Collection[str | None]
) -> dict[str, Any]:
    """``reporting``: ids of the operations whose responses report deprecated use."""
    components = document.setdefault("components", {})
    components["securitySchemes"] = _security_schemes(document)
    common, optional = _common_headers(version, dialect), _optional_headers(dialect)
    components["headers"] = common | {f"{name}{_OPTIONAL}": declared for name, declared in optional.items()}
    references = {name: _reference(name) for name in common}
    replaced = {name: _reference(f"{name}{_OPTIONAL}") for name in optional}
    cacheable = references | {name: found for name, found in replaced.items() if name not in dialect.shared_names}
    uncharged = references | {name: found for name, found in replaced.items() if name in dialect.descriptions}
    for name in ("HTTPValidationError", "ValidationError"):
        # FastAPI's own schema of a 422, which no version uses.
        components.get("schemas", {}).pop(name, None)
    _state_status(document["info"], version)
    document["servers"] = [{"url": version.prefix, "description": f"{version.name} on the host of this document."}]
    for path in document["paths"].values():
        for method, operation in path.items():
            if method not in _METHODS:
                continue
            _state_cost(operation)
            _state_limits(operation)
            _state_cache(operation)
            for parameter in operation.get("parameters", ()):
                parameter.update(_completed_parameter(parameter))
            operation.setdefault("parameters", []).append({**_READS})
            if version.is_sunsetting:
                operation["deprecated"] = True
                operation["responses"]["410"] = _gone(operation["responses"]["405"])
            for status, response in operation["responses"].items():
                shared = status in _STORED and _is_cacheable(method, operation)
                common = cacheable if shared else uncharged if status in _UNCHARGED else references
                response["headers"] = {**common, **response.get("headers", {})}
                if operation["operationId"] in reporting:
                    response["headers"][DEPRECATED_USE] = header(_DEPRECATED_USE)
                if status.startswith(("4", "5")) and "content" in response:
                    response["content"] = _content_of_error(response["content"])
    add_webhooks(document, version.events)
    return document


def _security_schemes(document: dict[str, Any]) -> dict[str, Any]:
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    if any(stream_cookie.accepts_stream_cookie(operation) for operation in operations):
        return {**SECURITY_SCHEMES, stream_cookie.SCHEME: _STREAM_SESSION}
    return {**SECURITY_SCHEMES}


def _state_status(info: dict[str, Any], version: ApiVersion) -> None:
    info |= {"x-status": version.status.value, "license": _LICENSE, "contact": _CONTACT}
    if version.status is VersionStatus.PREVIEW:
        info |= {"title": f"{info['title']} (preview)", "description": f"{_PREVIEW}{info['description']}"}


def _state_cost(operation: dict[str, Any]) -> None:
    """States the cost as a member and, where it is not 1, in the description."""
    cost = operation.setdefault(COST, 1)
    if cost != 1:
        text = f"Costs {cost} units of the rate limit." if cost else "Costs no units of the rate limit."
        operation["description"] = f"{operation.get('description', '')}\n\n{text}".strip()


def _state_limits(operation: dict[str, Any]) -> None:
    """States the limits of a transfer in the description, too."""
    size, rate = operation.get(MAX_BODY), operation.get(MIN_RATE)
    if size is not None:
        text = f"The body has at most {size:,} bytes, and arrives at {rate:,} bytes a second or more."
        operation["description"] = f"{operation.get('description', '')}\n\n{text}".strip()


def _state_cache(operation: dict[str, Any]) -> None:
    """Adds the header fields that say whether the response comes from the response cache."""
    if cache_tags(operation):
        response = operation["responses"]["200"]
        response["headers"] = {name: header(text) for name, text in _RESPONSE_CACHE.items()} | response.get(
            "headers", {}
        )


def _content_of_error(content: dict[str, Any]) -> dict[str, Any]:
    """FastAPI lists the model of an error under the media type of the route's successes, alone or too."""
    if PROBLEM in content:
        return {PROBLEM: content[PROBLEM]}
    return {_JSON: content.get(_JSON) or content[STREAM]}


def _gone(error: dict[str, Any]) -> dict[str, Any]:
    """The response during a brownout and after retirement, in the version's error format."""
    wait = header("Seconds until the version serves requests again; absent after its retirement.")
    return {**error, "description": "Gone", "headers": {"Retry-After": wait}}


def _completed_parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    schema = _without_null(parameter["schema"])
    commas = _COMMAS if parameter["in"] == "query" and schema.get("type") == "array" else {}
    return parameter | commas | {"schema": schema}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Removes null from the schema of an optional parameter: it is omitted, never null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) != 1:
        return schema
    return {**choices[0], **{name: value for name, value in schema.items() if name != "anyOf"}}


def _is_cacheable(method: str, operation: dict[str, Any]) -> bool:
    """Whether a shared cache may store the responses to anonymous callers."""
    return method == "get" and not signed_in_only(operation) and caching_of(operation) is Caching.SHARED


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/headers/{name}"}


def _optional_headers(dialect: Dialect) -> dict[str, Any]:
    """The headers that a response lacks if a shared cache may store it, or if its request was not charged."""
    return {name: header(f"{text} {_ABSENT}") for name, text in (_IDS | dict(dialect.descriptions)).items()}


def _common_headers(version: ApiVersion, dialect: Dialect) -> dict[str, Any]:
    own = {_NAMES[name]: _HEADER_TEXTS[name] for name in lifecycle_headers(version)}
    always = own | _IDS | {"Cache-Control": _CACHING} | dict(dialect.descriptions)
    return {name: header(text, required=True) for name, text in always.items()} | {"Vary": header(_VARY)}


def header(description: str, *, required: bool = False) -> dict[str, Any]:
    """Returns an OpenAPI header object with a string schema."""
    return {"description": description, "required": required, "schema": {"type": "string"}}


IDEMPOTENT_REPLAYED: Final = {
    REPLAYED_HEADER: header("`true` if this is the stored response to an earlier request with the same key.")
}
