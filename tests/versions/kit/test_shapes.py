"""Members of a JSON object come from the fields that a shape declares, of views and of rows alike."""

from dataclasses import astuple, dataclass, replace
from typing import Any

import pytest

from versions.kit.shapes import Shape


@dataclass(frozen=True)
class View:
    id: int
    uid: str
    name: str
    notes: tuple[str, ...]


class Row(tuple[Any, ...]):
    __slots__ = ()
    columns = ("uid", "notes", "name", "id", "other")

    def keys(self) -> tuple[str, ...]:
        return self.columns


VIEW = View(1, "u", "It's", ("a", "b"))
ROW = Row(("u", "a b", "It's", 1, None))
OWNER = Shape(("id", "name"), sources={"id": "uid"}, conversions={"id": str.upper})
SHAPE = Shape(
    ("id", "name", "notes", "number", "owner"),
    sources={"id": "uid", "number": "id"},
    conversions={"id": "x_{}".format, "notes": len, "owner": lambda owner: {**owner, "whole": True}},
    parts={"owner": OWNER},
    stored={"notes": str.split, "other": repr},
)
MEMBERS = {"id": "x_u", "name": "It's", "notes": 2, "number": 1, "owner": {"id": "U", "name": "It's", "whole": True}}


def test_a_view_and_a_row_have_the_same_members_in_the_declared_order() -> None:
    for found in (SHAPE.of_view(VIEW), *SHAPE.of_rows([ROW, ROW])):
        assert found == MEMBERS
        assert list(found) == list(MEMBERS)
    assert SHAPE.of_rows([]) == []


def test_rows_are_read_by_the_names_of_their_columns() -> None:
    class Other(Row):
        __slots__ = ()
        columns = ("id", "uid", "name", "notes")

    other = Other(astuple(replace(VIEW, notes="a b")))
    for rows in ([ROW], [other], [ROW, ROW], [other]):
        assert SHAPE.of_rows(rows) == [MEMBERS] * len(rows)


def test_a_row_without_a_column_is_an_error() -> None:
    class Short(Row):
        __slots__ = ()
        columns = ("uid",)

    with pytest.raises(KeyError, match="name"):
        SHAPE.of_rows([Short(("u",))])
