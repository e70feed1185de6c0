"""Serves the migration guides that `strata contract guide` writes, as a page or as Markdown."""

from functools import cache
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.errors import NotFound
from app.http.conditional import digest_of, tagged
from app.http.errors.failures import classify
from app.http.errors.problems import problem_response
from app.web.markdown import SCRIPT, STYLE, render
from app.web.pages import page
from versions.registry import VERSIONS

PLACE: Final = "/docs/migrate/"
_FOLDER: Final = Path(__file__).with_name("guides")
_ARCHIVE: Final = _FOLDER / "archived"
"""Guides of removed versions, as HTML: their examples are not run any more."""
_MARKDOWN: Final = "text/markdown"
_SUFFIX: Final = ".md"
# A guide changes with a release only, and its entity tag makes revalidation cheap.
_CACHE: Final = {"Cache-Control": "public, max-age=300", "Vary": "Accept"}


async def migration_guide(request: Request) -> Response:
    """A guide as HTML, or as Markdown when ``Accept`` prefers it or the path ends in ``.md``."""
    asked: str = request.path_params["pair"]
    pair = asked.removesuffix(_SUFFIX)
    if pair in archived_guides():
        return await _archived_guide(request, pair)
    if f"{PLACE}{pair}" not in {version.migration_guide for version in VERSIONS}:
        return problem_response(request, classify(NotFound("There is no such migration guide.")))
    text, html, digest = await run_in_threadpool(_read, pair)
    if asked != pair or _prefers_markdown(request.headers.get("accept", "")):
        return tagged(request, Response(text, headers=_CACHE, media_type=_MARKDOWN), f'"{digest}-md"')
    response = page(_title(pair), html, style=STYLE, script=SCRIPT)
    response.headers.update(_CACHE)
    return tagged(request, response, f'"{digest}"')


@cache
def archived_guides() -> frozenset[str]:
    """The names of the guides of removed versions."""
    return frozenset(path.stem for path in _ARCHIVE.glob("*.html"))


async def _archived_guide(request: Request, pair: str) -> Response:
    html = await run_in_threadpool((_ARCHIVE / f"{pair}.html").read_text, encoding="utf-8")
    response = page(_title(pair), html, style=STYLE, script=SCRIPT)
    response.headers.update(_CACHE)
    return tagged(request, response, f'"{digest_of(html.encode())}"')


def archived_page(text: str, note: str) -> str:
    """The body of an archived guide, from its Markdown and a note (HTML) on top of it."""
    return f'<p><a href="/docs">Documentation</a></p><p><strong>{note}</strong></p>{render(text)}\n'


def _title(pair: str) -> str:
    return f"Strata: from {pair.replace('-to-', ' to ')}"


@cache
def _read(pair: str) -> tuple[str, str, str]:
    """The Markdown of a guide, the body of its page, and a digest: read and rendered at the first request for it."""
    text = (_FOLDER / f"{pair}{_SUFFIX}").read_text(encoding="utf-8")
    markdown = f'<p><a href="/docs">Documentation</a> · <a href="{PLACE}{pair}{_SUFFIX}">as Markdown</a></p>'
    html = f"{markdown}{render(text)}"
    return text, html, digest_of(f"{text}{html}{STYLE}{SCRIPT}".encode())


def _prefers_markdown(accept: str) -> bool:
    """Whether ``Accept`` (RFC 9110, section 12.5.1) names Markdown with at least the weight of HTML."""
    weights = {"text/html": 0.0, _MARKDOWN: 0.0}
    for item in accept.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        if name in weights:
            weights[name] = max((_weight(one) for one in parameters if one.startswith("q=")), default=1.0)
    return weights[_MARKDOWN] > 0 and weights[_MARKDOWN] >= weights["text/html"]


def _weight(parameter: str) -> float:
    try:
        return float(parameter.removeprefix("q="))
    except ValueError:
        return 0.0
