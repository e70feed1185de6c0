"""The states of files."""

from typing import Final

from uuid_utils.compat import uuid7

from tests.support.presigned import pending_file
from tests.truth.credentials import user_of
from tests.truth.job_states import STRANGER
from tests.truth.states import MISSING, Values, identify, state
from tests.truth.world import World

_READY: Final = "state = 'ready', size = 8, sha256 = '\\x00', ready_at = clock_timestamp()"


async def _add(world: World, label: str, *, ready: bool = True, visibility: str = "private") -> Values:
    uid = uuid7()
    await world.execute(
        "INSERT INTO files (uid, owner_id, name, content_type, object_key, visibility)"
        " VALUES ($1, $2, 'posts.csv', 'text/csv', $3, $4)",
        uid,
        world.people[label].user.id,
        f"objects/{uid}",
        visibility,
    )
    if ready:
        await world.test_app.store.put(f"objects/{uid}", b"a title\n")
        await world.execute(f"UPDATE files SET {_READY} WHERE uid = $1", uid)  # noqa: S608 - a constant
    number = await world.value("SELECT id FROM files WHERE uid = $1", uid)
    return {"file_id": identify("file", number, uid), "row": uid}


@state("own file", of_the_caller=True)
async def own_file(world: World, caller: str) -> Values:
    return await _add(world, user_of(caller))


@state("unfinished file", of_the_caller=True)
async def unfinished_file(world: World, caller: str) -> Values:
    return await _add(world, user_of(caller), ready=False)


@state("pending file", of_the_caller=True)
async def pending(world: World, caller: str) -> Values:
    return await _pending(world, caller, b"a title\n")


@state("pending, no bytes", of_the_caller=True)
async def pending_without_bytes(world: World, caller: str) -> Values:
    return await _pending(world, caller, None)


async def _pending(world: World, caller: str, content: bytes | None) -> Values:
    uid = await pending_file(world.test_app, world.people[user_of(caller)], content)
    number = await world.value("SELECT id FROM files WHERE uid = $1", uid)
    return {"file_id": identify("file", number, uid), "row": uid}


@state("foreign file")
async def foreign_file(world: World, _caller: str) -> Values:
    return await _add(world, STRANGER)


@state("missing file")
async def missing_file(_world: World, _caller: str) -> Values:
    return {"file_id": identify("file", MISSING, uuid7())}


def _register(name: str, visibility: str) -> None:
    @state(name)
    async def arrange(world: World, _caller: str) -> Values:
        return await _add(world, STRANGER, visibility=visibility)


async def _attach(world: World, label: str, status: str) -> Values:
    """A private file with a post of this status."""
    values = await _add(world, label)
    post = await world.value(
        "INSERT INTO posts (uid, author_id, title, content, status, published_at, revision)"
        " VALUES (gen_random_uuid(), $1, 'Attached', '', $2, clock_timestamp(), 1) RETURNING id",
        world.people[label].user.id,
        status,
    )
    await world.execute(
        "INSERT INTO post_attachments (post_id, position, file_id) SELECT $1, 0, id FROM files WHERE uid = $2",
        post,
        values["row"],
    )
    return values


@state("own attached file", of_the_caller=True)
async def own_attached_file(world: World, caller: str) -> Values:
    return await _attach(world, user_of(caller), "published")


def _register_attached(name: str, status: str) -> None:
    @state(name)
    async def arrange(world: World, _caller: str) -> Values:
        return await _attach(world, STRANGER, status)


for status in ("published", "draft", "archived"):
    _register_attached(f"file of {status} post", status)
_register("file for users", "signed_in")
_register("public file", "public")
