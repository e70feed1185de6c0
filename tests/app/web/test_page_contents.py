"""What the unversioned pages and documents show: text, links and header fields, each declared here."""

import html
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import httpx2
import pytest

from app.http.page_policy import hash_source, page_headers
from app.lifecycle.schedule import Schedule
from app.lifecycle.version import VersionStatus, Window
from app.web import migration_guide, routes
from app.web.markdown import SCRIPT, STYLE, render
from app.web.pages import PUBLIC, page, version_card
from tests.support.app import TestApp
from tests.support.registries import CURRENT, DEPRECATED, OLD
from versions.kit.tombstones import Tombstone
from versions.kit.version import ApiVersion
from versions.registry import VERSIONS


def shown(text: str) -> str:
    """The text of a page's body, with the target of each link in brackets."""
    body = re.search(r"<body>(.*?)(?:<script>.*</script>)?</body>", text, re.DOTALL)
    found = re.sub(r"<button[^>]*>(.*?)</button>", r" (\1) ", body[1] if body else text)
    found = re.sub(r'<a href="([^"]*)">(.*?)</a>', r" \2[\1] ", found)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", found)).split())


def card_of(version: ApiVersion) -> str:
    """The text of the card of a version."""
    name = version.name
    end = move = ""
    if version.deprecated_at is not None:
        end = f"· deprecated since {version.deprecated_at:%d %B %Y} · ends on {version.sunset_at:%d %B %Y} "
        move = f" Move to {version.successor}[{version.migration_guide}]"
    return (
        f"{name} {version.status} Released {version.released:%d %B %Y} {end}Try it[/api/{name}/docs] "
        f"Read it[/api/{name}/redoc] OpenAPI[/api/{name}/openapi.json]{move}"
    )


OLDEST_FIRST: Final = " ".join(map(card_of, VERSIONS))
ENDED: Final = shown(routes.ended_versions())
NEWEST_FIRST: Final = " ".join(map(card_of, VERSIONS[::-1]))
POLICY: Final = (
    "Version policy Within a version nothing that a client may rely on is taken away. A version that has a successor "
    "is deprecated, which every one of its responses says ( Deprecation , RFC 9745), and ends no earlier than its "
    "Sunset date (RFC 8594), which is never moved to an earlier day. Before its end a version may rehearse it: in "
    "brownouts of a day at most, announced here and at /api[/api] , it answers 410 with Retry-After . The owner of an "
    "API key can have that key refused by deprecated versions earlier, to see what still depends on them."
)
NAVIGATION: Final = (
    "Documentation[/docs] Versions as JSON[/api] Version policy[/policies/versions] Health[/health/ready]"
)
NEW = CURRENT
NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("path", "title", "expected"),
    [
        (
            "/",
            "Strata",
            f"Strata One API in layers: every version over one core. {NEWEST_FIRST} {NAVIGATION}",
        ),
        ("/docs", "Documentation", f"Documentation Choose a version. {NEWEST_FIRST}"),
        (
            "/policies/versions",
            "Version policy",
            f"{POLICY} {OLDEST_FIRST} {ENDED}".rstrip(),
        ),
        ("/problems/not_found", "not_found", "not_found There is nothing here."),
        ("/verify", "Verify my address", "Verify my address (Verify my address)"),
        ("/reset-password", "Set my password", "Set my password (Set my password)"),
    ],
)
async def test_a_page(test_app: TestApp, path: str, title: str, expected: str) -> None:
    async with test_app.client() as client:
        response = await client.get(path)
    assert shown(response.text) == expected
    assert f"<title>{title}</title>" in response.text
    assert response.headers["cache-control"] == "public, max-age=5" == PUBLIC


