"""The part of a migration guide that the usage of the signed-in user touches. It works without scripts."""

import asyncio
import html
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from app.auth.commands import PasswordSignIn
from app.errors import DomainError, NotFound, Unauthenticated
from app.http.auth import AuthComponent
from app.http.deps.auth import session_service
from app.http.errors.failures import Failure, classify
from app.http.errors.problems import problem, problem_response
from app.http.middleware.size_limits import BodyTimeout, BodyTooLarge
from app.http.page_cookie import resolve_visitor, set_page_cookie
from app.http.principal import has_credentials
from app.http.rate_limit.admission import admit, charge_address
from app.http.rate_limit.limits import QuotaExceeded, client_address
from app.http.runtime import runtime_of
from app.kit.clock import utc_now
from app.kit.wording import count_of
from app.migration_guides.reader import PersonalGuideReader
from app.migration_guides.sections import read_sections
from app.migration_guides.views import PersonalGuide, PersonalSection, Transition
from app.web.markdown import SCRIPT, STYLE
from app.web.pages import page
from versions.kit.version import ApiVersion

MINE: Final = "mine"
"""The query parameter that selects the personal guide."""
_PRIVATE: Final = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff", "Vary": "Accept"}
_COST: Final = 10
"""Units of the caller's quota: a page reads and merges a month of usage."""
_MOST_BYTES: Final = 4096
"""The size of the form of a sign-in."""
_SECONDS: Final = 10.0
_FRAGMENT: Final = re.compile(r'href="#([^"]+)"')
_STYLE: Final = """
.use{border-left:4px solid var(--accent);padding:.1rem .9rem;margin:1rem 0;background:#8881}
.use ul{margin:.3rem 0;padding-left:1.2rem}ol.toc{padding-left:1.4rem}code,.use{overflow-wrap:anywhere}
form label{display:block;margin:.6rem 0}form input{display:block;width:100%;max-width:22rem;box-sizing:border-box}
"""


async def show(request: Request, version: ApiVersion, texts: Mapping[str, str]) -> Response:
    """The guide of the caller, or the way to sign in. ``texts`` has the HTML of each section by its anchor."""
    try:
        guide = await _read(request, version)
    except (DomainError, QuotaExceeded) as error:
        return _rejected(request, version, classify(error))
    titles = {one.anchor: one.title for one in read_sections(guide.transition.pair)}
    body = "".join(_body(guide, version, titles, texts))
    return _page(f"Strata: from {version.name} to {version.successor}, for you", body)


async def sign_in(request: Request, version: ApiVersion, path: str) -> Response:
    """Start a session with the form of the page, and show the guide. The cookie is sent to pages below ``path``."""
    runtime, scope = runtime_of(request.scope), request.scope
    try:
        await charge_address(scope, 1)
        form = parse_qs((await _form(request)).decode("utf-8", "replace"))
        email, password = (form.get(name, [""])[0].replace("\0", "") for name in ("email", "password"))
        attempt = PasswordSignIn(
            email=email,
            password=password,
            address=client_address(scope),
            user_agent=request.headers.get("user-agent"),
        )
        async with runtime.database.write() as session:
            tokens = await (await session_service(session, runtime, request)).sign_in(attempt)
    except (DomainError, QuotaExceeded) as error:
        return _rejected(request, version, classify(error))
    response = RedirectResponse(f"{version.migration_guide}?{MINE}", HTTPStatus.SEE_OTHER, headers=_PRIVATE)
    set_page_cookie(request, response, runtime.get(AuthComponent).signer.verify(tokens.access_token), path)
    return response


async def _read(request: Request, version: ApiVersion) -> PersonalGuide:
    if version.successor is None or version.sunset_at is None:
        message = f"{version.name} has no sunset: nobody has to change yet."
        raise NotFound(message)
    if has_credentials(request.scope):
        await admit(request, _COST, authenticates=True)
    principal = await resolve_visitor(request)
    if principal.anonymous:
        raise Unauthenticated
    await admit(request, _COST, authenticates=True)
    transition = Transition(version.name, version.successor, version.sunset_at.date())
    reader = PersonalGuideReader(runtime_of(request.scope).database.reads)
    return await reader.own(principal, transition, utc_now().date())


