"""Every rule that links an identity, and every act on identities, is in the audit trail with its user and network."""

from typing import Any

import pytest

from app.auth.metrics import AuthMetrics
from app.identities.flow_secrets import challenge, new_secret
from tests.support.app import TestApp, token_of
from tests.support.hostile_provider import HostileProvider
from tests.support.provider_sign_in import FRONT_END, URLS, SignIn
from tests.support.writes import audited


async def acts(app: TestApp, start: int = 0) -> list[tuple[Any, ...]]:
    """Action, outcome, detail and actor of the rows so far, without those of sessions."""
    rows = [row for row in (await audited(app))[start:] if not row.action.startswith("session.")]
    assert all(row.address and row.request_id for row in rows)
    return [(row.action, row.outcome, row.detail, row.actor) for row in rows]


async def user_uid(app: TestApp, email: str) -> Any:
    async with app.runtime.database.write() as session:
        return await (await session.driver()).fetchval("SELECT uid FROM users WHERE email = $1", email)


async def test_a_new_user(sign_in: SignIn, app_with_provider: TestApp) -> None:
    await sign_in()
    uid = await user_uid(app_with_provider, "ada@example.com")
    linked = ("identity.linked", "success", {"provider": "acme", "reason": "new_user"}, uid)
    assert linked in await acts(app_with_provider)
    (started,) = [row for row in await audited(app_with_provider) if row.action == "session.started"]
    assert started.actor == uid


async def test_a_confirmation(sign_in: SignIn, app_with_provider: TestApp) -> None:
    person = await app_with_provider.person("ada@example.com")
    await sign_in()
    (mail,) = await app_with_provider.deliver()
    await sign_in.client.post("/api/v2/auth/identity-confirmations", json={"token": token_of(mail)})
    assert [(action, detail) for action, _, detail, _ in await acts(app_with_provider)] == [
        ("identity.confirmation_requested", {"provider": "acme"}),
        ("identity.linked", {"provider": "acme", "reason": "confirmed"}),
    ]
    assert (await acts(app_with_provider))[1][3] == person.user.uid


async def test_a_handed_over_account(sign_in: SignIn, app_with_provider: TestApp) -> None:
    person = await app_with_provider.person("ada@example.com", verified=False)
    await sign_in()
    linked = ("identity.linked", "success", {"provider": "acme", "reason": "proved_address"}, person.user.uid)
    assert linked in await acts(app_with_provider)


async def test_a_rejected_sign_in(sign_in: SignIn, app_with_provider: TestApp) -> None:
    await sign_in()
    async with app_with_provider.runtime.database.write() as session:
        await (await session.driver()).execute("UPDATE users SET is_active = false")
    start, uid = len(await audited(app_with_provider)), await user_uid(app_with_provider, "ada@example.com")
    for subject in ("1", "another identity with the address"):
        sign_in.provider.claims = {"sub": subject}
        assert (await sign_in()).status_code == 403
    rejected = ("user.sign_in", "rejected", {"reason": "account_deactivated"}, None)
    assert await acts(app_with_provider, start) == [rejected] * 2
    assert {row.target for row in (await audited(app_with_provider))[start:]} == {f"user:{uid}"}


async def test_callbacks_that_belong_to_no_visit(sign_in: SignIn, app_with_provider: TestApp) -> None:
    """One row each, with neither the state nor the cookie; also if a front end started the visit."""
    reply = sign_in.provider.authorize(await sign_in.begin())
    cookie = sign_in.client.cookies["strata-browser"]
    sign_in.client.cookies.clear()
    for parameters in (reply, reply, {**reply, "state": "unknown"}, {"code": "1"}):
        assert (await sign_in.back(parameters)).status_code == 400
    rejected = ("user.sign_in", "rejected", {"provider": "acme", "reason": "invalid_sign_in_flow"}, None)
    assert await acts(app_with_provider) == [rejected] * 4
    stored = str(await audited(app_with_provider))
    assert [secret for secret in (*reply.values(), cookie, "unknown") if secret in stored] == []


