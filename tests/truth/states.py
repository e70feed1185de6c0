"""The states of objects in truth tables: each returns the values that requests contain.

A state is arranged before each request and rolled back after it. The value is a dict by version where versions differ;
``row`` is the id of the object in the database.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from app.models import Post, User
from tests.truth.outcomes import wire
from tests.truth.world import STATUSES, World
from versions.registry import VERSIONS

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


def identify(kind: str, number: int, uid: UUID) -> Mapping[str, object]:
    """The id of an object in each version."""
    return {version.name: wire(version.name).identify(kind, number, uid) for version in VERSIONS}


def post_values(post: Post) -> Values:
    """The id of a post in each version, its entity tag and one of another revision."""
    return {
        "post_id": identify("post", post.id, post.uid),
        "row": post.id,
        "tag": _tag(post, 1),
        "stale_tag": _tag(post, 7),
    }


def user_values(user: User) -> Values:
    """The id of a user in each version, the address, the entity tag and one of another revision."""
    return {
        "user_id": identify("user", user.id, user.uid),
        "row": user.id,
        "email": user.email,
        "spelling": user.email.capitalize(),
        "tag": _tag(user, 1),
        "stale_tag": _tag(user, 7),
    }


def _tag(entity: Post | User, revision: int) -> str:
    return f'"{revision}-{entity.uid.hex[-12:]}.{"0" * 18}"'


def _register_post(name: str) -> None:
    @state(name if name in STATUSES else f"{name} post")
    async def arrange(world: World, _caller: str) -> Values:
        return post_values(world.posts[name])


for name in (*STATUSES, "deleted"):
    _register_post(name)


@state("missing post")
async def missing_post(_world: World, _caller: str) -> Values:
    uid = uuid4()
    return {"post_id": identify("post", MISSING, uid), "stale_tag": f'"1-{uid.hex[-12:]}.{"0" * 18}"'}


@state("posts of author")
async def posts_of_author(world: World, _caller: str) -> Values:
    return user_values(world.people["author"].user)


@state("own", of_the_caller=True)
async def own(world: World, caller: str) -> Values:
    """The caller's own user, with a second session; an anonymous caller names another user."""
    label = "peer" if caller == "anonymous" else caller
    await world.start_session(label)
    return user_values(world.people[label].user)


@state("peer")
async def peer(world: World, _caller: str) -> Values:
    """An author, with a session, who is no caller."""
    await world.start_session("peer")
    return user_values(world.people["peer"].user)


def _register_user(name: str, label: str, change: str | None = None) -> None:
    @state(name)
    async def arrange(world: World, _caller: str) -> Values:
        if change is not None:
            await world.execute(f"UPDATE users SET {change} WHERE id = $1", world.people["second admin"].user.id)  # noqa: S608 - a constant
        return user_values(world.people[label].user)


_INACTIVE, _UNVERIFIED, _DEMOTED = "is_active = false", "is_verified = false", "roles = ARRAY['moderator']"
_register_user("second admin", "second admin")
_register_user("deactivated user", "deactivated")
_register_user("deleted user", "deleted")
_register_user("last admin", "admin", _DEMOTED)
_register_user("own, second admin inactive", "admin", _INACTIVE)
_register_user("own, second admin unverified", "admin", _UNVERIFIED)
_register_user("second admin inactive", "second admin", _INACTIVE)
_register_user("second admin unverified", "second admin", _UNVERIFIED)


@state("missing user")
async def missing_user(_world: World, _caller: str) -> Values:
    return {"user_id": identify("user", MISSING, uuid4())}


@state("-")
async def nothing(_world: World, _caller: str) -> Values:
    """The act has no object."""
    return {}
