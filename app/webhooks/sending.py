"""Sends signed messages to the URLs of endpoints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

from app.kit.egress.errors import EgressError
from app.kit.egress.pinned import ATTEMPT_SECONDS, PinnedEgress
from app.webhooks.signing import signed_headers
from app.webhooks.views import Outcome
from observability.tracing.recording import client_span, current_traceparent

NO_READABLE_KEY: Final = "unreadable_secret"
"""Nothing was sent: the sealing key has changed since the secret was stored. A new secret helps."""
_USER_AGENT: Final = "strata-webhooks"


@dataclass(frozen=True, slots=True)
class Message:
    """What an attempt sends: an event in the version of the endpoint, signed with each of its secrets.

    ``id`` is the ``webhook-id``: the same in every version, attempt and redelivery.
    """

    id: str
    body: bytes = field(repr=False)
    secrets: Sequence[bytes] = field(repr=False)

    def headers(self, at: datetime) -> Mapping[str, str]:
        """The header fields of an attempt. Receivers reject a signature that is older than five minutes."""
        traceparent = current_traceparent()
        return {
            "Content-Type": "application/json",
            "User-Agent": _USER_AGENT,
            **({} if traceparent is None else {"traceparent": traceparent}),
            **signed_headers(self.id, at, self.body, self.secrets),
        }


async def send(
    egress: PinnedEgress, url: str, message: Message, at: datetime, seconds: float = ATTEMPT_SECONDS
) -> Outcome:
    """Send one request, which ends after ``seconds`` whatever the receiver does."""
    if not message.secrets:
        return Outcome(0, error=NO_READABLE_KEY)
    started = perf_counter()
    try:
        with client_span("POST", {"http.request.method": "POST", "server.address": urlsplit(url).hostname or ""}):
            answer = await egress.post(url, message.body, message.headers(at), seconds)
    except EgressError as error:
        return Outcome(_milliseconds(started), error=error.reason.value)
    retry_after = answer.headers.get("retry-after")
    return Outcome(_milliseconds(started), answer.status, excerpt=answer.text, retry_after=retry_after)


def _milliseconds(started: float) -> int:
    return round((perf_counter() - started) * 1000)
