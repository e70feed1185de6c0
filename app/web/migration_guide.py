"""Serves the migration guides that `strata contract guide` writes, as a page or as Markdown, whole or for one user."""

from collections.abc import Mapping
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
from app.web import personal_guide
from app.web.markdown import SCRIPT, STYLE, anchor, render
from app.web.pages import page
from versions.kit.version import ApiVersion
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
    version = version_of(pair)
    if version is None:
        return problem_response(request, classify(NotFound("There is no such migration guide.")))
    if personal_guide.MINE in request.query_params:
        return await personal_guide.show(request, version, await run_in_threadpool(rendered_sections, pair))
    text, html, digest = await run_in_threadpool(_read, pair)
    if asked != pair or _prefers_markdown(request.headers.get("accept", "")):
        return tagged(request, Response(text, headers=_CACHE, media_type=_MARKDOWN), f'"{digest}-md"')
    response = page(_title(pair), html, style=STYLE, script=SCRIPT)
    response.headers.update(_CACHE)
    return tagged(request, response, f'"{digest}"')


async def sign_in(request: Request) -> Response:
    """Sign in to the personal guide, and return to it."""
    version = version_of(request.path_params["pair"])
    if version is None:
        return problem_response(request, classify(NotFound("There is no such migration guide.")))
    return await personal_guide.sign_in(request, version, PLACE)


def version_of(pair: str) -> ApiVersion | None:
    """The version from which a guide leads; None if there is no such guide."""
    return next((one for one in VERSIONS if one.migration_guide == f"{PLACE}{pair}"), None)


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
    links = f'<a href="/docs">Documentation</a> · <a href="{PLACE}{pair}{_SUFFIX}">as Markdown</a>'
    version = version_of(pair)
    if version is not None and version.sunset_at is not None:
        links += f' · <a href="{PLACE}{pair}?{personal_guide.MINE}">only what you use</a>'
    html = f"<p>{links}</p>{render(text)}"
    return text, html, digest_of(f"{text}{html}{STYLE}{SCRIPT}".encode())


@cache
def rendered_sections(pair: str) -> Mapping[str, str]:
    """The HTML of each section of a guide by its anchor, without the heading."""
    _, *sections = _read(pair)[0].split("\n## ")
    parts = [one.partition("\n") for one in sections]
    return {anchor(title): render(text) for title, _, text in parts}


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
