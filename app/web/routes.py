"""The unversioned routes."""

import html
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import cache
from http import HTTPStatus
from typing import Final

import orjson
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.errors import PROBLEM_TYPES, DomainError, NotFound
from app.http.auth import AuthComponent
from app.http.errors.failures import classify
from app.http.errors.problems import TYPE_BASE, problem_response
from app.http.lifecycle import LifecycleComponent
from app.http.rate_limit.limits import RateLimits
from app.http.runtime import runtime_of
from app.kit.discovery import modules
from app.lifecycle.schedule import Schedule
from app.settings.auth import JWKS_MAX_AGE
from app.settings.http import HttpSettings
from app.settings.metrics import MetricsSettings
from app.settings.root import Settings
from app.web import discovery, migration_guide
from app.web.pages import PUBLIC, page, token_page, version_card
from observability.metrics.exposition import Exposition
from observability.metrics.metrics import Metrics
from versions.kit.application import path_of_operation
from versions.kit.docs import documentation_assets
from versions.kit.lifecycle_headers import lifecycle_headers
from versions.kit.tombstones import read_tombstones
from versions.kit.version import ApiVersion
from versions.registry import VERSIONS

_LINKSET: Final = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'


def add_unversioned_routes(
    app: Starlette, settings: Settings, metrics: Metrics, applications: Mapping[ApiVersion, FastAPI]
) -> None:
    """Add every route that belongs to no version. Pages send their forms to an operation of one of ``applications``."""
    # Errors that no route raises are explained, too.
    modules("app", "errors")
    base_url = settings[HttpSettings].base_url

    async def catalog(_request: Request) -> Response:
        link = '</.well-known/api-catalog>; rel="api-catalog"'
        headers = {"Link": link, "Content-Type": _LINKSET, "Cache-Control": PUBLIC}
        return Response(orjson.dumps(discovery.api_catalog(base_url)), headers=headers)

    async def security(_request: Request) -> Response:
        return Response(discovery.security_txt(base_url), media_type="text/plain", headers={"Cache-Control": PUBLIC})

    if settings[MetricsSettings].port is None:
        token = settings[MetricsSettings].token
        exposition = Exposition(metrics.registry, None if token is None else token.get_secret_value())
        app.router.routes.append(Route("/metrics", exposition))
    app.router.routes.extend(
        [
            Route("/", home),
            Route("/docs", choose_version),
            Route(f"{migration_guide.PLACE}{{pair}}", migration_guide.migration_guide),
            Route(f"{migration_guide.PLACE}{{pair}}", migration_guide.sign_in, methods=["POST"]),
            Route("/policies/versions", version_policy),
            Route(f"{TYPE_BASE}{{code}}", problem_page),
            Route("/api", api_versions),
            Route("/health", health),
            Route("/health/ready", ready),
            Route("/.well-known/api-catalog", catalog),
            Route("/.well-known/security.txt", security),
            Route("/.well-known/jwks.json", jwks),
            *documentation_assets(),
            *(Route(version.prefix, _entry(version)) for version in VERSIONS),
            *_token_pages(applications),
        ]
    )


async def home(request: Request) -> Response:
    """The home page: every version, with links."""
    cards = _cards(request, newest_first=True)
    links = (
        '<nav><a href="/docs">Documentation</a><a href="/api">Versions as JSON</a>'
        '<a href="/policies/versions">Version policy</a><a href="/health/ready">Health</a></nav>'
    )
    return page("Strata", f"<h1>Strata</h1><p>One API in layers: every version over one core.</p>{cards}{links}")


async def choose_version(request: Request) -> Response:
    """The page that links to the documentation of each version."""
    cards = _cards(request, newest_first=True)
    return page("Documentation", f"<h1>Documentation</h1><p>Choose a version.</p>{cards}")


async def version_policy(request: Request) -> Response:
    """The version policy: what clients can rely on."""
    text = (
        "<h1>Version policy</h1><p>Within a version nothing that a client may rely on is taken away. A version that "
        "has a successor is deprecated, which every one of its responses says (<code>Deprecation</code>, RFC 9745), "
        "and ends no earlier than its <code>Sunset</code> date (RFC 8594), which is never moved to an earlier day.</p>"
        "<p>Before its end a version may rehearse it: in brownouts of a day at most, announced here and at "
        '<a href="/api">/api</a>, it answers 410 with <code>Retry-After</code>. The owner of an API key can have '
        "that key refused by deprecated versions earlier, to see what still depends on them.</p>"
    )
    return page("Version policy", text + _cards(request) + ended_versions())


