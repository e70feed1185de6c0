"""Lists of known names in query parameters: one declaration is the parser, the error and the type in the contract.

``a,b`` is OpenAPI's ``style: form, explode: false``. JavaScript clients repeat the parameter, which means the union.
"""

from collections.abc import Callable, Iterable
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


class NameList:
    """Follows ``Query`` in the annotation of a ``tuple[str, ...]``. The value has each name once, in order."""

    def __init__(self, names: Iterable[str], error: Callable[[], Exception]) -> None:
        """``error`` makes the exception for a name that is not in ``names``; the error of an enum lists no names."""
        self.names = tuple(names)
        self._known = frozenset(self.names)
        self._error = error

    def parse(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Parse each occurrence of the parameter. Raises ``error()``."""
        given = dict.fromkeys(name for text in texts for name in text.split(","))
        if not self._known.issuperset(given):
            raise self._error()
        return tuple(given)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Parse before pydantic validates the type."""
        return core_schema.no_info_before_validator_function(self.parse, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The names belong to the contract as an enum, since adding one to an enum is a compatible change."""
        described = handler(schema)
        # An optional parameter is omitted, never null.
        described.pop("anyOf", None)
        return described | {"type": "array", "items": {"type": "string", "enum": list(self.names)}, "minItems": 1}
