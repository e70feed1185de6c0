"""Every rule that links an identity, and every act on identities, is in the audit trail with its user and network."""

from typing import Any

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
    start = len(await audited(app_with_provider))
    assert (await sign_in()).status_code == 403
    assert await acts(app_with_provider, start) == [
        ("user.sign_in", "rejected", {"reason": "account_deactivated"}, None)
    ]


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
