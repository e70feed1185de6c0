"""Spares a request the price of the query parameters that it does not have.

FastAPI looks at every declared parameter of every request anew: its type, its aliases, its default, some ten
microseconds each, and a list declares eight. One that is absent and optional gets its default from Python's own call.
"""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from fastapi.dependencies.models import Dependant
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from starlette.requests import Request
from starlette.responses import Response

Handler = Callable[[Request], Awaitable[Response]]
_MOST_VARIANTS: Final = 256


class SparseHandler:
    """Handles a request with a handler that knows the parameters which the request has; made when first needed."""

    def __init__(self, dependant: Dependant, build: Callable[[Dependant], Handler]) -> None:
        self._dependant = dependant
        self._build = build
        self._optional = _optional(dependant)
        self._complete = build(dependant)
        self._variants: dict[frozenset[str], Handler] = {self._optional: self._complete}

    def __call__(self, request: Request) -> Awaitable[Response]:
        present = self._optional.intersection(request.query_params)
        handler = self._variants.get(present)
        return (handler or self._variant(present))(request)

    def _variant(self, present: frozenset[str]) -> Handler:
        if len(self._variants) >= _MOST_VARIANTS:
            return self._complete
        absent = self._optional - present
        kept = [field for field in self._dependant.query_params if field.alias not in absent]
        handler = self._variants[present] = self._build(replace(self._dependant, query_params=kept))
        return handler


def _optional(dependant: Dependant) -> frozenset[str]:
    """The aliases of parameters whose Python default is the value to use."""
    if dependant.call is None:
        return frozenset()
    declared = inspect.signature(dependant.call).parameters
    return frozenset(
        field.alias
        for field in dependant.query_params
        if declared[field.name].default is not inspect.Parameter.empty
        # `limit = Query(20)` is a declaration and no value; a model takes its fields from several parameters.
        and not isinstance(declared[field.name].default, FieldInfo)
        and not _is_model(field.field_info.annotation)
    )


def _is_model(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