async def test_a_rejection_that_a_front_end_receives(
    app_with_provider: TestApp, provider: HostileProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The redirect is not counted as a success."""
    counted: list[tuple[str, str]] = []
    monkeypatch.setattr(AuthMetrics, "record", lambda _self, *attempt: counted.append(attempt))
    async with app_with_provider.client() as client:
        sign_in = SignIn.of(client, list(URLS)[-1], provider)
        url = await sign_in.begin(redirect_to=FRONT_END, code_challenge=challenge(new_secret()))
        response = await sign_in.back({**provider.authorize(url), "iss": "https://evil.example"})
    assert response.headers["location"] == f"{FRONT_END}?error=invalid_provider_response"
    rejected = ("user.sign_in", "rejected", {"provider": "acme", "reason": "invalid_provider_response"}, None)
    assert await acts(app_with_provider) == [rejected]
    assert counted == [("invalid_provider_response", "provider")]


async def test_a_stranger_does_not_fill_the_audit_trail(sign_in: SignIn, app_with_provider: TestApp) -> None:
    """Callbacks of one network write ten rows a minute, and a sign-in still succeeds."""
    for number in range(25):
        assert (await sign_in.back({"state": str(number)})).status_code == 400
    assert len(await audited(app_with_provider)) in {10, 11}, "the second number if the test continues in a new minute"
    assert (await sign_in()).status_code == 200


async def test_rejected_visits_name_the_user(app_with_provider: TestApp, provider: HostileProvider) -> None:
    person = await app_with_provider.person("owner@example.com")
    session = await app_with_provider.session(person)
    start = len(await audited(app_with_provider))
    async with app_with_provider.client(session) as client:
        for purpose in ("link", "reauthenticate"):
            visit = await client.post("/api/v2/auth/providers/acme/visits", json={"purpose": purpose})
            reply = provider.authorize(visit.json()["authorization_url"])
            lie = {**reply, "iss": "https://evil.example"}
            assert (await client.get("/api/v2/auth/providers/acme/callback", params=lie)).status_code == 400
    rows = [(row.action, row.outcome, row.target) for row in (await audited(app_with_provider))[start:]]
    owner = f"user:{person.user.uid}"
    assert rows == [("identity.link", "rejected", owner), ("user.reauthentication", "rejected", owner)]


async def test_visits_of_a_session(app_with_provider: TestApp, provider: HostileProvider) -> None:
    person = await app_with_provider.person("owner@example.com")
    session = await app_with_provider.session(person)
    async with app_with_provider.client(session) as client:
        for purpose in ("link", "reauthenticate"):
            visit = await client.post("/api/v2/auth/providers/acme/visits", json={"purpose": purpose})
            reply = provider.authorize(visit.json()["authorization_url"])
            assert (await client.get("/api/v2/auth/providers/acme/callback", params=reply)).status_code == 200
        (identity,) = (await client.get("/api/v2/me/identities")).json()["data"]
        assert (await client.delete(f"/api/v2/me/identities/{identity['id']}")).status_code == 204
    assert await acts(app_with_provider) == [
        ("identity.linked", "success", {"provider": "acme", "reason": "requested"}, person.user.uid),
        ("user.reauthentication", "success", {}, person.user.uid),
        ("identity.unlinked", "success", {"provider": "acme"}, person.user.uid),
    ]


async def test_no_secret_is_logged(app_with_provider: TestApp, provider: HostileProvider, capsys: Any) -> None:
    """Neither those of the visit, nor the provider's, nor the address."""
    verifier = new_secret()
    query = {"redirect_to": FRONT_END, "code_challenge": challenge(verifier)}
    async with app_with_provider.client() as client:
        sign_in = SignIn.of(client, list(URLS)[-1], provider)
        reply = provider.authorize(await sign_in.begin(**query))
        location = (await sign_in.back(reply)).headers["location"]
        rejected = await sign_in.back({**provider.authorize(await sign_in.begin()), "iss": "https://evil.example"})
        assert rejected.status_code == 400
        cookie = client.cookies["strata-browser"]
    log = "".join(capsys.readouterr())
    assert "provider_response_rejected" in log
    secrets = [reply["state"], reply["code"], location.partition("code=")[2], cookie, "ada@example.com", "evil"]
    secrets += [form["code_verifier"] for _, _, form in provider.requests if "code_verifier" in form]
    assert [secret for secret in secrets if secret in log] == []