@pytest.mark.parametrize(
    ("path", "operation", "done", "field"),
    [
        ("/verify", "/api/v2/auth/verifications", "Your address is verified.", ""),
        (
            "/reset-password",
            "/api/v2/auth/password-resets/confirm",
            "Your password is set.",
            '<input type="password" name="password" minlength="8" maxlength="100" required aria-label="New password"> ',
        ),
    ],
)
async def test_a_page_to_which_mails_link(test_app: TestApp, path: str, operation: str, done: str, field: str) -> None:
    async with test_app.client() as client:
        response = await client.get(path)
    assert f"fetch('{operation}',{{method:'POST'" in response.text
    assert f"out.textContent=answer.ok?'{done}':" in response.text
    assert f"<form>{field}<button>" in response.text
    assert '<p><output role="status"></output></p>' in response.text
    (script,) = re.findall(r"<script>(.*?)</script>", response.text, re.DOTALL)
    assert f"script-src {hash_source(script)}" in response.headers["content-security-policy"]


def test_the_frame_of_a_page() -> None:
    plain = page("<T>", "<p>body</p>", 418, style="b{}")
    text = bytes(plain.body).decode()
    assert plain.status_code == 418
    assert text.startswith('<!doctype html><html lang="en"><head><meta charset="utf-8"><title>&lt;T&gt;</title>')
    assert '<meta name="viewport" content="width=device-width,initial-scale=1"><style>\n:root{' in text
    assert text.endswith("</style></head><body><p>body</p></body></html>")
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style.endswith("b{}")
    expected = page_headers(styles=(hash_source(style),))
    assert "script-src" not in expected["Content-Security-Policy"]
    assert {name: plain.headers[name] for name in expected} == expected
    scripted = page("T", "", script="run()")
    assert bytes(scripted.body).decode().endswith("<body><script>run()</script></body></html>")
    assert scripted.status_code == 200


def _ended(**changes: Any) -> str:
    return shown(version_card(replace(OLD, **changes), Schedule()))


def test_the_card_of_a_version_that_ends() -> None:
    past = Window(NOW - timedelta(days=3), NOW - timedelta(days=2))
    first = Window(datetime(2190, 3, 1, 8, tzinfo=UTC), datetime(2190, 3, 1, 20, 30, tzinfo=UTC))
    second = Window(datetime(2190, 4, 1, 8, tzinfo=UTC), datetime(2190, 4, 2, 8, tzinfo=UTC))
    card = version_card(replace(OLD, brownouts=(past, first, second)), Schedule())
    rehearsal = (
        "<ul><li>01 March 2190, 08:00 to 01 March 2190, 20:30 UTC</li>"
        "<li>01 April 2190, 08:00 to 02 April 2190, 08:00 UTC</li></ul>"
    )
    assert f"<p>Does not answer, to rehearse its end:</p>{rehearsal}" in card
    assert card.startswith('<section class="layer old"><h2>v901<span class="tag">brownout</span>')
    assert "Does not answer" not in version_card(replace(OLD, brownouts=(past,)), Schedule())
    retired = replace(
        OLD, brownouts=(first,), status=VersionStatus.RETIRED, retired_at=datetime(2028, 1, 2, tzinfo=UTC)
    )
    text = shown(version_card(retired, Schedule()))
    assert "· deprecated since 01 June 2026 · ended on 02 January 2028 Try it" in text
    assert version_card(NEW, Schedule()).startswith('<section class="layer"><h2>v2<span class="tag">current</span>')
    assert "Move to" not in shown(version_card(NEW, Schedule()))


def test_versions_that_were_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    removed = Tombstone(
        name="v801",
        status=VersionStatus.RETIRED,
        released=date(2020, 1, 1),
        retired_at=datetime(2023, 1, 2, tzinfo=UTC),
        successor="v901",
        removed=date(2023, 6, 1),
        guide="old",
    )
    for found, expected in (
        (
            (removed,),
            "Ended versions version ended use instead v801 02 January 2023 v901 Migration guide[/docs/migrate/old]",
        ),
        ((), ""),
    ):
        monkeypatch.setattr(routes, "read_tombstones", lambda found=found: found)
        assert shown(routes.ended_versions.__wrapped__()) == expected


