"""The page of a personal guide: who sees it, and how a browser signs in without a script."""

import re
from collections.abc import Awaitable

import httpx2
import pytest

from app.access.principal import Principal
from app.auth.tokens import TokenType
from app.http.auth import AuthComponent
from app.http.page_cookie import NAME
from app.http.rate_limit.limits import RateLimits
from observability.rate_limit.limiter import Decision
from tests.support.app import PASSWORD, TestApp
from tests.support.registries import DEPRECATED
from tests.support.transactions import rows

GUIDE = str(DEPRECATED[0].migration_guide) if DEPRECATED else ""
MINE = f"{GUIDE}?mine"
BROWSER = {"Accept": "text/html,*/*;q=0.8"}
FORM = {"email": "ada@example.com", "password": PASSWORD}
pytestmark = pytest.mark.skipif(not DEPRECATED, reason="no version ends")


def is_private(answer: httpx2.Response) -> bool:
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    return answer.headers["Cache-Control"] == "private, no-store" and "ETag" not in answer.headers


async def test_a_browser_signs_in_with_the_form_and_stays_signed_in(test_app: TestApp) -> None:
    await test_app.person("ada@example.com")
    async with test_app.client(BROWSER) as client:
        asked = await client.get(MINE)
        assert (asked.status_code, is_private(asked)) == (401, True)
        assert f'<form method="post" action="{MINE}">' in asked.text
        assert set(re.findall(r'name="(\w+)"', asked.text)) - {"viewport"} == set(FORM)
        done = await client.post(MINE, data=FORM)
        assert (done.status_code, done.headers["Location"], done.headers["Cache-Control"]) == (
            303,
            MINE,
            "private, no-store",
        )
        cookie = done.headers["Set-Cookie"]
        assert cookie.startswith(f"{NAME}=")
        for attribute in ("HttpOnly", "Path=/docs/migrate/", "SameSite=lax", "Max-Age=900"):
            assert attribute in cookie
        client.cookies.clear()
        jar = {"Cookie": cookie.partition(";")[0]}
        shown = await client.get(MINE, headers=jar)
        assert (shown.status_code, is_private(shown)) == (200, True)
        assert "No requests of your account" in shown.text
        await rows(test_app, "UPDATE sessions SET revoked_at = now() RETURNING id")
        assert (await client.get(MINE, headers=jar)).status_code == 401, "the session has ended"


async def test_who_cannot_sign_in_sees_why(test_app: TestApp) -> None:
    await test_app.person("ada@example.com")
    await test_app.person("ben@example.com", verified=False)
    async with test_app.client(BROWSER) as client:
        for form, status, reason in (
            (FORM | {"password": "wrong <b>"}, 401, "Incorrect email or password"),
            (FORM | {"email": "ben@example.com"}, 403, "verify your email"),
            (FORM | {"email": "\0\ud7ff"}, 401, "Incorrect email or password"),
            ({}, 401, "Incorrect email or password"),
            ({"email": "x" * 5000}, 413, "larger"),
        ):
            answer = await client.post(MINE, data=form)
            assert (answer.status_code, is_private(answer)) == (status, True)
            assert reason.lower() in answer.text.lower()
            assert "Set-Cookie" not in answer.headers
            assert ("<form" in answer.text) is (status != 413)
        plain = await client.post(MINE, data={}, headers={"Accept": "application/json"})
        assert (plain.headers["Content-Type"], plain.json()["code"]) == (
            "application/problem+json",
            "invalid_credentials",
        )
        assert (await client.post("/docs/migrate/nothing", data=FORM)).status_code == 404


async def test_only_the_token_of_a_page_is_accepted_in_the_cookie(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    await test_app.session(ada)
    (session,) = await rows(test_app, "SELECT uid FROM sessions")
    signer = test_app.runtime.get(AuthComponent).signer
    async with test_app.client(BROWSER) as client:
        for kind, status in ((TokenType.PAGE, 200), (TokenType.ACCESS, 401), (TokenType.STREAM, 401)):
            token = signer.issue(kind, subject=ada.user.uid, session=session["uid"], seconds=60)
            assert (await client.get(MINE, headers={"Cookie": f"{NAME}={token}"})).status_code == status
            bearer = {"Authorization": f"Bearer {token}"}
            expected = 200 if kind is TokenType.ACCESS else 401
            assert (await client.get(MINE, headers=bearer)).status_code == expected
            if kind is TokenType.PAGE:
                me = await client.get("/api/v2/me", headers=bearer)
                assert me.status_code == 401, "it opens nothing else"
        assert (await client.get(MINE, headers={"Cookie": f"{NAME}=junk"})).status_code == 401


async def test_programs_send_a_key_with_the_scope_of_usage(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    eve = await test_app.person("eve@example.com", scopes=["posts:read"])
    async with test_app.client() as client:
        assert (await client.get(MINE, headers=ada.headers)).status_code == 200
        rejected = await client.get(MINE, headers=eve.headers)
        assert (rejected.status_code, rejected.json()["required_scope"]) == (403, "usage:read")
        assert rejected.headers["Cache-Control"] == "private, no-store"
        assert (await client.get(MINE)).json()["code"] == "unauthenticated"
        assert (await client.get(GUIDE)).headers["Cache-Control"] == "public, max-age=300"


async def test_a_caller_is_charged_once_and_nobody_without_a_sign_in(
    test_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await test_app.person("ada@example.com")
    charged: list[int] = []
    charge = RateLimits.charge_principal

    def count(limits: RateLimits, principal: Principal, cost: int) -> Awaitable[Decision]:
        charged.append(cost)
        return charge(limits, principal, cost)

    monkeypatch.setattr(RateLimits, "charge_principal", count)
    async with test_app.client(BROWSER) as client:
        assert (await client.get(MINE, headers=ada.headers)).status_code == 200
        await client.post(MINE, data=FORM)
        assert (await client.get(MINE)).status_code == 200
        client.cookies.clear()
        assert (await client.get(MINE)).status_code == 401
    assert charged == [10, 10]
