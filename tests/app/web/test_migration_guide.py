"""Migration guides as they are served: a page, or Markdown, read once, for pairs of versions that there are."""

import re
from pathlib import Path

import pytest

from app.web import migration_guide
from app.web.markdown import render
from contracts.guide import build
from tests.support.app import TestApp
from versions.registry import VERSIONS

LEAVING = [version for version in VERSIONS if version.migration_guide]
PAIR = f"{LEAVING[0].name}-to-{LEAVING[0].successor}" if LEAVING else ""
GUIDE = f"/docs/migrate/{PAIR}"
TEXT = (build.ROOT / build.PAGES / f"{PAIR}.md").read_text() if LEAVING else ""
guided = pytest.mark.skipif(not LEAVING, reason="no version has a successor")
"""Archived guides: tests/versions/test_tombstones.py."""


async def test_every_version_with_a_successor_has_a_guide_to_which_its_answers_lead(test_app: TestApp) -> None:
    async with test_app.client() as client:
        for version in LEAVING:
            answer = await client.get(f"{version.prefix}/posts")
            found = re.search(r'<([^>]+)>; rel="deprecation"; type="text/html"', answer.headers["Link"])
            assert found
            guide = await client.get(found[1])
            assert (guide.status_code, guide.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
            assert f"From {version.name} to {version.successor}" in guide.text
            document = (await client.get(f"{version.prefix}/openapi.json")).json()
            assert f"({found[1]})" in document["info"]["description"]
            for place in ("/", "/docs"):
                assert f'href="{found[1]}"' in (await client.get(place)).text


@guided
@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("text/markdown", "text/markdown"),
        ("text/markdown, text/html;q=0.9", "text/markdown"),
        ("TEXT/MARKDOWN;Q=0.5,*/*;q=0.1", "text/markdown"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("text/html, text/markdown;q=0.9", "text/html"),
        ("text/markdown;q=0", "text/html"),
        ("text/markdown;q=soon", "text/html"),
        ("*/*", "text/html"),
        ("", "text/html"),
    ],
)
async def test_who_prefers_markdown_gets_it(test_app: TestApp, accept: str, media_type: str) -> None:
    async with test_app.client() as client:
        answer = await client.get(GUIDE, headers={"Accept": accept})
        assert answer.headers["Content-Type"] == f"{media_type}; charset=utf-8"
        assert answer.headers["Vary"] == "Accept"
        assert (answer.text == TEXT) == (media_type == "text/markdown")
        plain = await client.get(f"{GUIDE}.md", headers={"Accept": accept})
        assert (plain.headers["Content-Type"], plain.text) == ("text/markdown; charset=utf-8", TEXT)


@guided
async def test_it_is_cached_and_read_once(test_app: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    async with test_app.client() as client:
        first = await client.get(GUIDE)
        monkeypatch.setattr(Path, "read_text", None)
        for path, accept in ((GUIDE, "text/html"), (GUIDE, "text/markdown"), (f"{GUIDE}.md", "*/*")):
            answer = await client.get(path, headers={"Accept": accept})
            assert answer.headers["Cache-Control"] == "public, max-age=300"
            tag = answer.headers["ETag"]
            assert (tag == first.headers["ETag"]) == (accept == "text/html")
            again = await client.get(path, headers={"Accept": accept, "If-None-Match": f'"other", {tag}'})
            assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
            assert again.headers["Vary"] == "Accept"
            head = await client.head(path, headers={"Accept": accept})
            assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", tag)


@pytest.mark.parametrize("pair", ["v900-to-v901", "nonsense", f"{PAIR}.txt", f"..%2Fguides%2F{PAIR}"])
async def test_a_pair_that_is_none_is_not_found(test_app: TestApp, pair: str) -> None:
    async with test_app.client() as client:
        answer = await client.get(f"/docs/migrate/{pair}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "not_found"


@guided
async def test_the_page_runs_nothing_from_elsewhere_and_every_link_within_it_leads_somewhere(test_app: TestApp) -> None:
    async with test_app.client() as client:
        answer = await client.get(GUIDE)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    targets = set(re.findall(r'id="([^"]+)"', answer.text))
    links = set(re.findall(r'href="#([^"]+)"', answer.text))
    assert len(links) > 20
    assert links - targets == set()
    assert re.findall(r'(?:src|href)="(?!#|/docs)[^"]*"', answer.text) == []


def test_markup_in_a_text_is_text() -> None:
    code = '```python\nprint("<i>")\n```\n\n```text\n<i>\n```\n'
    shown = render(f'## <b>Bold</b> & "more"\n\n<script>1</script>\n\n{code}')
    assert "<b>" not in shown
    assert "<script>" not in shown
    assert 'id="bboldb--more"' in shown
    assert "<details><summary>Python</summary>" in shown
    assert shown.count("&lt;i&gt;") == 2
    assert shown.count('class="copy"') == 1


def test_the_place_is_where_versions_say_it_is() -> None:
    for version in VERSIONS:
        assert version.migration_guide is None or version.migration_guide.startswith(migration_guide.PLACE)
