"""Highlights of a search: the whole title, and short fragments of the content, with every match marked."""

from tests.support.app import TestApp

TITLE = "Basalt " + " ".join(f"w{number}" for number in range(40)) + " basalt"
FILLER = " ".join(f"filler{number}" for number in range(200))
CONTENT = f"first basalt {FILLER} second basalt {FILLER} third <b> basalt {FILLER}"


async def test_highlights(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        body = {"title": TITLE, "content": CONTENT, "status": "published"}
        assert (await client.post("/api/v2/posts", json=body)).status_code == 201
        (hit,) = (await client.get("/api/v2/search/posts", params={"q": "basalt"})).json()["data"]
    title, content = hit["highlights"]["title"], hit["highlights"]["content"]
    assert title == TITLE.replace("Basalt", "<mark>Basalt</mark>").replace("basalt", "<mark>basalt</mark>")
    assert content.count("<mark>basalt</mark>") == 2, "two fragments"
    fragments = content.split(" ... ")
    assert len(fragments) == 2
    for fragment in fragments:
        assert 10 <= len(fragment.split()) <= 30
        assert "<mark>basalt</mark>" in fragment


async def test_a_title_without_a_match_is_complete_and_unmarked(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        body = {"title": FILLER[:150], "content": "only here: basalt", "status": "published"}
        assert (await client.post("/api/v2/posts", json=body)).status_code == 201
        (hit,) = (await client.get("/api/v2/search/posts", params={"q": "basalt"})).json()["data"]
    assert hit["highlights"] == {"title": FILLER[:150], "content": "only here: <mark>basalt</mark>"}
