"""Pages of Chromium whose waits are as patient as those of the other tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Page, async_playwright, expect

from tests.support.programs import program
from tests.support.waiting import PATIENCE

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# The default of 5 seconds ends before a busy machine has rendered a large page.
_MILLISECONDS = 1000.0 * PATIENCE
expect.set_options(timeout=_MILLISECONDS)


@asynccontextmanager
async def new_page(base_url: str, **options: Any) -> AsyncIterator[Page]:
    """A page of a browser of its own; relative URLs are resolved against ``base_url``. ``options`` are Playwright's."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program("chromium"), args=ARGUMENTS, timeout=_MILLISECONDS
        )
        try:
            page = await browser.new_page(base_url=base_url, **options)
            page.set_default_timeout(_MILLISECONDS)
            yield page
        finally:
            await browser.close()
