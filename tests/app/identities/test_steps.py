"""What each step of a sign-in stores, for how long, and for whom."""

import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest

from app.access.principal import Principal
from app.access.proof import IdentityProof
from app.errors import InsufficientPermissions
from app.http.identities import IdentityComponent
from app.identities.commands import FlowStart, Purpose
from app.identities.flow_secrets import challenge, new_secret
from app.identities.flows import FlowStarter
from app.identities.linking import IdentityLinking
from app.identities.reader import IdentityReader
from app.kit.clock import utc_now
from app.kit.db.errors import TransactionConflict
from app.models import User
from app.users.repository import UserRepository
from tests.support.app import TestApp
from tests.support.hostile_provider import HostileProvider
from tests.support.provider_sign_in import FRONT_END, SignIn
from tests.support.transactions import rows

MINUTE = timedelta(minutes=1)
CALLBACK = "/api/v2/auth/providers/acme/callback"


async def test_a_visit_lasts_ten_minutes_and_its_row_has_digests_only(
    sign_in: SignIn, app_with_provider: TestApp
) -> None:
    asked = [dict(parse_qsl(urlsplit(await sign_in.begin()).query)) for _ in range(2)]
    (cookie,) = sign_in.client.cookies.values()
    found = await rows(app_with_provider, "SELECT * FROM sign_in_flows ORDER BY created_at")
    for flow, parameters in zip(found, asked, strict=True):
        assert flow["expires_at"] - flow["created_at"] == 10 * MINUTE
        assert flow["digest"] == hashlib.sha256(parameters["state"].encode()).digest()
        assert flow["browser"] == hashlib.sha256(cookie.encode()).digest(), "all tabs of a browser have one secret"
        assert (flow["purpose"], flow["user_id"], flow["session_uid"]) == ("sign_in", None, None)
        assert "prompt" not in parameters
        assert "max_age" not in parameters
        secret = {parameters["state"], parameters["nonce"], cookie}
        assert not [value for value in flow.values() if value in secret]
        assert parameters["code_challenge"] != challenge(parameters["nonce"]), "the nonce is no verifier"


async def test_a_visit_of_a_session_is_that_of_its_user(app_with_provider: TestApp) -> None:
    ada = await app_with_provider.person("ada@example.com")
    async with app_with_provider.client(await app_with_provider.session(ada)) as client:
        for purpose in ("link", "reauthenticate"):
            started = await client.post("/api/v2/auth/providers/acme/visits", json={"purpose": purpose})
            asked = dict(parse_qsl(urlsplit(started.json()["authorization_url"]).query))
            assert ("prompt" in asked, "max_age" in asked) == (purpose == "reauthenticate",) * 2
            digest = hashlib.sha256(asked["state"].encode()).digest()
            (flow,) = await rows(app_with_provider, "SELECT * FROM sign_in_flows WHERE digest = $1", digest)
            ((session,),) = await rows(app_with_provider, "SELECT uid FROM sessions")
            assert (flow["purpose"], flow["user_id"], flow["session_uid"]) == (purpose, ada.user.id, session)


async def test_a_user_who_authenticated_during_a_long_visit_proves_it(
    app_with_provider: TestApp, provider: HostileProvider
) -> None:
    """What counts is the start of the visit, not its end: users look for their second factor for minutes."""
    ada = await app_with_provider.person("ada@example.com")
    async with app_with_provider.client(await app_with_provider.session(ada)) as client:

        async def visit(purpose: str, began: timedelta) -> int:
            started = await client.post("/api/v2/auth/providers/acme/visits", json={"purpose": purpose})
            await rows(app_with_provider, "UPDATE sign_in_flows SET created_at = $1", utc_now() - began)
            reply = provider.authorize(started.json()["authorization_url"])
            return (await client.get(CALLBACK, params=reply)).status_code

        assert await visit("link", MINUTE) == 200
        provider.claims = {"auth_time": int(utc_now().timestamp()) - 240}
        assert await visit("reauthenticate", 5 * MINUTE) == 200
        assert await visit("reauthenticate", 2 * MINUTE) == 400


