"""Sign-in with a real OpenID provider in Chromium: the cookie, the redirects and the page of a front end."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from app.identities.flow_secrets import challenge, new_secret
from tests.support.browser import new_page
from tests.support.live import Strata
from tests.support.postgres import clone
from tests.support.programs import program
from tests.support.provider_sign_in import URLS
from tests.support.real_provider import CLIENT, NAME, SECRET, real_provider
from tests.support.waiting import PATIENCE


@contextmanager
def front_end() -> Iterator[str]:
    """The URL of an empty page."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<h1>The front end</h1>")

        def log_message(self, *_arguments: Any) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/signed-in"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Site:
    """A server, its provider and a front end."""

    def __init__(self, url: str, page_url: str, strata: Strata) -> None:
        self.url = url
        self.page_url = page_url
        self.strata = strata


@pytest_asyncio.fixture(scope="module")
async def site(admin_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    program("chromium")
    home = tmp_path_factory.mktemp("provider") / "home"
    with real_provider() as issuer, front_end() as page_url:
        variables = {
            f"STRATA_PROVIDERS__OPENID__{NAME.upper()}__ISSUER": issuer,
            f"STRATA_PROVIDERS__OPENID__{NAME.upper()}__CLIENT_ID": CLIENT,
            f"STRATA_PROVIDERS__OPENID__{NAME.upper()}__CLIENT_SECRET": SECRET,
            "STRATA_PROVIDERS__FRONT_ENDS": f'["{page_url}"]',
        }
        strata = Strata(home, await clone(admin_dsn, "provider"), **variables)
        with strata.serving() as url:
            yield Site(url, page_url, strata)


async def sign_in(page: Page, url: str, login: str) -> None:
    """Open the start, and fill in the provider's forms."""
    await page.goto(url)
    await page.locator("input[name=login]").fill(login)
    await page.locator("input[name=password]").fill("any")
    await page.locator("button[type=submit]").click()
    await page.locator("button[type=submit]").click()


@pytest.mark.parametrize("version", URLS)
async def test_a_browser_signs_in(site: Site, version: str) -> None:
    start, callback = (url.format(NAME) for url in URLS[version])
    async with new_page(site.url) as page:
        await sign_in(page, start, f"ada-{version}")
        await page.wait_for_url(f"**{callback}?**")
        body = await page.locator("body").text_content() or ""
        assert '"access_token"' in body
        (cookie,) = [one for one in await page.context.cookies(site.url) if one["name"] == "strata-browser"]
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
        await page.reload()
        await expect(page.locator("body")).to_contain_text("Start it again")
    token = body.partition('"access_token":"')[2].partition('"')[0]
    assert token
    assert token not in site.strata.log("serve")


async def test_a_front_end_signs_a_user_in(site: Site) -> None:
    version = list(URLS)[-1]
    verifier = new_secret()
    query = f"redirect_to={site.page_url}&code_challenge={challenge(verifier)}"
    async with new_page(site.url) as page:
        await sign_in(page, f"{URLS[version][0].format(NAME)}?{query}", "grace")
        await page.wait_for_url(f"{site.page_url}?**")
        await expect(page.locator("h1")).to_have_text("The front end")
        (code,) = parse_qs(urlsplit(page.url).query)["code"]
        assert "token" not in page.url
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
    responses = [
        await asyncio.to_thread(httpx2.post, f"{site.url}/api/v2/auth/token", data=form, timeout=PATIENCE)
        for _ in range(2)
    ]
    assert [response.status_code for response in responses] == [200, 401]
    log = site.strata.log("serve")
    assert not any(secret in log for secret in (code, verifier, SECRET, responses[0].json()["access_token"]))