async def _form(request: Request) -> bytes:
    """The body. Raises ``BodyTooLarge``, ``BodyTimeout``: no layer of a version limits this request."""
    body = b""
    try:
        async with asyncio.timeout(_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise BodyTooLarge
    except (TimeoutError, ClientDisconnect):
        raise BodyTimeout from None
    return body


def _rejected(request: Request, version: ApiVersion, failure: Failure) -> Response:
    """The failure as a page for browsers, with the form where a sign-in helps; problem details for programs."""
    if "text/html" not in request.headers.get("accept", ""):
        response = problem_response(request, failure)
        response.headers.update(_PRIVATE)
        return response
    problem(request, failure)  # records the failure in log and metrics, as a problem document does
    signs_in = failure.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}
    detail = "" if failure.code == Unauthenticated.code else f'<p role="alert">{html.escape(failure.detail)}</p>'
    title = f"From {version.name} to {version.successor}: what you use"
    body = f"{_links(version)}<h1>{title}</h1>{detail}{_form_of(version) if signs_in else ''}"
    response = _page(title, body, failure.status)
    response.headers.update(failure.headers)
    return response


def _form_of(version: ApiVersion) -> str:
    guide = f"{version.migration_guide}?{MINE}"
    return (
        f"<p>Sign in to see which sections of the guide your requests to {version.name} touch.</p>"
        f'<form method="post" action="{guide}">'
        '<label>E-mail address<input type="email" name="email" autocomplete="username" required></label>'
        '<label>Password<input type="password" name="password" autocomplete="current-password" required></label>'
        "<button>Sign in</button></form>"
        "<p>Without a password, as after a sign-in with a provider, send an API key with the scope "
        "<code>usage:read</code>, or an access token:</p>"
        f'<pre tabindex="0"><code>curl -H "Authorization: Bearer $KEY" "$STRATA{guide}" &gt; guide.html</code></pre>'
    )


def _body(
    guide: PersonalGuide, version: ApiVersion, titles: Mapping[str, str], texts: Mapping[str, str]
) -> Iterator[str]:
    old, new = version.name, version.successor
    yield f"{_links(version)}<h1>From {old} to {new}: what you use</h1>"
    yield f"<p>{old} ends on <strong>{guide.transition.ends_on:%-d %B %Y}</strong>. "
    shown = [one for one in guide.sections if one.anchor in texts and one.anchor in titles]
    if guide.last_seen is not None:
        yield f"Your account sent {count_of(guide.requests, 'request')} to {old} between {guide.since} and "
        yield f"{guide.until}, the last on {_day(guide.last_seen)}, with:</p><ul>"
        yield "".join(f"<li>{html.escape(key)}</li>" for key in guide.keys)
        yield "</ul>"
    else:
        yield f"No requests of your account to {old} are recorded between {guide.since} and {guide.until}.</p>"
    if shown:
        yield f"<p>{len(shown)} of {len(titles)} sections of the guide are about what you use:</p>"
        yield '<ol class="toc">'
        yield "".join(
            f'<li><a href="#{one.anchor}">{html.escape(titles[one.anchor])}</a>: {_traffic(one)}</li>' for one in shown
        )
        yield "</ol>"
    yield "<p>Requests without credentials, such as a sign-in, are not counted.</p>"
    anchors = {one.anchor for one in shown}
    for one in shown:
        yield f'<h2 id="{one.anchor}">{html.escape(titles[one.anchor])}</h2>{_use(one)}'
        yield _FRAGMENT.sub(lambda found: _link(found, anchors, version), texts[one.anchor])


def _use(section: PersonalSection) -> str:
    operations = "".join(
        f"<li><code>{html.escape(one.name)}</code>: {count_of(one.requests, 'request')}, "
        f"the last on {_day(one.last_seen)}{_elements(one.elements)}</li>"
        for one in section.operations
    )
    head = ""
    if section.last_seen is not None:
        keys = html.escape(", ".join(section.keys))
        head = f"<p>{count_of(section.requests, 'request')}, the last on {_day(section.last_seen)}, with {keys}</p>"
    events = ", ".join(f"<code>{html.escape(one)}</code>" for one in section.events)
    webhooks = f"<p>Your webhooks receive {events}.</p>" if events else ""
    return f'<div class="use">{head}<ul>{operations}</ul>{webhooks}</div>'


def _elements(names: tuple[str, ...]) -> str:
    return f" (you send {', '.join(f'<code>{html.escape(one)}</code>' for one in names)})" if names else ""


def _link(found: re.Match[str], anchors: set[str], version: ApiVersion) -> str:
    """A link to a section that this page lacks leads to the whole guide."""
    return found[0] if found[1] in anchors else f'href="{version.migration_guide}#{found[1]}"'


def _links(version: ApiVersion) -> str:
    return f'<p><a href="/docs">Documentation</a> · <a href="{version.migration_guide}">the whole guide</a></p>'


def _page(title: str, body: str, status: int = HTTPStatus.OK) -> Response:
    response = page(title, body, status, style=f"{STYLE}{_STYLE}", script=SCRIPT)
    response.headers.update(_PRIVATE)
    return response


def _traffic(section: PersonalSection) -> str:
    return count_of(section.requests, "request") if section.requests else "webhooks"


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"
