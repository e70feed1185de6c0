"""Requests whose numbers are read exactly: amounts of v1 are JSON numbers."""

import json
import math
from decimal import Decimal
from typing import Any

import orjson

from app.errors import InvalidValue
from app.http.routing.strict import StrictRequest


class NumberNotFinite(InvalidValue):
    code = "number_not_finite"
    detail = "A number in the body is NaN, infinite or too large. Send a finite decimal number."


class ExactRequest(StrictRequest):
    """A request whose JSON numbers with a fraction or an exponent are ``Decimal``: a double would round them."""

    async def ensure_valid(self) -> None:
        """Raise ``NumberNotFinite`` for a body that is JSON except for such a number."""
        body = await self.body()
        try:
            orjson.loads(body)
        except json.JSONDecodeError:
            if _has_infinite_number(body):
                raise NumberNotFinite from None

    async def json(self) -> Any:
        """Parse the body, first as strict JSON. Raises ``json.JSONDecodeError``, which becomes a 422."""
        if not hasattr(self, "_exact"):
            await super().json()
            try:
                self._exact = json.loads(await self.body(), parse_float=Decimal)
            except (ValueError, RecursionError):
                # The limits of Python's parser are lower than those of orjson.
                message = "nested too deeply, or an integer with too many digits"
                raise json.JSONDecodeError(message, "", 0) from None
        return self._exact


def _has_infinite_number(body: bytes) -> bool:
    found: list[str] = []

    def number(text: str) -> float:
        if math.isinf(value := float(text)):
            found.append(text)
        return value

    try:
        json.loads(body, parse_constant=found.append, parse_float=number, parse_int=number)
    except (ValueError, RecursionError):
        return False
    return bool(found)
