"""Ranges of bytes (RFC 9110, section 14)."""

import re
from dataclasses import dataclass
from typing import Final

_SPEC: Final = re.compile(r"[ \t]*(?:([0-9]{1,19})-([0-9]{0,19})|-([0-9]{1,19}))[ \t]*")
_UNIT: Final = "bytes="


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from ``start`` until before ``end``."""

    start: int
    end: int


class UnsatisfiableRange(Exception):
    """No range of the request lies within the content."""


def requested_range(header: str | None, size: int) -> ByteRange | None:
    """The part of the content that a request asks for; None for the whole.

    Another unit and a malformed header are ignored (RFC 9110, section 14.2). So are several ranges that do not touch:
    the whole content contains them. Raises ``UnsatisfiableRange``.
    """
    if header is None or not header.lower().startswith(_UNIT):
        return None
    specs = header[len(_UNIT) :].split(",")
    found: list[ByteRange] = []
    for spec in specs:
        match = _SPEC.fullmatch(spec)
        if match is None:
            return None
        first, last, suffix = match.groups()
        if last and int(last) < int(first):
            return None
        one = _within(first, last, suffix, size)
        if one is not None:
            found.append(one)
    if not found:
        raise UnsatisfiableRange
    return _merged(found)


def _within(first: str | None, last: str | None, suffix: str | None, size: int) -> ByteRange | None:
    if suffix is not None:
        length = min(int(suffix), size)
        return ByteRange(size - length, size) if length else None
    start = int(first or 0)
    if start >= size:
        return None
    return ByteRange(start, min(int(last) + 1, size) if last else size)


def _merged(ranges: list[ByteRange]) -> ByteRange | None:
    """One range, if they touch each other; None otherwise."""
    ordered = sorted(ranges, key=lambda one: one.start)
    start, end = ordered[0].start, ordered[0].end
    for one in ordered[1:]:
        if one.start > end:
            return None
        end = max(end, one.end)
    return ByteRange(start, end)
