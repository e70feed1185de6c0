"""A browser opens streams with a cookie that its scripts cannot read, and with which nothing else can be done."""

from datetime import timedelta
from http.cookies import Morsel, SimpleCookie

import pytest

from app.access.principal import Role
from app.auth.tokens import TokenType
from app.http.auth import AuthComponent
from app.http.identities import IdentityComponent
from app.http.live.connections import LiveConnections
from app.http.stream_cookie import NAME
from app.kit.clock import utc_now
from app.settings.realtime import RealtimeSettings
from tests.support.app import TestApp
from tests.support.streams import opened

STREAM = "/api/v2/stream"
SESSIONS = "/api/v2/stream-sessions"


async def cookies_of(test_app: TestApp, headers: dict[str, str]) -> list[Morsel[str]]:
    response = await test_app.client(headers).post(SESSIONS)
    assert response.status_code == 201, response.text
    assert "no-store" in response.headers["Cache-Control"]
    return [next(iter(SimpleCookie(text).values())) for text in response.headers.get_list("Set-Cookie")]


def lifetime(test_app: TestApp) -> int:
    """Of the cookie, in seconds: it outlives a stream."""
    settings = test_app.runtime.settings[RealtimeSettings]
    assert settings.stream_session_seconds > settings.max_connection_seconds + 600
    return settings.stream_session_seconds


async def signed_in(test_app: TestApp) -> dict[str, str]:
    return await test_app.session(await test_app.person("ada@example.com", Role.AUTHOR))


async def test_the_cookie_is_for_streams_of_this_site_and_not_for_scripts(test_app: TestApp) -> None:
    cookies = await cookies_of(test_app, await signed_in(test_app))
    assert [cookie["path"] for cookie in cookies] == ["/api/v2/stream", "/api/v2/jobs"]
    for cookie in cookies:
        assert (cookie["samesite"], cookie["httponly"], cookie["max-age"]) == ("strict", True, str(lifetime(test_app)))
        assert (cookie.key, cookie["secure"]) == (NAME, ""), "the tests use http"


async def test_browsers_keep_the_cookie_of_an_https_site_from_other_connections(
    test_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(IdentityComponent, "secure", property(lambda _self: True))
    headers = await signed_in(test_app)
    (cookie, _) = await cookies_of(test_app, headers)
    assert (cookie.key, cookie["secure"]) == (f"__Secure-{NAME}", True)
    async with opened(test_app, STREAM, {"Cookie": f"{cookie.key}={cookie.value}"}) as client:
        assert client.status == 200


async def test_a_stream_opens_with_the_cookie_and_renews_it(test_app: TestApp) -> None:
    (cookie, _) = await cookies_of(test_app, await signed_in(test_app))
    async with opened(test_app, STREAM, {"Cookie": f"theme=dark; {NAME}={cookie.value}"}) as client:
        assert client.status == 200
    renewed = SimpleCookie(client.headers["set-cookie"])[NAME]
    signer = test_app.runtime.get(AuthComponent).signer
    assert signer.verify(renewed.value).session == signer.verify(cookie.value).session
    assert renewed["max-age"] == str(lifetime(test_app))


async def test_a_stream_that_another_credential_opens_sets_no_cookie(test_app: TestApp) -> None:
    headers = await signed_in(test_app)
    (cookie, _) = await cookies_of(test_app, headers)
    async with opened(test_app, STREAM, headers | {"Cookie": f"{NAME}={cookie.value}"}) as client:
        assert "set-cookie" not in client.headers


@pytest.mark.parametrize("path", ["/api/v2/me", "/api/v1/users/me", "/api/v1/events", "/api/v2/posts"])
async def test_the_cookie_opens_nothing_else(test_app: TestApp, path: str) -> None:
    (cookie, _) = await cookies_of(test_app, await signed_in(test_app))
    for headers in ({"Cookie": f"{NAME}={cookie.value}"}, {"Authorization": f"Bearer {cookie.value}"}):
        assert (await test_app.client(headers).get(path)).status_code == 401


async def test_invalid_cookies_are_rejected(test_app: TestApp) -> None:
    person = await test_app.person("ada@example.com", Role.AUTHOR)
    headers = await test_app.session(person)
    access = headers["Authorization"].partition(" ")[2]
    (cookie, _) = await cookies_of(test_app, headers)
    signer = test_app.runtime.get(AuthComponent).signer
    claims = signer.verify(cookie.value)
    seconds = lifetime(test_app)
    old = signer.issue(
        TokenType.STREAM,
        subject=claims.subject,
        session=claims.session,
        at=utc_now() - timedelta(seconds=seconds + 60),
        seconds=seconds,
    )
    for value in (access, person.key, old, cookie.value[:-2], "", "\x00"):
        response = await test_app.client({"Cookie": f"{NAME}={value}"}).get(STREAM)
        assert response.status_code == 401, value


async def test_the_cookie_ends_with_its_session(test_app: TestApp) -> None:
    headers = await signed_in(test_app)
    (cookie, _) = await cookies_of(test_app, headers)
    client = test_app.client(headers)
    (session,) = (await client.get("/api/v2/auth/sessions")).json()["data"]
    assert (await client.delete(f"/api/v2/auth/sessions/{session['id']}")).status_code == 204
    assert (await test_app.client({"Cookie": f"{NAME}={cookie.value}"}).get(STREAM)).status_code == 401


async def test_a_key_gets_no_cookie(test_app: TestApp) -> None:
    person = await test_app.person("ada@example.com", Role.AUTHOR)
    response = await test_app.client(person.headers).post(SESSIONS)
    assert response.status_code == 403
    assert "set-cookie" not in response.headers


async def test_a_browser_that_connects_again_to_a_full_process_is_told_to_wait(test_app: TestApp) -> None:
    (cookie, _) = await cookies_of(test_app, await signed_in(test_app))
    connections = LiveConnections.build(test_app.runtime)
    connections.drain()
    headers = {"Cookie": f"{NAME}={cookie.value}", "Last-Event-ID": "1", "Accept": "text/event-stream"}
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(test_app.runtime._components, LiveConnections, connections)
        response = await test_app.client(headers).get(STREAM)
    assert (response.status_code, response.text[:7]) == (200, "retry: ")
