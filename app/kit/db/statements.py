"""SQLAlchemy Core statements that are compiled once and executed on the driver.

SQLAlchemy's asynchronous execution adds about 300 microseconds to each statement over asyncpg. A statement is written
and typed with SQLAlchemy, and its compiled string is executed by asyncpg.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ARRAY, ClauseElement, ColumnElement, Select, bindparam, func
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase

from observability.tracing.sql import statement_span

KEYS: Final = "keys"
"""The parameter of a ``KeyedRead`` and of a ``KeyedCount``."""
NUMBERS: Final = "numbers"
"""The parameter of a ``KeyedCount`` with how often each key is counted."""
_DIALECT: Final = PGDialect_asyncpg()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped


class CompiledStatement:
    """A compiled statement. Build it at import or behind a cache, not for each request.

    Raises:
        TypeError: the statement has an expanding parameter (``IN``); use ``= ANY(:array)`` instead.
    """

    __slots__ = ("_binders", "_defaults", "span", "sql")

    def __init__(self, statement: ClauseElement) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        if not isinstance(compiled, SQLCompiler) or compiled.post_compile_params:
            message = "A compiled statement must not have an expanding parameter (IN): use = ANY(:array)"
            raise TypeError(message)
        names: Sequence[str] = compiled.positiontup or ()
        # Private in the compiler; SQLAlchemy has no public access to the processor of one parameter.
        processors: Mapping[str, Any] = compiled._bind_processors  # noqa: SLF001 - see above
        self._defaults = {name: value for name, value in compiled.params.items() if not compiled.binds[name].required}
        self._binders = tuple((name, processors.get(name)) for name in names)
        self.sql = compiled.string
        self.span = statement_span(self.sql)
        """The name and the attributes of its span."""

    def arguments(self, given: dict[str, Any]) -> list[Any]:
        """The values in the order of the driver; ``given`` overrides the values in the statement.

        Raises ``KeyError`` for a parameter without a value: ``LIMIT NULL`` would read every row.
        """
        values = {**self._defaults, **given} if given else self._defaults
        return [values[name] if bind is None else bind(values[name]) for name, bind in self._binders]


class Read(CompiledStatement):
    """A compiled ``SELECT``."""

    __slots__ = ()

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        super().__init__(statement)


class Write(CompiledStatement):
    """A compiled ``INSERT``, ``UPDATE`` or ``DELETE`` with ``RETURNING``, or a ``SELECT`` of a function that writes.

    A function may return the reason why it wrote nothing. ``done`` is an SQL condition on its row: whether it wrote.
    """

    __slots__ = ("done",)

    def __init__(self, statement: UpdateBase | Select[*tuple[Any, ...]], done: str = "") -> None:
        super().__init__(statement)
        self.done = done


class KeyedRead(Read):
    """A ``SELECT`` of at most one row for each key, for any number of keys at once.

    ``key`` is the compared column, unique in the result, and ``name`` its label there, if it has one. ``span_name`` is
    the name of its span, where the table of the statement would not say what it is for.
    """

    __slots__ = ("key",)

    def __init__(
        self,
        statement: Select[*tuple[Any, ...]],
        key: ColumnElement[Any] | InstrumentedAttribute[Any],
        name: str | None = None,
        *,
        span_name: str | None = None,
    ) -> None:
        super().__init__(statement.where(key == func.any(bindparam(KEYS, type_=ARRAY(key.type)))))
        self.key = name or key.key or ""
        if span_name is not None:
            self.span = span_name, {**self.span[1], "db.query.summary": span_name}


class KeyedCount(Write):
    """An ``UPDATE`` that adds to a count of the rows of ``KEYS`` the ``NUMBERS``, and returns at most one row for each.

    It must not wait for locks: all callers of a batch wait for it. ``key`` is the name of the key in the result.
    """

    __slots__ = ("key",)

    def __init__(self, statement: UpdateBase, key: str) -> None:
        super().__init__(statement)
        self.key = key
