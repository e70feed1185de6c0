"""Public libraries verify what is delivered, as receivers do."""

import json
from datetime import datetime, timedelta
from typing import Any, Protocol

import pytest
import standardwebhooks
import svix

from app.kit.clock import utc_now
from app.webhooks.signing import new_secret, secret_text, signed_headers
from tests.app.webhooks.test_deliveries import publish, user
from tests.support.app import TestApp
from tests.support.receiver import Receiver
from tests.support.webhooks import Deliveries, create_endpoint
from versions.registry import VERSIONS

BODY = '{"title":"zażółć 🪨"}'.encode()
OLD, NEW = new_secret(), new_secret()


class Verifier(Protocol):
    """The class of each library. ``verify`` raises an error unless a signature is valid."""

    def __init__(self, whsecret: str) -> None: ...

    def verify(self, data: bytes | str, headers: dict[str, str]) -> Any: ...


LIBRARIES: dict[str, tuple[type[Verifier], type[Exception]]] = {
    "standardwebhooks": (standardwebhooks.Webhook, standardwebhooks.WebhookVerificationError),
    "svix": (svix.Webhook, svix.WebhookVerificationError),
}
every_library = pytest.mark.parametrize("library", LIBRARIES)


def headers(secrets: list[bytes], at: datetime | None = None) -> dict[str, str]:
    return dict(signed_headers("evt_1", at or utc_now(), BODY, secrets))


@every_library
def test_each_secret_of_a_rotation_verifies(library: str) -> None:
    verifier, _ = LIBRARIES[library]
    for secret in (OLD, NEW):
        verifier(secret_text(secret)).verify(BODY, headers([NEW, OLD]))


@every_library
@pytest.mark.parametrize("change", ["body", "id", "secret", "old", "young"])
def test_anything_else_is_refused(library: str, change: str) -> None:
    verifier, refused = LIBRARIES[library]
    shift = {"old": timedelta(minutes=-6), "young": timedelta(minutes=6)}.get(change, timedelta())
    signed = headers([OLD if change == "secret" else NEW], utc_now() + shift)
    if change == "id":
        signed["webhook-id"] = "evt_2"
    with pytest.raises(refused):
        verifier(secret_text(NEW)).verify(BODY + b" " if change == "body" else BODY, signed)


@every_library
async def test_a_delivery_of_every_version_verifies(concurrent_app: TestApp, library: str) -> None:
    verifier, _ = LIBRARIES[library]
    deliveries = Deliveries(concurrent_app)
    ada, session = await user(concurrent_app, "ada")
    async with Receiver().serving() as receiver:
        secrets = [
            (await create_endpoint(concurrent_app, ada, receiver.url, ("post.created",), version.name))[1]
            for version in VERSIONS
        ]
        await deliveries.begin()
        await publish(concurrent_app, session)
        await deliveries.write()
        await deliveries.attempt()
    assert len(receiver.received) == len(VERSIONS)
    found = set()
    for got in receiver.received:
        # The order of the deliveries is that of their ends.
        own = secrets[[version.name.encode() in got.body for version in VERSIONS].index(True)]
        verifier(own).verify(got.body, got.headers)
        found.add(json.loads(got.body)["api_version"])
    assert found == {version.name for version in VERSIONS}