@cache
def ended_versions() -> str:
    """The versions that were removed, with the guides that lead from them."""
    rows = "".join(
        f"<tr><td>{one.name}</td><td>{one.retired_at:%d %B %Y}</td><td>{one.successor}</td>"
        f'<td><a href="{one.migration_guide}">Migration guide</a></td></tr>'
        for one in read_tombstones()
    )
    head = "<tr><th>version</th><th>ended</th><th>use instead</th><th></th></tr>"
    return f"<h2>Ended versions</h2><table>{head}{rows}</table>" if rows else ""


def _cards(request: Request, *, newest_first: bool = False) -> str:
    schedule = _schedule(request)
    return "".join(version_card(version, schedule) for version in (reversed(VERSIONS) if newest_first else VERSIONS))


def _schedule(request: Request) -> Schedule:
    return runtime_of(request.scope).get(LifecycleComponent).schedule


async def problem_page(request: Request) -> Response:
    """The explanation of a problem type."""
    code = request.path_params["code"]
    known = PROBLEM_TYPES.get(code)
    if known is None:
        return problem_response(request, classify(NotFound("There is no such kind of problem.")))
    return page(code, f"<h1><code>{html.escape(code)}</code></h1><p>{html.escape(known)}</p>")


def _token_pages(applications: Mapping[ApiVersion, FastAPI]) -> Iterator[Route]:
    """The pages to which mails link. Each posts to the newest stable version that has its operation."""
    field = '<input type="password" name="password" minlength="8" maxlength="100" required aria-label="New password"> '
    for place, operation, title, fields, done in (
        ("/verify", "verifications.create", "Verify my address", "", "Your address is verified."),
        ("/reset-password", "password_resets.confirm", "Set my password", field, "Your password is set."),
        (
            *("/confirm-identity", "identity_confirmations.create", "Allow this sign-in", ""),
            "You can sign in with the provider now.",
        ),
    ):
        path = path_of_operation(applications, operation)
        if path is not None:
            yield Route(place, _constant(token_page(title, path, fields, done)))


def _constant(response: Response) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_request: Request) -> Response:
        return response

    return endpoint


async def api_versions(request: Request) -> Response:
    """The versions as JSON."""
    return _public(discovery.versions_document(_schedule(request)))


def _entry(version: ApiVersion) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of a version's bare prefix, which its mount does not match."""

    async def entry(request: Request) -> Response:
        response = _public(discovery.version_document(version, _schedule(request)))
        response.headers.update(lifecycle_headers(version))
        return response

    return entry


async def health(_request: Request) -> Response:
    """200 while the process runs."""
    return _json({"status": "ok"})


async def ready(request: Request) -> Response:
    """The state of each dependency: 503 without the database, 200 without Redis, which is not required."""
    runtime = runtime_of(request.scope)
    shared = await runtime.get(RateLimits).redis_answers()
    redis = {} if shared is None else {"redis": "ok" if shared else "degraded"}
    try:
        await runtime.database.ping()
    except DomainError:
        return _json({"status": "unavailable", "dependencies": {"database": "unavailable", **redis}}, 503)
    return _json({"status": "degraded" if shared is False else "ok", "dependencies": {"database": "ok", **redis}})


async def jwks(request: Request) -> Response:
    """The public keys that verify tokens (JWKS); 404 while tokens are signed with a shared secret."""
    keys = runtime_of(request.scope).get(AuthComponent).signer.public_keys()
    if keys is None:
        return problem_response(request, classify(NotFound("Tokens are signed with a shared secret.")))
    return Response(
        orjson.dumps(keys),
        media_type="application/json",
        headers={"Cache-Control": f"public, max-age={JWKS_MAX_AGE}"},
    )


def _json(body: object, status: int = HTTPStatus.OK) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


def _public(body: object) -> Response:
    return Response(orjson.dumps(body), media_type="application/json", headers={"Cache-Control": PUBLIC})
