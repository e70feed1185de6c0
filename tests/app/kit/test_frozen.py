"""A frozen dataclass that was built fast is as one of its constructor."""

from dataclasses import FrozenInstanceError, dataclass, replace

import pytest

from app.kit.frozen import fast_constructor


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 2

    @property
    def length(self) -> int:
        return self.x + self.y


@dataclass(frozen=True, slots=True)
class Checked:
    x: int

    def __post_init__(self) -> None:
        """Check something."""


def test_an_instance_is_that_of_the_constructor() -> None:
    built = fast_constructor(Point)(1, 3)
    assert type(built) is Point
    assert (built, hash(built), repr(built)) == (Point(1, 3), hash(Point(1, 3)), repr(Point(1, 3)))
    assert (built.length, replace(built, x=2)) == (4, Point(2, 3))
    with pytest.raises(FrozenInstanceError):
        built.x = 2  # type: ignore[misc]  # it is frozen
    with pytest.raises(TypeError):
        fast_constructor(Point)(1)


def test_a_class_that_checks_its_values_is_rejected() -> None:
    with pytest.raises(TypeError, match="__post_init__"):
        fast_constructor(Checked)
