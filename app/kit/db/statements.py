"""Core statements compiled once and run straight on the driver: the fast read path.

SQLAlchemy's asynchronous execution costs about 300 microseconds a statement over asyncpg, a compiled string none
of it. A ``Read`` keeps SQLAlchemy's way of writing a query and its bind types; what runs is the driver.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ARRAY, ColumnElement, Select, bindparam, func
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler

from observability.tracing.sql import statement_span

KEYS: Final = "keys"
"""The parameter of a ``KeyedRead``."""
_DIALECT: Final = PGDialect_asyncpg()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped


class Read:
    """One ``SELECT``, ready to run. Build it at import or behind a cache, never per request.

    Raises:
        TypeError: the statement has an expanding parameter (``IN``); use ``= ANY(:array)`` instead.
    """

    __slots__ = ("_binders", "_defaults", "span", "sql")

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        if not isinstance(compiled, SQLCompiler) or compiled.post_compile_params:
            message = "a fast read cannot hold an expanding parameter"
            raise TypeError(message)
        names: Sequence[str] = compiled.positiontup or ()
        # The compiler keeps these privately; there is no public way to ask for one parameter's processor.
        processors: Mapping[str, Any] = compiled._bind_processors  # noqa: SLF001 - see above
        self._defaults = dict(compiled.params)
        self._binders = tuple((name, processors.get(name)) for name in names)
        self.sql = compiled.string
        self.span = statement_span(self.sql)
        """Name and attributes in a trace."""

    def arguments(self, given: dict[str, Any]) -> list[Any]:
        """The values in the driver's order, ``given`` over those fixed in the statement."""
        values = {**self._defaults, **given} if given else self._defaults
        return [values[name] if bind is None else bind(values[name]) for name, bind in self._binders]


class KeyedRead(Read):
    """A ``SELECT`` of at most one row for each key, for any number of keys at once.

    ``key``: the column that is compared, unique in the result. ``name``: what it is called there, its own by default.
    """

    __slots__ = ("key",)

    def __init__(
        self,
        statement: Select[*tuple[Any, ...]],
        key: ColumnElement[Any] | InstrumentedAttribute[Any],
        name: str | None = None,
    ) -> None:
        super().__init__(statement.where(key == func.any(bindparam(KEYS, type_=ARRAY(key.type)))))
        self.key = name or key.key or ""