async def test_keys_neither_start_visits_nor_read_identities(app_with_provider: TestApp) -> None:
    """Whoever calls the use case: a route that forgets its declaration is no way in."""
    ada = await app_with_provider.person("ada@example.com")
    caller = Principal(ada.user.id, ada.user.uid, (), frozenset({"profile:read"}))
    shared = app_with_provider.runtime.get(IdentityComponent).shared
    starter = FlowStarter(app_with_provider.runtime.database, shared)

    class Proved(IdentityProof):
        def __init__(self) -> None: ...

        async def ensure(self, *_: object) -> None: ...

    start = FlowStart("acme", "https://strata.test/callback", None)
    for purpose in (Purpose.LINK, Purpose.REAUTHENTICATE):
        with pytest.raises(InsufficientPermissions):
            await starter.visit(start, purpose, caller, Proved())
    reader = IdentityReader(app_with_provider.runtime.database.reads, caller)
    with pytest.raises(InsufficientPermissions):
        await reader.page(None, 1)
    with pytest.raises(InsufficientPermissions):
        await reader.get(uuid4())
    assert await rows(app_with_provider, "SELECT 1 FROM sign_in_flows") == []


async def test_attempts_are_counted_by_their_method(app_with_provider: TestApp, provider: HostileProvider) -> None:
    sample = app_with_provider.runtime.metrics.registry.get_sample_value

    def counted() -> dict[tuple[str, str], float]:
        cases = [(method, outcome) for method in ("provider", "provider_code") for outcome in ("success", "failure")]
        codes = {"provider": "invalid_sign_in_flow", "provider_code": "invalid_sign_in_code"}
        return {
            (method, outcome): sample(
                "auth_attempts_total",
                {"method": method, "outcome": codes[method] if outcome == "failure" else outcome},
            )
            or 0
            for method, outcome in cases
        }

    before = counted()
    verifier = new_secret()
    async with app_with_provider.client() as client:
        browser = SignIn.of(client, "v2", provider)
        response = await browser(redirect_to=FRONT_END, code_challenge=challenge(verifier))
        code = dict(parse_qsl(urlsplit(response.headers["location"]).query))["code"]
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        headers = {"User-Agent": "a front end"}
        assert (await client.post("/api/v2/auth/token", data=form, headers=headers)).status_code == 200
        for _ in range(2):
            assert (await client.post("/api/v2/auth/token", data=form)).status_code == 401
        for _ in range(3):
            assert (await browser.back({"state": "unknown"})).status_code == 400
    found = {case: value - before[case] for case, value in counted().items()}
    assert found == {
        ("provider", "success"): 1,
        ("provider", "failure"): 3,
        ("provider_code", "success"): 1,
        ("provider_code", "failure"): 2,
    }
    ((network, agent),) = await rows(app_with_provider, "SELECT network, user_agent FROM sessions")
    assert (str(network), agent) == ("127.0.0.1", "a front end")


async def test_a_conflict_with_another_transaction_is_tried_again(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code of the provider is used up: the browser could not repeat the request."""
    attempts = 0
    user_of = IdentityLinking.user_of

    async def conflict_once(linking: IdentityLinking, *arguments: Any) -> User:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise TransactionConflict
        return await user_of(linking, *arguments)

    monkeypatch.setattr(IdentityLinking, "user_of", conflict_once)
    assert (await sign_in()).status_code == 200
    assert attempts == 2


async def test_a_user_who_registers_during_the_sign_in_confirms_it(
    sign_in: SignIn, app_with_provider: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No user had the address when it was looked up; the unique index tells of the one that has it now."""
    await app_with_provider.person("ada@example.com")
    lock_by_email = UserRepository.lock_by_email
    looked_up = 0

    async def miss_once(repository: UserRepository, email: str) -> User | None:
        nonlocal looked_up
        looked_up += 1
        return None if looked_up == 1 else await lock_by_email(repository, email)

    monkeypatch.setattr(UserRepository, "lock_by_email", miss_once)
    assert (await sign_in()).status_code == 403
    assert looked_up == 2
    assert [mail.subject for mail in await app_with_provider.deliver()] == ["Confirm a new way to sign in"]
