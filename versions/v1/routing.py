"""Routers of v1."""

from typing import Annotated, Final

from fastapi import APIRouter, Path

from app.http.routing.strict import StrictRoute
from versions.kit.values import MAX_INTEGER, IntegerInPath

Id = Annotated[IntegerInPath, Path(description="The sequential id.", examples=[1])]
MAX_SKIP: Final = MAX_INTEGER


def router(prefix: str, tag: str) -> APIRouter:
    """Returns a router for one resource."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=StrictRoute)


def number(identifier: object) -> int:
    """Narrows an id of a path to ``int``: it is annotated as text, and its validator has parsed it."""
    if not isinstance(identifier, int):
        raise TypeError
    return identifier
