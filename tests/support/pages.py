"""Reads lists of v2 to their end."""

from typing import Any

import httpx2

MOST_PAGES = 100


async def every_item(client: httpx2.AsyncClient, path: str, **params: Any) -> list[dict[str, Any]]:
    """The items of all pages. Fails after ``MOST_PAGES`` pages."""
    items: list[dict[str, Any]] = []
    for _ in range(MOST_PAGES):
        page = (await client.get(path, params=params)).json()
        items += page["data"]
        if not page["has_more"]:
            return items
        params["cursor"] = page["next_cursor"]
    message = f"{path} has more than {MOST_PAGES} pages"
    raise AssertionError(message)
