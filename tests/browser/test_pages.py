"""The web pages in Chromium: they work, send no request to another host and put no token into a URL path or query."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Page, Request, expect

from tests.support.app import PASSWORD
from tests.support.browser import new_page
from tests.support.live import Strata
from tests.support.postgres import clone
from tests.support.programs import program
from tests.support.registries import DEPRECATED, GUIDES
from tests.support.waiting import PATIENCE
from versions.registry import VERSIONS

# Chromium's own message lacks the element. Errors of the console fail each test.
NAMES = [version.name for version in VERSIONS]
_REPORT_VIOLATIONS = """
document.addEventListener('securitypolicyviolation', event =>
    console.error('CSP', event.violatedDirective, event.blockedURI, event.target?.outerHTML?.slice(0, 300)));
"""


@dataclass
class Site:
    """A server with a worker, and the requests and errors of the browser on its last page."""

    strata: Strata
    url: str
    requested_urls: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def page(self, **options: Any) -> AsyncIterator[Page]:
        self.requested_urls, self.errors = [], []
        async with new_page(self.url, **options) as page:
            page.on("request", self._record)
            page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else 0)
            await page.add_init_script(_REPORT_VIOLATIONS)
            page.on("pageerror", lambda error: self.errors.append(str(error)))
            yield page
        assert self.requested_urls
        assert [url for url in self.requested_urls if not url.startswith((self.url, "data:", "blob:"))] == []

    def _record(self, request: Request) -> None:
        self.requested_urls.append(request.url)

    async def token(self, email: str, subject: str) -> dict[str, Any]:
        """The newest mail to this address with this subject, once the worker has sent it."""
        for _ in range(100):
            mails = await asyncio.to_thread(self.strata.json, "mail", "--to", email)
            if mails and mails[0]["subject"] == subject:
                found: dict[str, Any] = mails[0]
                return found
            await asyncio.sleep(0.2)
        raise AssertionError(self.strata.log("worker"))


@pytest_asyncio.fixture(scope="module")
async def site(admin_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    program("chromium")
    home = tmp_path_factory.mktemp("browser") / "home"
    strata = Strata(home, await clone(admin_dsn, "browser"))
    with strata.serving() as url, strata.running("worker", STRATA_HTTP__PUBLIC_URL=url):
        yield Site(strata, url)


@pytest.mark.parametrize("version", NAMES)
async def test_swagger_ui_shows_every_operation(site: Site, version: str) -> None:
    document = httpx2.get(f"{site.url}/api/{version}/openapi.json", timeout=PATIENCE).json()
    # Swagger UI shows a webhook as an operation.
    count = sum(len(item) for part in ("paths", "webhooks") for item in document[part].values())
    async with site.page() as page:
        await page.goto(f"/api/{version}/docs")
        await expect(page.locator(".opblock")).to_have_count(count)
    assert site.errors == []


@pytest.mark.parametrize("version", NAMES)
async def test_an_operation_can_be_tried_in_swagger_ui(site: Site, version: str) -> None:
    async with site.page() as page:
        await page.goto(f"/api/{version}/docs")
        operation = page.locator(".opblock", has=page.locator('.opblock-summary-get [data-path="/posts"]')).first
        await operation.locator(".opblock-summary-control").click()
        await operation.get_by_role("button", name="Try it out").click()
        async with page.expect_response("**/posts*") as received:
            await operation.get_by_role("button", name="Execute").click()
        response = await received.value
        assert response.status == 200, await response.text()
        await expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    assert site.errors == []


async def test_redoc_finds_an_operation(site: Site) -> None:
    async with site.page() as page:
        await page.goto("/api/v2/redoc")
        await page.get_by_placeholder("Search...").press_sequentially("register")
        await expect(page.locator("[data-role='search:results']")).to_contain_text("Register")
    assert site.errors == []


async def test_a_script_in_a_page_is_blocked(site: Site) -> None:
    """The policy is in force: an element without a hash is not executed."""
    async with site.page() as page:
        for path in ("/", "/api/v2/docs", "/api/v2/redoc", *GUIDES):
            await page.goto(path)
            await page.evaluate("""
                const script = document.createElement('script');
                script.textContent = 'window.executed = true';
                document.body.append(script);
            """)
            assert await page.evaluate("window.executed") is None
    assert len([error for error in site.errors if error.startswith("CSP script-src")]) == 3 + len(GUIDES)


@pytest.mark.parametrize("path", ["/docs", "/policies/versions", "/problems/not_found", "/reset-password"])
async def test_other_pages_comply_with_their_policy(site: Site, path: str) -> None:
    async with site.page() as page:
        await page.goto(path)
        await expect(page.locator("h1")).to_be_visible()
        assert await page.evaluate("getComputedStyle(document.body).maxWidth") != "none", "the style is applied"
    assert site.errors == []


@pytest.mark.parametrize("version", NAMES)
async def test_redoc_shows_the_document(site: Site, version: str) -> None:
    async with site.page() as page:
        await page.goto(f"/api/{version}/redoc")
        await expect(page.locator("h1").first).to_contain_text(f"Strata API {version}")
    assert site.errors == []


async def test_every_link_of_the_start_page_works(site: Site) -> None:
    async with site.page() as page:
        await page.goto("/")
        await expect(page.locator(".layer h2")).to_contain_text(NAMES[::-1])
        links = await page.locator("a").evaluate_all("links => links.map(link => link.href)")
    assert len(links) > 8
    for link in links:
        assert httpx2.get(link, timeout=PATIENCE).status_code == 200, link
    assert site.errors == []


@pytest.mark.skipif(not DEPRECATED, reason="the guide is not served")
async def test_the_migration_guide_on_a_small_screen(site: Site) -> None:
    async with site.page() as page:
        await page.set_viewport_size({"width": 390, "height": 844})
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await page.goto(f"{DEPRECATED[0].prefix}/docs")
        link = page.get_by_role("link", name="migration guide")
        await link.evaluate("link => link.removeAttribute('target')")
        await link.click()
        await expect(page.get_by_role("heading", level=1)).to_have_text(
            f"From {DEPRECATED[0].name} to {DEPRECATED[0].successor}"
        )

        await page.get_by_role("link", name="Updates are merge patches").click()
        section = page.locator("#updates-are-merge-patches")
        await expect(section).to_be_in_viewport()
        assert await section.evaluate("section => getComputedStyle(section).borderLeftWidth") == "4px"

        command = page.locator("details", has_text="merge-patch+json").first
        await expect(command.locator("code").first).to_be_hidden()
        await command.locator("summary").click()
        await command.get_by_role("button", name="Copy").click()
        await expect(command.get_by_role("button")).to_have_text("Copied")
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied == (await command.locator("code").first.text_content() or "").strip()
        assert copied.startswith("curl -s ")

        backgrounds = []
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            backgrounds.append(await page.evaluate("getComputedStyle(document.body).color"))
        assert backgrounds[0] != backgrounds[1]
        # Wide tables and code scroll inside their own box; the page has no horizontal scrollbar.
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert site.errors == []


@pytest.mark.skipif(not DEPRECATED, reason="no version ends")
async def test_the_personal_guide_needs_no_script(site: Site) -> None:
    version = DEPRECATED[0]
    site.strata.run("users", "create", "eve@example.com", "--password", PASSWORD)
    key = site.strata.json("keys", "create", "eve@example.com", "--name", "<i>script</i>")["key"]
    headers = {"X-API-Key": key}
    assert httpx2.get(f"{site.url}{version.prefix}/posts?page=1", headers=headers, timeout=PATIENCE).status_code == 200
    phone = {"width": 390, "height": 844}
    async with site.page(java_script_enabled=False, viewport=phone) as page:
        await page.goto(f"{version.migration_guide}")
        await page.get_by_role("link", name="only what you use").click()
        await page.get_by_label("E-mail address").fill("eve@example.com")
        await page.get_by_label("Password").fill("wrong")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_have_text("Incorrect email or password")
        await page.get_by_label("E-mail address").fill("eve@example.com")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        sections = page.locator("ol.toc a")
        # Usage is written some seconds after its request; the cookie keeps the browser signed in meanwhile.
        for _ in range(100):
            if await sections.count():
                break
            await asyncio.sleep(0.2)
            await page.reload()
        await expect(page.get_by_text('"<i>script</i>" (sk_live_').first).to_be_visible()
        await sections.first.click()
        title = await sections.first.text_content()
        await expect(page.get_by_role("heading", name=title or "", exact=True)).to_be_in_viewport()
        content = await page.locator("body").bounding_box()
        assert content is not None
        assert content["width"] <= phone["width"], "wide code scrolls inside its own box"
    assert len(site.errors) == 2
    assert all("401" in error for error in site.errors), "the sign-in page, and the wrong password"


async def test_a_new_user_verifies_the_address_and_resets_the_password(site: Site) -> None:
    email = "ada@example.com"
    body = {"email": email, "password": PASSWORD, "display_name": "Ada"}
    assert httpx2.post(f"{site.url}/api/v2/auth/registrations", json=body, timeout=PATIENCE).status_code == 202
    verification = await site.token(email, "Verify your e-mail address")
    async with site.page() as page:
        await page.goto(verification["links"][0])
        await page.get_by_role("button").click()
        await expect(page.get_by_role("status")).to_have_text("Your address is verified.")

        assert (
            httpx2.post(f"{site.url}/api/v2/auth/password-resets", json={"email": email}, timeout=PATIENCE).status_code
            == 202
        )
        reset = await site.token(email, "Set a new password")
        await page.goto(reset["links"][0])
        await page.get_by_label("New password").fill("a wholly new passphrase")
        await page.get_by_role("button").click()
        await expect(page.get_by_role("status")).to_have_text("Your password is set.")
    form = {"grant_type": "password", "username": email, "password": "a wholly new passphrase"}
    assert httpx2.post(f"{site.url}/api/v2/auth/token", data=form, timeout=PATIENCE).status_code == 200
    log = site.strata.log("serve")
    for token in (verification["token"], reset["token"]):
        assert token not in log
        assert not any(token in url for url in site.requested_urls if "#" not in url)
    assert site.errors == []


async def test_the_page_shows_that_a_token_is_invalid(site: Site) -> None:
    async with site.page() as page:
        await page.goto("/verify#token=nonsense")
        await page.get_by_role("button").click()
        await expect(page.get_by_role("status")).to_contain_text("Invalid verification token")
