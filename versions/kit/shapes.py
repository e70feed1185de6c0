"""Maps rows and views to the members of JSON objects, with functions that are compiled once.

A page of a list has neither a view nor a model for each object. Compared with a loop over the names of the members, the
display of a dictionary in a comprehension takes two thirds of the time.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

Members = dict[str, Any]
Convert = Callable[[Any], Any]
_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


class Shape:
    """The members of an object, in their order.

    A member has the value of the field with its name, or with the name in ``sources``; a member in ``parts`` is an
    object of fields of the same view. The function in ``conversions`` converts it. ``stored`` has a function for each
    field whose column has another value than the field.
    """

    def __init__(
        self,
        members: Collection[str],
        *,
        sources: Mapping[str, str] = _NONE,
        conversions: Mapping[str, Convert] = _NONE,
        parts: "Mapping[str, Shape]" = _NONE,
        stored: Mapping[str, Convert] = _NONE,
    ) -> None:
        self._members = tuple(members)
        self._sources, self._conversions, self._parts, self._stored = sources, conversions, parts, stored
        self._of_rows: dict[tuple[str, ...], Callable[[Sequence[Any]], list[Members]]] = {}
        functions: dict[str, Convert] = {}
        self.of_view: Callable[[Any], Members] = _function(
            f"lambda view: {self._display('view.{}'.format, _NONE, functions)}", functions
        )
        """Return the members of one object."""

    def of_rows(self, rows: Sequence[Any]) -> list[Members]:
        """The members of each object; all rows have the columns of the first one, under the names of the fields."""
        if not rows:
            return []
        columns = tuple(rows[0].keys())
        found = self._of_rows.get(columns)
        if found is None:
            found = self._of_rows[columns] = self._compile(columns)
        return found(rows)

    def _compile(self, columns: Sequence[str]) -> Callable[[Sequence[Any]], list[Members]]:
        functions: dict[str, Convert] = {}
        names = {column: f"value_{index}" for index, column in enumerate(columns)}
        display = self._display(names.__getitem__, self._stored, functions)
        return _function(f"lambda rows: [{display} for {', '.join(names.values())}, in rows]", functions)

    def _display(
        self, expression: Callable[[str], str], stored: Mapping[str, Convert], functions: dict[str, Convert]
    ) -> str:
        """The text of the dictionary; ``functions`` gets the functions that it calls, by their names in it."""
        displayed = []
        for member in self._members:
            if (part := self._parts.get(member)) is not None:
                value, read = part._display(expression, stored, functions), None  # noqa: SLF001 - of the same class
            else:
                field = self._sources.get(member, member)
                value, read = expression(field), stored.get(field)
            for function in (read, self._conversions.get(member)):
                if function is not None:
                    name = f"function_{len(functions)}"
                    functions[name] = function
                    value = f"{name}({value})"
            displayed.append(f"{member!r}: {value}")
        return f"{{{', '.join(displayed)}}}"


def _function(text: str, functions: dict[str, Convert]) -> Callable[..., Any]:
    found: Callable[..., Any] = eval(text, {"__builtins__": {}, **functions})  # noqa: S307 - names of our own models
    return found
