"""Comparisons of documents. A command compares the same two documents several times, and waits for one comparison."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

import orjson

from contracts.compat import Report, diff

_KEPT: Final = 8
Pairs = tuple[tuple[str, str], ...]


def compared(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    today: date | None,
    pairs: Mapping[str, str] = MappingProxyType({}),
) -> Report:
    """The located report of ``diff``. Documents with the same content are compared once."""
    try:
        texts = orjson.dumps(old), orjson.dumps(new)
    except TypeError:
        # As in `canonical_json`.
        return diff(old, new, today=today, pairs=pairs, located=True)
    return _compared_texts(*texts, today, tuple(pairs.items()))


@lru_cache(_KEPT)
def _compared_texts(old: bytes, new: bytes, today: date | None, pairs: Pairs) -> Report:
    # Parsed again, so that a report does not change with the documents of its caller.
    return diff(orjson.loads(old), orjson.loads(new), today=today, pairs=dict(pairs), located=True)
