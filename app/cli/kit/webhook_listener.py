"""Receives the messages of one webhook endpoint, verifies and prints them, and may forward them to a local program."""

import json
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Final

import httpx2
from rich.text import Text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.kit.clock import utc_now
from app.webhooks.signing import ensure_signed

_SECONDS: Final = 14.0
"""Less than the time after which the worker gives up."""
_PASSED_ON: Final = ("content-type", "user-agent", "traceparent")
_UNREACHABLE: Final = 502
_REJECTED: Final = 401
_RECEIVED: Final = 204

Show = Callable[[Text], None]


class WebhookListener:
    """The receiver. The program gets the bytes and header fields of each message, and its response is passed back.

    Without a program, each verified message is accepted.
    """

    def __init__(self, secret: bytes, forward_to: str | None, show: Show) -> None:
        self._secret = secret
        self._forward_to = forward_to
        self._show = show
        self.app = Starlette(routes=[Route("/", self._receive, methods=["POST"])])

    async def _receive(self, request: Request) -> Response:
        body = await request.body()
        try:
            ensure_signed(request.headers, body, self._secret, utc_now())
        except ValueError as error:
            self._show(Text.assemble(("rejected ", "bold red"), str(error)))
            return Response(status_code=_REJECTED)
        started = perf_counter()
        status, failure = await self._forwarded(request.headers, body)
        self._show(_head(request.headers, body, status, failure, perf_counter() - started))
        self._show(_pretty(body))
        return Response(status_code=status)

    async def _forwarded(self, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        """The status of the program, and why there is none."""
        if self._forward_to is None:
            return _RECEIVED, ""
        passed = {name: value for name, value in headers.items() if name in _PASSED_ON or name.startswith("webhook-")}
        try:
            async with httpx2.AsyncClient(timeout=_SECONDS, trust_env=False) as client:
                return (await client.post(self._forward_to, content=body, headers=passed)).status_code, ""
        except httpx2.HTTPError as error:
            return _UNREACHABLE, f" ({self._forward_to} does not respond: {type(error).__name__})"


def _head(headers: Mapping[str, str], body: bytes, status: int, failure: str, seconds: float) -> Text:
    colour = "green" if 200 <= status < 300 else "red"  # noqa: PLR2004 - the class of success
    return Text.assemble(
        (f"{json.loads(body)['type']}", "bold"),
        f"  {headers['webhook-id']}  verified  ",
        (f"{status}", colour),
        f" in {1000 * seconds:.0f} ms{failure}",
    )


def _pretty(body: bytes) -> Text:
    lines = json.dumps(json.loads(body), indent=2, ensure_ascii=False).splitlines()
    return Text("\n".join(f"  {line}" for line in lines), style="dim")
