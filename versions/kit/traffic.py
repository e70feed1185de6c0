"""The sample requests of a version, which ``strata traffic`` sends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

POST: str = "{post}"
"""Stands in a path for the id of a created post."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A request below the prefix of the version, and how often it is sent in relation to the others."""

    weight: int
    method: str
    path: str
    body: Mapping[str, Any] | None = None
    anonymous: bool = False
    creates_post: bool = False
    """Whether ``id`` of the response is the id of a new post, and the body gets a title."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """The samples of one version, and the id of a post that does not exist."""

    unknown_post: str
    samples: Sequence[Sample]
