"""What ``strata webhooks listen`` forwards, prints and rejects."""

from datetime import timedelta

import httpx2
import pytest
from rich.text import Text

from app.cli.kit.webhook_listener import WebhookListener
from app.kit.clock import utc_now
from app.webhooks.signing import new_secret, signed_headers
from tests.support.receiver import Receiver, responding

BODY = '{"type":"post.created","timestamp":"2026-11-29T12:00:00Z","data":{"title":"zażółć"}}'.encode()
SECRET, OTHER = new_secret(), new_secret()


async def sent(program: str, headers: dict[str, str], body: bytes = BODY) -> tuple[int, str]:
    """The status that the worker gets, and what is printed."""
    printed: list[Text] = []
    listener = WebhookListener(SECRET, program, printed.append)
    transport = httpx2.ASGITransport(listener.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://listener") as client:
        response = await client.post("/", content=body, headers=headers)
    return response.status_code, "\n".join(line.plain for line in printed)


async def test_a_message_reaches_the_program_as_it_was_signed() -> None:
    headers = {**signed_headers("evt_1", utc_now(), BODY, [OTHER, SECRET]), "Content-Type": "application/json"}
    async with Receiver(responding("202 Accepted")).serving() as program:
        status, printed = await sent(program.url, headers)
    [got] = program.received
    assert (status, got.body) == (202, BODY)
    assert {name: value for name, value in got.headers.items() if name.startswith("webhook-")} == {
        name: value for name, value in headers.items() if name.startswith("webhook-")
    }
    assert printed.startswith("post.created  evt_1  verified  202 in ")
    assert '"title": "zażółć"' in printed


async def test_the_worker_learns_of_a_program_that_fails_or_is_not_there() -> None:
    headers = dict(signed_headers("evt_1", utc_now(), BODY, [SECRET]))
    async with Receiver(responding("500 Internal Server Error")).serving() as program:
        assert (await sent(program.url, headers))[0] == 500
    status, printed = await sent(program.url, headers)
    assert status == 502
    assert f"{program.url} does not respond" in printed


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"webhook-signature": "v1,AAAA"}, "no signature is of the secret"),
        ({"webhook-signature": ""}, "no signature is of the secret"),
        ({"webhook-id": "evt_2"}, "no signature is of the secret"),
        ({"webhook-timestamp": "soon"}, "webhook-timestamp must be an integer, got 'soon'"),
        ({"webhook-timestamp": "1"}, "more than 5 minutes away"),
    ],
)
async def test_what_is_not_signed_is_not_forwarded(change: dict[str, str], reason: str) -> None:
    async with Receiver().serving() as program:
        status, printed = await sent(program.url, dict(signed_headers("evt_1", utc_now(), BODY, [SECRET])) | change)
    assert (status, program.received) == (401, [])
    assert reason in printed


@pytest.mark.parametrize(("minutes", "status"), [(-6, 401), (-4, 204), (4, 204), (6, 401)])
async def test_a_signature_is_valid_for_five_minutes(minutes: int, status: int) -> None:
    at = utc_now() + timedelta(minutes=minutes)
    async with Receiver().serving() as program:
        assert (await sent(program.url, dict(signed_headers("evt_1", at, BODY, [SECRET]))))[0] == status
