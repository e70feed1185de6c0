"""Names of SQL statements in traces. Statement texts contain placeholders, never values."""

import re
from functools import lru_cache
from typing import Final

from observability.tracing.recording import Attributes

_TARGET: Final = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(?:ONLY\s+)?\"?(\w+)", re.IGNORECASE)
_WORD: Final = re.compile(r"\w+")
_LONGEST: Final = 2_000


@lru_cache(maxsize=1024)
def statement_span(text: str) -> tuple[str, Attributes]:
    """Return name and attributes of the span of a statement, ``SELECT posts``; cached by text."""
    word = _WORD.search(text)
    operation = word[0].upper() if word is not None else "QUERY"
    target = _TARGET.search(text)
    attributes = {"db.system.name": "postgresql", "db.operation.name": operation, "db.query.text": text[:_LONGEST]}
    if target is None:
        return operation, attributes
    summary = f"{operation} {target[1]}"
    return summary, {**attributes, "db.collection.name": target[1], "db.query.summary": summary}
