"""A build of v2 that is broken on purpose, one fault an operation: what checks that work must find."""

import json
from collections.abc import Callable, MutableMapping
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Answer = MutableMapping[str, Any]
"""``status``, ``headers`` (a dict of bytes), ``body``."""
PREFIX: Final = "/api/v2"


class Faulty:
    """Lets requests through, and spoils what goes in or comes out."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key
        self._shown: dict[str, Answer] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(PREFIX)
        request = (scope["method"], path)
        if request == ("GET", "/me/permissions"):
            scope = {**scope, "headers": [*scope["headers"], (b"x-api-key", self._key.encode())]}
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"authorization"]
        if request == ("GET", "/auth/sessions"):
            scope = {**scope, "query_string": b""}
        answer = await self._answer(scope, receive)
        if request == ("POST", "/posts") and answer["status"] == 201:
            self._shown[answer["headers"][b"location"].decode()] = {**answer, "status": 200}
        if scope["method"] == "GET" and answer["status"] == 404:
            answer = self._shown.get(scope["path"], answer)
        if spoil := _SPOIL.get(request):
            spoil(answer)
        headers = answer["headers"] | {b"content-length": str(len(answer["body"])).encode()}
        await send({"type": "http.response.start", "status": answer["status"], "headers": list(headers.items())})
        await send({"type": "http.response.body", "body": answer["body"]})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        answer: Answer = {"body": b""}

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.update(status=message["status"], headers=dict(message["headers"]))
            else:
                answer["body"] += message.get("body", b"")

        await self._app(scope, receive, keep)
        return answer


def _teapot(answer: Answer) -> None:
    if answer["status"] == 200:
        answer["status"] = 418


def _crash(answer: Answer) -> None:
    if answer["status"] == 200:
        answer["status"] = 500


def _no_address(answer: Answer) -> None:
    if answer["status"] == 200:
        found = json.loads(answer["body"])
        answer["body"] = json.dumps(found | {"email": None}).encode()


def _no_version(answer: Answer) -> None:
    answer["headers"].pop(b"api-version", None)


def _no_allow(answer: Answer) -> None:
    answer["headers"].pop(b"allow", None)


def _text(answer: Answer) -> None:
    if answer["status"] == 200:
        answer["headers"][b"content-type"] = b"text/plain"


def _refuse(answer: Answer) -> None:
    if answer["status"] == 202:
        texts = dict.fromkeys(("type", "title", "detail", "instance", "request_id", "trace_id"), "none")
        problem = texts | {"status": 422, "code": UNEXPLAINED[2], "errors": []}
        answer |= {"status": 422, "body": json.dumps(problem).encode()}
        answer["headers"][b"content-type"] = b"application/problem+json"


_SPOIL: Final[dict[tuple[str, str], Callable[[Answer], None]]] = {
    ("GET", "/rate-limit"): _teapot,
    ("GET", "/me"): _no_address,
    ("GET", "/users"): _no_version,
    ("GET", "/search/posts"): _text,
    ("GET", "/auth/providers"): _crash,
    ("POST", "/auth/verifications/resend"): _refuse,
    ("TRACE", "/auth/revoke"): _no_allow,
}
FAULTS: Final = {
    ("IgnoredAuth", "GET /me/permissions"),
    ("AcceptedNegativeData", "GET /auth/sessions"),
    ("UndefinedStatusCode", "GET /rate-limit"),
    ("JsonSchemaError", "GET /me"),
    ("MissingHeaders", "GET /users"),
    ("UndefinedContentType", "GET /search/posts"),
    ("ServerError", "GET /auth/providers"),
    ("UnsupportedMethodResponse", "TRACE /auth/revoke"),
}
"""What schemathesis calls each, and where it is."""
STALE: Final = ("UseAfterFree", "Stateful tests")
"""The one that takes several steps to find, after `DELETE /posts/{post_id}`: a post is shown that is gone."""
CHAIN: Final = ("posts.create", "posts.get", "posts.delete")
"""The operations of these steps."""
UNEXPLAINED: Final = ("POST /auth/verifications/resend", 422, "no_reason")
"""What only our own check finds: a status code that the configuration allows, for a reason that it does not mean."""
EXAMINED: Final = (
    *("me.permissions", "sessions.list", "rate_limit.get", "me.get", "users.list", "posts.search", "providers.list"),
    *("tokens.revoke", "verifications.resend", "users.get"),
)
"""The operations with the other faults, and a sound one."""
