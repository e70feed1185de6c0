"""Creates small documents for the examples, so that only the change differs."""

from typing import Any

from contracts.compat.catalogue.change import Context

Json = Any
OK: Json = {"200": {"description": "OK"}}


def document(paths: Json | None = None, **members: Json) -> Json:
    return {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": paths or {}, **members}


def operation(
    method: str = "get", path: str = "/things", document_members: Json | None = None, **members: Json
) -> Json:
    """A document with one operation."""
    return document({path: {method: {"responses": OK, **members}}}, **(document_members or {}))


def body(schema: Json, media_type: str = "application/json", **members: Json) -> Json:
    return {"content": {media_type: {"schema": schema}}, **members}


def parameter(name: str = "q", location: str = "query", schema: Json | None = None, **members: Json) -> Json:
    return {"name": name, "in": location, "schema": schema or {"type": "string"}, **members}


def with_parameters(*parameters: Json, **members: Json) -> Json:
    return operation(parameters=list(parameters), **members)


def with_request(request: Json | None) -> Json:
    return operation("post") if request is None else operation("post", requestBody=request)


def with_responses(**responses: Json) -> Json:
    """A document with responses by status. The keyword of the status 200 is `_200`."""
    return operation(
        responses={status.strip("_"): {"description": "", **(members or {})} for status, members in responses.items()}
    )


def webhook(**members: Json) -> Json:
    return document(webhooks={"thing": {"post": {"responses": OK, **members}}})


def at(context: Context, schema: Json, **components: Json) -> Json:
    """A document with a schema in one context."""
    built = {
        Context.PARAMETER: lambda: operation(
            parameters=[{"name": "q", "in": "query", "content": {"application/json": {"schema": schema}}}]
        ),
        Context.BODY: lambda: with_request(body(schema)),
        Context.RESPONSE: lambda: with_responses(_200=body(schema)),
        Context.HEADER: lambda: with_responses(_200={"headers": {"X-Thing": body(schema)}}),
        Context.WEBHOOK: lambda: webhook(requestBody=body(schema)),
        Context.WEBHOOK_RESPONSE: lambda: webhook(responses={"200": {"description": "", **body(schema)}}),
    }[context]()
    return built | ({"components": {"schemas": components}} if components else {})


def secured(security: Json, schemes: Json | None = None, document_security: Json | None = None) -> Json:
    built = operation(security=security) if security is not None else operation()
    if document_security is not None:
        built["security"] = document_security
    return built | {"components": {"securitySchemes": schemes or SCHEMES}}


KEY: Json = {"type": "apiKey", "in": "header", "name": "X-Key"}
OAUTH: Json = {
    "type": "oauth2",
    "flows": {
        "clientCredentials": {"tokenUrl": "https://a.example/token", "scopes": {"read": "", "write": ""}},
        "authorizationCode": {
            "authorizationUrl": "https://a.example/authorize",
            "tokenUrl": "https://a.example/token",
            "refreshUrl": "https://a.example/refresh",
            "scopes": {},
        },
    },
}
SCHEMES: Json = {"key": KEY, "oauth": OAUTH, "basic": {"type": "http", "scheme": "basic"}}
