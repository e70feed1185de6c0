"""The states of objects in truth tables: each returns the values that requests contain.

A state is arranged before each request and rolled back after it. The value is a dict by version where versions differ;
``row`` is the id of the object in the database.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from app.models import Post, User
from tests.truth.world import STATUSES, World
from versions.kit.typeid import encode

Values = Mapping[str, Any]
Arrange = Callable[[World, str], Awaitable[Values]]
MISSING: Final = 999_999


@dataclass(frozen=True)
class State:
    """``of_the_caller``: the object is the caller's own, so it is arranged for each caller."""

    arrange: Arrange
    of_the_caller: bool = False


STATES: Final[dict[str, State]] = {}


def state(name: str, *, of_the_caller: bool = False) -> Callable[[Arrange], Arrange]:
    """Register a state under the name that rows use."""

    def register(arrange: Arrange) -> Arrange:
        assert name not in STATES, name
        STATES[name] = State(arrange, of_the_caller)
        return arrange

    return register


def post_values(post: Post) -> Values:
    """The id of a post in each version, its entity tag and one of another revision."""
    digest = "0" * 18
    return {
        "post_id": {"v1": post.id, "v2": encode("post", post.uid)},
        "row": post.id,
        "tag": f'"1-{post.uid.hex[-12:]}.{digest}"',
        "stale_tag": f'"7-{post.uid.hex[-12:]}.{digest}"',
    }


def user_values(user: User) -> Values:
    """The id of a user in each version, and the address."""
    return {"user_id": {"v1": user.id, "v2": encode("usr", user.uid)}, "row": user.id, "email": user.email}


def _register_post(name: str) -> None:
    @state(name if name in STATUSES else f"{name} post")
    async def arrange(world: World, _caller: str) -> Values:
        return post_values(world.posts[name])


for name in (*STATUSES, "deleted"):
    _register_post(name)


@state("missing post")
async def missing_post(_world: World, _caller: str) -> Values:
    uid = uuid4()
    return {"post_id": {"v1": MISSING, "v2": encode("post", uid)}, "stale_tag": f'"1-{uid.hex[-12:]}.{"0" * 18}"'}


@state("posts of author")
async def posts_of_author(world: World, _caller: str) -> Values:
    return user_values(world.people["author"].user)


@state("-")
async def nothing(_world: World, _caller: str) -> Values:
    """The act has no object."""
    return {}
