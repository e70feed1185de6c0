"""v2 with one planted fault per operation, which working checks must find."""

import json
from collections.abc import Callable, MutableMapping
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ResponseDict = MutableMapping[str, Any]
"""``status``, ``headers`` (a dict of bytes) and ``body`` of a response."""
PREFIX: Final = "/api/v2"


class Faulty:
    """Middleware that corrupts some requests and some responses."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key
        self._deleted_posts: dict[str, ResponseDict] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(PREFIX)
        request = (scope["method"], path)
        if request == ("GET", "/me/permissions"):
            others = [pair for pair in scope["headers"] if pair[0] not in {b"authorization", b"x-api-key"}]
            scope = {**scope, "headers": [*others, (b"x-api-key", self._key.encode())]}
        if request == ("GET", "/posts"):
            scope = {**scope, "query_string": b""}
        response = await self._respond(scope, receive)
        if request == ("POST", "/posts") and response["status"] == 201:
            self._deleted_posts[response["headers"][b"location"].decode()] = {**response, "status": 200}
        if scope["method"] == "GET" and response["status"] == 404:
            response = self._deleted_posts.get(scope["path"], response)
        if corrupt := _CORRUPTIONS.get(request):
            corrupt(response)
        headers = response["headers"] | {b"content-length": str(len(response["body"])).encode()}
        await send({"type": "http.response.start", "status": response["status"], "headers": list(headers.items())})
        await send({"type": "http.response.body", "body": response["body"]})

    async def _respond(self, scope: Scope, receive: Receive) -> ResponseDict:
        response: ResponseDict = {"body": b""}

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                response.update(status=message["status"], headers=dict(message["headers"]))
            else:
                response["body"] += message.get("body", b"")

        await self._app(scope, receive, collect)
        return response


def _undeclared_status(response: ResponseDict) -> None:
    if response["status"] == 200:
        response["status"] = 418


def _server_error(response: ResponseDict) -> None:
    if response["status"] == 200:
        response["status"] = 500


def _null_email(response: ResponseDict) -> None:
    if response["status"] == 200:
        found = json.loads(response["body"])
        response["body"] = json.dumps(found | {"email": None}).encode()


def _no_version_header(response: ResponseDict) -> None:
    response["headers"].pop(b"api-version", None)


def _no_allow_header(response: ResponseDict) -> None:
    response["headers"].pop(b"allow", None)


def _text_media_type(response: ResponseDict) -> None:
    if response["status"] == 200:
        response["headers"][b"content-type"] = b"text/plain"


def _reject(response: ResponseDict) -> None:
    if response["status"] == 202:
        texts = dict.fromkeys(("type", "title", "detail", "instance", "request_id", "trace_id"), "none")
        problem = texts | {"status": 422, "code": UNEXPLAINED[2], "errors": []}
        response |= {"status": 422, "body": json.dumps(problem).encode()}
        response["headers"][b"content-type"] = b"application/problem+json"


_CORRUPTIONS: Final[dict[tuple[str, str], Callable[[ResponseDict], None]]] = {
    ("GET", "/rate-limit"): _undeclared_status,
    ("GET", "/me"): _null_email,
    ("GET", "/users"): _no_version_header,
    ("GET", "/search/posts"): _text_media_type,
    ("GET", "/auth/providers"): _server_error,
    ("POST", "/auth/verifications/resend"): _reject,
    ("TRACE", "/auth/revoke"): _no_allow_header,
}
FAULTS: Final = {
    ("IgnoredAuth", "GET /me/permissions"),
    ("AcceptedNegativeData", "GET /posts"),
    ("UndefinedStatusCode", "GET /rate-limit"),
    ("JsonSchemaError", "GET /me"),
    ("MissingHeaders", "GET /users"),
    ("UndefinedContentType", "GET /search/posts"),
    ("ServerError", "GET /auth/providers"),
    ("UnsupportedMethodResponse", "TRACE /auth/revoke"),
}
"""Faults by the name of the schemathesis failure, and the operation."""
DELETED_POST_SHOWN: Final = ("UseAfterFree", "Stateful tests")
"""The fault that takes several requests to find: a deleted post is still returned."""
CHAIN: Final = ("posts.create", "posts.get", "posts.delete")
"""The operations of these requests."""
UNEXPLAINED: Final = ("POST /auth/verifications/resend", 422, "no_reason")
"""The fault that only our own check finds: an allowed status code with a reason that the configuration excludes."""
EXAMINED: Final = (
    *("me.permissions", "posts.list", "rate_limit.get", "me.get", "users.list", "posts.search", "providers.list"),
    *("tokens.revoke", "verifications.resend", "users.get"),
)
"""The operations with the other faults, and one without a fault."""
