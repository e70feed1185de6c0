"""Spans for statements that SQLAlchemy executes. ``app.kit.db.sessions`` records those of the fast read path."""

from typing import Any, Final

from sqlalchemy import Engine, event, make_url
from sqlalchemy.engine import ExceptionContext

from observability.tracing.recording import Attributes, client_span
from observability.tracing.sql import statement_span

_SPAN: Final = "strata_span"


def database_attributes(dsn: str) -> Attributes:
    """The attributes of the spans of statements that name their database; never its credentials."""
    url = make_url(dsn)
    socket = url.query.get("host")
    found = {"db.namespace": url.database, "server.address": url.host or (socket if isinstance(socket, str) else None)}
    attributes: dict[str, str | int] = {name: value for name, value in found.items() if value is not None}
    return attributes if url.port is None else {**attributes, "server.port": url.port}


def trace_statements(engine: Engine) -> None:
    """Record a span for every statement of ``engine``.

    ``opentelemetry-instrumentation-sqlalchemy`` does not support SQLAlchemy 2.1, costs 70 to 150 µs a statement and
    cannot record spans that are built after the request.
    """
    event.listen(engine, "before_cursor_execute", _before)
    event.listen(engine, "after_cursor_execute", _after)
    event.listen(engine, "handle_error", _failed)


def _before(_connection: Any, _cursor: Any, statement: str, _values: Any, context: Any, _many: bool) -> None:  # noqa: FBT001 - SQLAlchemy's signature
    span = client_span(*statement_span(statement))
    span.__enter__()
    setattr(context, _SPAN, span)


def _after(_connection: Any, _cursor: Any, _statement: str, _values: Any, context: Any, _many: bool) -> None:  # noqa: FBT001 - SQLAlchemy's signature
    getattr(context, _SPAN).__exit__(None, None, None)


def _failed(failure: ExceptionContext) -> None:
    span = getattr(failure.execution_context, _SPAN, None)
    if span is not None:
        error = failure.original_exception
        span.__exit__(type(error), error, None)
