"""Endpoints of users: the plan's limit, the overlap of two secrets, and URLs that lead inward."""

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.access.principal import Principal
from app.http.webhooks import WebhookComponent
from app.kit.clock import utc_now
from app.kit.egress.addresses import AllowedAddresses
from app.kit.egress.destinations import Guard
from app.kit.egress.errors import Reason
from app.webhooks.errors import TooManyWebhookEndpoints, WebhookUrlRefused
from app.webhooks.queries import WebhookQueries
from app.webhooks.reader import WebhookReader
from app.webhooks.signing import SecretSealer, secret_bytes
from tests.support.app import TestApp
from tests.support.receiver import Receiver, responding
from tests.support.users import principal_of
from tests.support.webhooks import create_endpoint
from versions.kit.typeid import decode, encode
from versions.registry import VERSIONS

V2 = "/api/v2/webhook-endpoints"


async def ada(app: TestApp) -> tuple[Principal, dict[str, str]]:
    person = await app.person("ada@example.com")
    return await principal_of(app, person), await app.session(person)


async def secrets(app: TestApp, uid: UUID, after: timedelta = timedelta()) -> list[bytes | None]:
    """The secrets that sign after a time, newest first."""
    queries = WebhookQueries(app.runtime.database.reads)
    view = await queries.endpoint(uid)
    assert view is not None
    sealer: SecretSealer = app.runtime.get(WebhookComponent).sealer
    return [sealer.open(each.sealed, each.uid) for each in await queries.secrets(view.id, utc_now() + after)]


async def test_the_plan_limits_endpoints(test_app: TestApp) -> None:
    caller, headers = await ada(test_app)
    most = 10
    for _ in range(most):
        view, _ = await create_endpoint(test_app, caller)
    with pytest.raises(TooManyWebhookEndpoints):
        await create_endpoint(test_app, caller)
    async with test_app.client(headers) as client:
        refused = await client.post(V2, json={"url": view.url})
        assert (refused.status_code, refused.json()["code"]) == (409, "too_many_webhook_endpoints")
        assert (await client.delete(f"{V2}/{encode('wh', view.uid)}")).status_code == 204
        assert (await client.post(V2, json={"url": view.url})).status_code == 201


async def test_two_secrets_sign_during_a_rotation(test_app: TestApp) -> None:
    _, headers = await ada(test_app)
    async with test_app.client(headers) as client:
        created = (await client.post(V2, json={"url": "https://127.0.0.1:8443/hook"})).json()
        uid, shown = decode("wh", created["id"]), [secret_bytes(created["secret"])]
        assert await secrets(test_app, uid) == shown
        for _ in range(2):
            response = await client.post(f"{V2}/{created['id']}/rotate-secret", json={"overlap_seconds": 3600})
            assert response.headers["Cache-Control"] == "no-store"
            shown = [secret_bytes(response.json()["secret"]), shown[0]]
            assert await secrets(test_app, uid) == shown, "a second rotation ends the first secret"
        assert await secrets(test_app, uid, timedelta(hours=1)) == shown[:1]
        await client.post(f"{V2}/{created['id']}/rotate-secret", json={"overlap_seconds": 0})
        assert len(await secrets(test_app, uid)) == 1
        seen = await client.get(f"{V2}/{created['id']}")
    assert "secret" not in seen.text


async def test_a_test_shows_what_was_signed(test_app: TestApp) -> None:
    """Receivers of both versions get it, also while the endpoint is disabled."""
    caller, headers = await ada(test_app)
    thanks = Receiver(responding("202 Accepted", b"thank\0 you"))
    async with thanks.serving() as receiver, test_app.client(headers) as client:
        for version in (version.name for version in VERSIONS):
            _, text = await create_endpoint(test_app, caller, receiver.url, version=version)
            shown = (await client.get(V2)).json()["data"][0]
            await client.patch(f"{V2}/{shown['id']}", json={"state": "disabled"})
            sent: dict[str, Any] = (await client.post(f"{V2}/{shown['id']}/test")).json()
            got = receiver.received.pop()
            content = f"{sent['webhook_id']}.{sent['webhook_timestamp']}.".encode() + got.body
            digest = hmac.digest(secret_bytes(text), content, "sha256")
            assert got.headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
            assert got.headers["webhook-id"] == sent["webhook_id"]
            assert sent["webhook_id"].startswith("evt_")
            assert (sent["body_length"], sent["body_sha256"]) == (len(got.body), hashlib.sha256(got.body).hexdigest())
            assert b'"type":"webhook_endpoint.tested","timestamp":"' in got.body
            assert f'"api_version":"{version}","data":{{"id":'.encode() in got.body
            assert (sent["succeeded"], sent["status"], sent["error"]) == (True, 202, None)
            assert sent["response"] == "thank you"


