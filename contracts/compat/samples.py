"""Sample numbers and strings at the boundaries of the keywords of a schema."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from itertools import permutations
from re import _constants, _parser  # type: ignore[attr-defined]  # the parser of `re` has no public name
from typing import Any, Final

from contracts.compat.languages import Undecidable, text_outside

_BOUNDS: Final = ("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum")
_LENGTHS: Final = ("maxLength", "minLength")
_MAX_LENGTH: Final = 10_000
_MAX_REPEAT: Final = 64
_MAX_COMPARED: Final = 4
_KEPT: Final = 128
"""Few patterns occur in a document, each in many schemas."""
_LARGEST: Final = 2**53
_FORMATS: Final = {
    "date": "2020-01-31",
    "date-time": "2020-01-31T12:00:00Z",
    "uuid": "6f1c1e4e-3f3b-4a57-9d6f-1d5b3c1a2b4c",
}


def number_samples(atoms: Iterable[Mapping[str, Any]]) -> Iterator[float]:
    """Yield numbers at, below and above every bound, and multiples of every `multipleOf`."""
    bounds = [one for atom in atoms for name in _BOUNDS if (one := _number(atom.get(name))) is not None]
    multiples = [one for atom in atoms if (one := _number(atom.get("multipleOf"))) is not None and one > 0]
    for bound in bounds:
        yield from (bound, bound - 1, bound + 1, bound - 0.5, bound + 0.5, int(bound), int(bound) + 1)
    for one, other in zip(sorted(bounds), sorted(bounds)[1:], strict=False):
        yield from ((one + other) / 2, (one + other) // 2)
    for multiple in multiples:
        for factor in (1, 2, 3, -1, 5, 7, 0.5):
            yield multiple * factor
        for bound in bounds:
            if abs(bound / multiple) < _LARGEST:
                steps = int(bound // multiple)
                yield from (steps * multiple, (steps + 1) * multiple, (steps - 1) * multiple, (steps + 2) * multiple)
    yield from (2, 3, 1.5, 100, 2**31 - 1, 2**31, -(2**31) - 1, 123456789)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300:  # noqa: PLR2004 - near the largest float
        return None
    return value


def string_samples(atoms: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield strings of the length of every bound, and strings that match the patterns, or only one of them."""
    atoms = list(atoms)
    patterns = list(dict.fromkeys(atom["pattern"] for atom in atoms if isinstance(atom.get("pattern"), str)))
    for one, other in permutations(patterns[:_MAX_COMPARED], 2):
        with suppress(Undecidable):
            if (text := text_outside(one, other)) is not None:
                yield text
    for pattern in patterns:
        yield from pattern_samples(pattern)
    lengths = {
        int(atom[name]) + step
        for atom in atoms
        for name in _LENGTHS
        if _number(atom.get(name)) is not None
        for step in (-1, 0, 1)
    }
    for length in sorted(one for one in lengths if 0 <= one <= _MAX_LENGTH):
        yield "a" * length
        yield "1" * length
        for pattern in patterns:
            yield from _samples_of_length(pattern, length)
    for atom in atoms:
        for value in (*atom.get("enum", ()), atom.get("const")):
            if isinstance(value, str):
                yield value + "a"
                yield value[:-1]
    yield from _FORMATS.values()
    yield from ("b", "A", "1", "true", "a b", "ab-c", "é", "hello world", "a/b,c")


@lru_cache(_KEPT)
def _samples_of_length(pattern: str, length: int) -> tuple[str, ...]:
    return tuple(_find_samples(pattern, length))


def _find_samples(pattern: str, length: int) -> Iterator[str]:
    for repeat in range(min(length, _MAX_REPEAT) + 1):
        found = [one for one in pattern_samples(pattern, repeat) if len(one) == length]
        yield from found
        if found:
            return
    yield from (one for one in pattern_samples(pattern, length) if len(one) == length)
    # A pattern without anchors can be found within a longer text.
    for short in dict.fromkeys(one for one in pattern_samples(pattern, 1) if len(one) < length):
        padding = "a" * (length - len(short))
        yield from (padding + short, short + padding)


def pattern_samples(pattern: str, length: int | None = None) -> Iterator[str]:
    """Yield strings, most of which match a regular expression; none for one that Python cannot read.

    `length` is the length to aim at.
    """
    try:
        parsed = _parse(pattern)
    except (re.error, OverflowError, RecursionError):
        return
    repeats = (length,) if length is not None else (0, 1, 2, 3, 4, 5, 6)
    for choice in range(6):
        for repeat in repeats:
            text = _sample(parsed, choice, repeat)
            if text is not None:
                yield text
                if length is None:
                    yield from (text + "z", "z" + text, text[:-1])
                    if text:
                        yield from (text[:-1] + chr(max(32, ord(text[-1]) + step)) for step in (-1, 1))


@lru_cache(_KEPT)
def _parse(pattern: str) -> Any:
    return _parser.parse(pattern)


def _sample(parsed: Any, choice: int, repeat: int) -> str | None:
    text = ""
    for operation, argument in parsed:
        piece = _piece(operation, argument, choice, repeat)
        if piece is None or len(text) > _MAX_LENGTH:
            return None
        text += piece
    return text


def _piece(operation: Any, argument: Any, choice: int, repeat: int) -> str | None:  # noqa: PLR0911 - one for each kind
    if operation is _constants.LITERAL:
        return chr(argument)
    if operation is _constants.NOT_LITERAL:
        return "b" if argument == ord("a") else "a"
    if operation is _constants.ANY:
        return "a"
    if operation is _constants.IN:
        return _member(argument, choice)
    if operation is _constants.BRANCH:
        branches = argument[1]
        return _sample(branches[choice % len(branches)], choice, repeat)
    if operation is _constants.SUBPATTERN:
        return _sample(argument[-1], choice, repeat)
    if operation in {_constants.MAX_REPEAT, _constants.MIN_REPEAT}:
        least, most, inner = argument
        count = min(max(least, repeat), int(most) if most is not _constants.MAXREPEAT else _MAX_LENGTH)
        one = _sample(inner, choice, repeat if len(inner) != 1 else 1)
        return None if one is None or len(one) * count > _MAX_LENGTH else one * count
    if operation is _constants.AT or operation in {_constants.ASSERT, _constants.ASSERT_NOT}:
        return ""
    return None


def _member(members: Any, choice: int) -> str | None:
    if members and members[0][0] is _constants.NEGATE:
        excluded = re.compile("[" + "".join(re.escape(chr(a)) for op, a in members if op is _constants.LITERAL) + "]?")
        return next((one for one in "ab1 -" if excluded.fullmatch(one) is None or excluded.pattern == "[]?"), "é")
    operation, argument = members[choice % len(members)]
    if operation is _constants.LITERAL:
        return chr(argument)
    if operation is _constants.RANGE:
        return chr(argument[choice // len(members) % 2])
    categories = {
        _constants.CATEGORY_DIGIT: "7",
        _constants.CATEGORY_SPACE: " ",
        _constants.CATEGORY_WORD: "w",
        _constants.CATEGORY_NOT_DIGIT: "x",
        _constants.CATEGORY_NOT_SPACE: "y",
        _constants.CATEGORY_NOT_WORD: "-",
    }
    return categories.get(argument)
