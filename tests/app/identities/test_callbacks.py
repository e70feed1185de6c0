"""A callback is accepted once, in the browser that started it, at the provider and the version of its start."""

from tests.support.app import TestApp
from tests.support.provider_sign_in import URLS, SignIn, tables


async def rejected(sign_in: SignIn, app: TestApp, reply: dict[str, str]) -> None:
    before = await tables(app)
    response = await sign_in.back(reply)
    assert response.status_code == 400, response.text
    assert "Start it again" in response.json()["detail"]
    assert await tables(app) == before


async def test_a_callback_is_accepted_once(sign_in: SignIn, app_with_provider: TestApp) -> None:
    reply = sign_in.provider.authorize(await sign_in.begin())
    assert (await sign_in.back(reply)).status_code == 200
    await rejected(sign_in, app_with_provider, reply)


async def test_an_unknown_state(sign_in: SignIn, app_with_provider: TestApp) -> None:
    reply = sign_in.provider.authorize(await sign_in.begin())
    for state in ("another", "", "\ud83d", reply["state"][:-1]):
        await rejected(sign_in, app_with_provider, {**reply, "state": state.encode(errors="replace").decode()})
    await rejected(sign_in, app_with_provider, {"code": "1"})


async def test_a_browser_without_the_cookie(sign_in: SignIn, app_with_provider: TestApp) -> None:
    reply = sign_in.provider.authorize(await sign_in.begin())
    sign_in.client.cookies.clear()
    await rejected(sign_in, app_with_provider, reply)


async def test_another_browser(sign_in: SignIn, app_with_provider: TestApp) -> None:
    reply = sign_in.provider.authorize(await sign_in.begin())
    sign_in.client.cookies.clear()
    await sign_in.begin()
    await rejected(sign_in, app_with_provider, reply)


async def test_two_tabs_of_one_browser(sign_in: SignIn) -> None:
    first, second = await sign_in.begin(), await sign_in.begin()
    for url in (second, first):
        assert (await sign_in.back(sign_in.provider.authorize(url))).status_code == 200


async def test_the_callback_of_another_provider(sign_in: SignIn, app_with_provider: TestApp) -> None:
    reply = sign_in.provider.authorize(await sign_in.begin())
    sign_in.urls = (sign_in.urls[0], sign_in.urls[1].replace("acme", "other"))
    await rejected(sign_in, app_with_provider, reply)


async def test_the_callback_of_another_version(sign_in: SignIn, app_with_provider: TestApp) -> None:
    reply = sign_in.provider.authorize(await sign_in.begin())
    (others,) = [paths for paths in URLS.values() if paths[1].format("acme") != sign_in.urls[1]]
    sign_in.urls = (sign_in.urls[0], others[1].format("acme"))
    await rejected(sign_in, app_with_provider, reply)


async def test_an_expired_visit(sign_in: SignIn, app_with_provider: TestApp) -> None:
    reply = sign_in.provider.authorize(await sign_in.begin())
    async with app_with_provider.runtime.database.write() as session:
        driver = await session.driver()
        await driver.execute("UPDATE sign_in_flows SET expires_at = now() - interval '1 second'")
    await rejected(sign_in, app_with_provider, reply)


async def test_a_failed_visit_is_over(sign_in: SignIn, app_with_provider: TestApp) -> None:
    reply = sign_in.provider.authorize(await sign_in.begin())
    assert (await sign_in.back({**reply, "iss": "https://evil.example"})).status_code == 400
    await rejected(sign_in, app_with_provider, reply)


async def test_repeated_parameters(sign_in: SignIn, app_with_provider: TestApp) -> None:
    reply = sign_in.provider.authorize(await sign_in.begin())
    before = await tables(app_with_provider)
    for name in reply:
        response = await sign_in.client.get(sign_in.urls[1], params=[*reply.items(), (name, "another")])
        assert response.status_code == 400, response.text
    assert await tables(app_with_provider) == before
    assert (await sign_in.back(reply)).status_code == 200, "the visit was not used up"


async def test_a_head_request_does_not_end_a_visit(sign_in: SignIn) -> None:
    reply = sign_in.provider.authorize(await sign_in.begin())
    response = await sign_in.client.head(sign_in.urls[1], params=reply)
    assert (response.status_code, response.headers["allow"]) == (405, "GET")
    assert (await sign_in.back({**reply, "scope": "openid", "session_state": "x"})).status_code == 200


async def test_an_unknown_provider(sign_in: SignIn) -> None:
    for path in sign_in.urls:
        assert (await sign_in.client.get(path.replace("acme", "nobody"))).status_code == 404