async def test_a_test_of_a_dead_receiver_says_so(test_app: TestApp) -> None:
    caller, headers = await ada(test_app)
    async with Receiver().serving() as receiver:
        url = receiver.url
    await create_endpoint(test_app, caller, url)
    async with test_app.client(headers) as client:
        shown = (await client.get(V2)).json()["data"][0]
        sent = (await client.post(f"{V2}/{shown['id']}/test")).json()
    assert (sent["succeeded"], sent["status"], sent["error"]) == (False, None, "unreachable")


INWARD = [
    *("https://10.0.0.1/", "https://172.16.0.1/", "https://192.168.1.1/", "https://169.254.169.254/latest/meta-data"),
    *("https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://017700000001/"),
    *("https://0/", "https://0.0.0.0/", "https://100.64.0.1/", "https://192.0.0.1/", "https://198.18.0.1/"),
    *("https://192.88.99.1/", "https://168.63.129.16/", "https://224.0.0.1/", "https://255.255.255.255/"),
    *(
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:a00:1]/",
        "https://[::10.0.0.1]/",
    ),
    *("https://[fe80::1]/", "https://[fc00::1]/", "https://[fec0::1]/", "https://[ff02::1]/", "https://[2001:db8::1]/"),
    *("https://[64:ff9b::a00:1]/", "https://[64:ff9b:1::a00:1]/", "https://[2002:a00:1::]/", "https://[2001::1]/"),
    *("https://localhost/", "https://db.internal/", "https://printer.local/", "https://printer/"),
    *("http://93.184.216.34/", "https://93.184.216.34:22/", "https://user@93.184.216.34/", "https://93.184.216.34/#x"),
    *("ftp://93.184.216.34/", "file:///etc/passwd", "https:///path", "https://93.184.216.34\\@10.0.0.1/"),
]


@pytest.mark.parametrize("url", INWARD)
async def test_no_endpoint_leads_inward(test_app: TestApp, url: str) -> None:
    caller, _ = await ada(test_app)
    shared = test_app.runtime.get(WebhookComponent)
    guard = shared.egress.guard
    shared.egress.guard = Guard(AllowedAddresses())
    try:
        with pytest.raises(WebhookUrlRefused) as refused:
            await create_endpoint(test_app, caller, url)
    finally:
        shared.egress.guard = guard
    (field,) = refused.value.fields
    assert (field.path, field.code) == (("url",), "webhook_url_refused")


def test_each_reason_has_a_text_of_its_own() -> None:
    reasons = (Reason.BAD_URL, Reason.INSECURE, Reason.FORBIDDEN_ADDRESS)
    texts = {WebhookUrlRefused(reason).message for reason in reasons}
    assert len(texts) == 3


async def test_pages_of_endpoints_are_newest_first_and_add_up(test_app: TestApp) -> None:
    caller, _ = await ada(test_app)
    expected = [(await create_endpoint(test_app, caller))[0].uid for _ in range(3)][::-1]
    reader, position, found = WebhookReader(test_app.runtime.database.reads, caller), None, list[UUID]()
    for has_more in (True, False):
        page = await reader.page(position, 2)
        assert page.has_more is has_more
        found += [view.uid for view in page.items]
        position = page.next_position
    assert found == expected
    assert [view.uid for view in await reader.endpoints()] == expected[::-1]