async def test_an_archived_guide(test_app: TestApp, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration_guide, "_ARCHIVE", tmp_path)
    (tmp_path / "v8-to-v9.html").write_text(migration_guide.archived_page("# Từ v8\n", "Not run."), encoding="utf-8")
    (tmp_path / "v9-to-v10.md").write_text("no page")
    migration_guide.archived_guides.cache_clear()
    try:
        assert migration_guide.archived_guides() == {"v8-to-v9"}
        async with test_app.client() as client:
            found = await client.get("/docs/migrate/v8-to-v9")
            again = await client.get("/docs/migrate/v8-to-v9", headers={"If-None-Match": found.headers["etag"]})
            missing = await client.get("/docs/migrate/v9-to-v10")
    finally:
        migration_guide.archived_guides.cache_clear()
    assert shown(found.text) == "Documentation[/docs] Not run. Từ v8"
    _is_guide(found, "Strata: from v8 to v9")
    assert (again.status_code, again.headers["vary"]) == (304, "Accept")
    assert (missing.status_code, missing.json()["detail"]) == (404, "There is no such migration guide.")


def _is_guide(response: httpx2.Response, title: str) -> None:
    assert f"<title>{title}</title>" in response.text
    assert STYLE in response.text
    assert f"<script>{SCRIPT}</script>" in response.text
    assert response.headers["cache-control"] == "public, max-age=300"
    assert response.headers["vary"] == "Accept"
    assert hash_source(SCRIPT) in response.headers["content-security-policy"]


@pytest.mark.parametrize("version", DEPRECATED, ids=lambda version: version.name)
async def test_a_guide_as_a_page(test_app: TestApp, version: ApiVersion) -> None:
    async with test_app.client() as client:
        found = await client.get(str(version.migration_guide))
    _is_guide(found, f"Strata: from {version.name} to {version.successor}")
    assert shown(found.text).startswith(f"Documentation[/docs] · as Markdown[{version.migration_guide}.md] ")


def test_the_html_of_a_text() -> None:
    text = (
        "# Title\n\n## The `id` & Co\n\n- one\n\n---\n\n| a |\n|---|\n| b |\n\n"
        "```bash\ncurl <x>\n```\n\n```text\nHTTP\n```\n\n"
        "```python\nget()\n```\n\n```json\n{}\n```\n\n```http\nHTTP/1.1 200\n```\n\n```text\nlog\n```\n\nend\n\n---\n"
    )
    copy = '<button class="copy" type="button">Copy</button>'
    heading = '<h2 id="the-id--co">The <code>id</code> &amp; Co'
    assert render(text) == (
        f"<h1>Title</h1>\n{heading} "
        '<a class="anchor" href="#the-id--co" aria-label="Link to this section">#</a></h2>\n'
        "<ul>\n<li>one</li>\n</ul>\n<hr />\n"
        '<div class="wide" tabindex="0"><table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n'
        "<tbody>\n<tr>\n<td>b</td>\n</tr>\n</tbody>\n</table></div>\n"
        "<details><summary>curl</summary>"
        f'<div class="code"><pre tabindex="0"><code>curl &lt;x&gt;\n</code></pre>{copy}</div>'
        '<div class="code"><pre class="output" tabindex="0"><code>HTTP\n</code></pre></div></details>'
        f'<div class="code"><pre tabindex="0"><code>get()\n</code></pre>{copy}</div>'
        f'<div class="code"><pre tabindex="0"><code>{{}}\n</code></pre>{copy}</div>'
        '<div class="code"><pre class="output" tabindex="0"><code>HTTP/1.1 200\n</code></pre></div>'
        '<div class="code"><pre class="output" tabindex="0"><code>log\n</code></pre></div>'
        "<p>end</p>\n<hr />\n"
    )
