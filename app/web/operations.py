"""The application for operators on a port of its own: it resolves the uid of a consumer to a name."""

import asyncio
import html
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import orjson
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.access.queries import ConsumerQueries
from app.access.views import ConsumerView
from app.errors import DomainError
from app.http.errors.failures import Failure, classify
from app.http.errors.problems import MEDIA_TYPE
from app.kit.clock import rfc3339, rfc3339_or_none
from app.kit.db.database import Database
from app.kit.reason_phrases import REASON_PHRASES
from app.settings.database import DatabaseSettings
from app.web.pages import page
from observability.bearer import has_token
from versions.kit import typeid

_LOG: Final = structlog.get_logger()
_SECONDS: Final = 2.0
"""The limits of connecting and of a statement; ``_DEADLINE`` is that of the response, retries included."""
_DEADLINE: Final = 5.0
_CONNECTIONS: Final = 2
_SUMS: Final = {
    "anonymous": "'anonymous' is the sum of all requests without valid credentials, so it has no name.",
    "other": "'other' is the sum of the consumers without a series of their own, so it has no name.",
}
_PRIVATE: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Vary": "Accept"}
_UNAUTHORIZED: Final = "The request must present the token of STRATA_OPERATIONS__TOKEN as a bearer token."
_UNKNOWN: Final = "There is no API key and no user with this uid, or the user was deleted."


def operations_app(dsn: str, settings: DatabaseSettings, token: str) -> Starlette:
    """The application with ``/consumers/{uid}``, for requests that present ``token``."""
    limited = settings.model_copy(
        update={"read_pool_size": _CONNECTIONS, "connect_timeout": _SECONDS, "statement_timeout": _SECONDS}
    )
    pages = _ConsumerPages(dsn, limited, token)
    return Starlette(routes=[Route("/consumers/{consumer}", pages.consumer)], lifespan=pages.lifespan)


class _ConsumerPages:
    """Resolves consumers with a database that is open during ``lifespan``."""

    def __init__(self, dsn: str, settings: DatabaseSettings, token: str) -> None:
        self._dsn = dsn
        self._settings = settings
        self._token = token
        self._consumers: ConsumerQueries | None = None

    @asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        database = await Database.open(self._dsn, self._settings)
        self._consumers = ConsumerQueries(database.reads)
        try:
            yield
        finally:
            await database.close()

    async def consumer(self, request: Request) -> Response:
        """The consumer with the uid in the path."""
        if not has_token(request.headers, self._token):
            headers = {"WWW-Authenticate": 'Bearer realm="operations"'}
            return _failure(request, Failure(401, "unauthorized", _UNAUTHORIZED, headers=headers))
        consumer: str = request.path_params["consumer"]
        try:
            found = await self._find(consumer)
        except (DomainError, TimeoutError) as error:
            failure = classify(error)
            _LOG.warning("consumer_lookup_failed", reason=failure.code)
            return _failure(request, failure)
        if found is None:
            return _failure(request, Failure(404, "not_found", _SUMS.get(consumer, _UNKNOWN)))
        # The line records which uid was resolved. It contains no name.
        _LOG.info("consumer_looked_up", consumer=consumer)
        document = _document(found)
        return _page("Consumer", _table(document)) if _wants_page(request) else _json(document)

    async def _find(self, consumer: str) -> ConsumerView | None:
        if self._consumers is None:
            message = "the application has no lifespan"
            raise RuntimeError(message)
        async with asyncio.timeout(_DEADLINE):
            return (await self._consumers.find([consumer])).get(consumer)


def _document(consumer: ConsumerView) -> dict[str, Any]:
    """The members of the JSON response and the rows of the page.

    ``strata keys`` and ``strata users`` accept both ids, so the e-mail address is not needed.
    """
    key = consumer.key
    return {
        "consumer": str(consumer.uid),
        "key": None
        if key is None
        else {
            "id": typeid.encode("key", consumer.uid),
            "name": key.name,
            "hint": key.hint,
            "plan": key.plan,
            "created_at": rfc3339(key.created_at),
            "expires_at": rfc3339_or_none(key.expires_at),
            "revoked_at": rfc3339_or_none(key.revoked_at),
            "last_used_at": rfc3339_or_none(key.last_used_at),
        },
        "user": {"id": str(consumer.user_id), "name": consumer.display_name, "active": consumer.is_active},
    }


def _table(document: dict[str, Any]) -> str:
    rows = {f"{name} {field}": value for name in ("key", "user") for field, value in (document[name] or {}).items()}
    cells = "".join(
        f"<tr><th>{html.escape(name.replace('_', ' '))}</th><td>{html.escape(_text(value))}</td></tr>"
        for name, value in rows.items()
    )
    return f"<p><code>{html.escape(document['consumer'])}</code></p><table>{cells}</table>"


def _text(value: object) -> str:
    if value is None:
        return "never"
    return value if isinstance(value, str) else ("yes" if value else "no")


def _wants_page(request: Request) -> bool:
    """Whether a browser sent the request; programs get JSON."""
    return "text/html" in request.headers.get("accept", "")


def _failure(request: Request, failure: Failure) -> Response:
    if _wants_page(request):
        response = _page(REASON_PHRASES[failure.status], f"<p>{html.escape(failure.detail)}</p>", failure.status)
    else:
        members = {"title": REASON_PHRASES[failure.status], "status": failure.status, "detail": failure.detail}
        response = _json({**members, "code": failure.code}, failure.status, MEDIA_TYPE)
    response.headers.update(failure.headers)
    return response


def _page(title: str, body: str, status: int = 200) -> Response:
    response = page(title, f"<h1>{html.escape(title)}</h1>{body}", status)
    response.headers.update(_PRIVATE)
    return response


def _json(document: dict[str, Any], status: int = 200, media_type: str = "application/json") -> Response:
    return Response(orjson.dumps(document), status, headers=_PRIVATE, media_type=media_type)
