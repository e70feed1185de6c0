"""Plain models are rendered with the bytes of pydantic; all others by pydantic."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, PlainSerializer, RootModel, TypeAdapter, computed_field, field_serializer

from app.http.routing.plain_json import plain_renderer

OPTIONS: Mapping[str, Any] = {
    **dict.fromkeys(("include", "exclude")),
    "by_alias": True,
    **dict.fromkeys(("exclude_unset", "exclude_defaults", "exclude_none"), False),
}
Shouted = Annotated[str, PlainSerializer(str.upper)]


class Color(StrEnum):
    RED = "red"
    BLUE = "bl\u00fc"


class Part(BaseModel):
    """A model within another."""

    name: str
    kind: Literal["a", 1] | None


class Whole(BaseModel):
    """Every type that is plain."""

    text: Annotated[str, Field(max_length=1000)]
    number: int
    flag: bool
    at: datetime | None
    color: Color
    parts: list[Part]
    same: "Whole | None" = None
    other: str = "default"


def pydantic(model: BaseModel, **options: Any) -> bytes:
    return TypeAdapter(type(model)).dump_json(model, **options)


def never(_value: Any) -> bytes:
    raise AssertionError


TIMES = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-3, minutes=30))]) | st.none())
PARTS = st.builds(Part, name=st.text(), kind=st.sampled_from(["a", 1, None]))
WHOLES = st.builds(
    Whole,
    text=st.text(max_size=50),
    number=st.integers(-(2**63), 2**63 - 1),
    flag=st.booleans(),
    at=TIMES | st.none(),
    color=st.sampled_from(Color),
    parts=st.lists(PARTS, max_size=3),
)


@given(WHOLES, st.none() | WHOLES)
@settings(max_examples=200)
def test_a_plain_model_has_the_bytes_of_pydantic(whole: Whole, inner: Whole | None) -> None:
    model = whole.model_copy(update={"same": inner})
    assert plain_renderer([Whole], OPTIONS, never)(model) == pydantic(model)
    unset = {**OPTIONS, "exclude_unset": True}
    assert plain_renderer([Part, Whole], unset, never)(model) == pydantic(model, exclude_unset=True)


class Aliased(BaseModel):
    name: str = Field(serialization_alias="other")


class Excluded(BaseModel):
    name: str = Field(exclude=True)


class Loud(BaseModel):
    name: Shouted


class Inner(BaseModel):
    names: list[Shouted]


class Serialized(BaseModel):
    name: str

    @field_serializer("name")
    def _upper(self, name: str) -> str:
        return name.upper()


class Computed(BaseModel):
    name: str

    @computed_field  # type: ignore[prop-decorator]  # as pydantic documents it
    @property
    def length(self) -> int:
        return len(self.name)


class Root(RootModel[str]):
    """Not an object."""


class Open(BaseModel, extra="allow"):
    name: str


class Wide(BaseModel):
    value: UUID | float | Decimal | dict[str, str]


@pytest.mark.parametrize(
    "model",
    [
        *(kind(name="a") for kind in (Aliased, Excluded, Loud, Serialized, Computed, Open)),
        *(Wide(value=value) for value in (UUID(int=7), 1e16, Decimal("1.10"), {"a": "b"})),
        Inner(names=["a"]),
        Root("a"),
    ],
    ids=lambda model: repr(model)[:20],
)
def test_pydantic_renders_what_is_not_plain(model: BaseModel) -> None:
    assert plain_renderer([type(model)], OPTIONS, pydantic)(model) == pydantic(model)
    assert plain_renderer([type(model)], OPTIONS, lambda _: b"pydantic")(model) == b"pydantic"


def test_pydantic_renders_other_values_and_options() -> None:
    part = Part(name="a", kind=1)
    render = plain_renderer([Part], OPTIONS, lambda _: b"pydantic")
    assert render({"name": "a", "kind": 1}) == b"pydantic", "it is validated first"
    assert render(Part.model_construct(name=object(), kind=1)) == b"pydantic"
    assert render(part) != b"pydantic"
    assert plain_renderer([Part], {**OPTIONS, "exclude_none": True}, lambda _: b"pydantic")(part) == b"pydantic"
