"""The states of notifications in truth tables."""

from uuid import uuid4

from tests.truth.states import MISSING, Values, identify, state
from tests.truth.world import World

_INSERT = (
    "INSERT INTO notifications (uid, user_id, sender_uid, message, read_at)"
    " VALUES ($1, $2, gen_random_uuid(), 'Hello', CASE WHEN $3 THEN now() END) RETURNING id"
)


async def _notification(world: World, recipient: str, *, read: bool = False) -> Values:
    uid = uuid4()
    number = await world.value(_INSERT, uid, world.people[recipient].user.id, read)
    return {"notification_id": identify("notification", number, uid), "row": number}


@state("own notification", of_the_caller=True)
async def own_notification(world: World, caller: str) -> Values:
    return await _notification(world, "peer" if caller == "anonymous" else caller)


@state("read notification", of_the_caller=True)
async def read_notification(world: World, caller: str) -> Values:
    return await _notification(world, "peer" if caller == "anonymous" else caller, read=True)


@state("foreign notification")
async def foreign_notification(world: World, _caller: str) -> Values:
    return await _notification(world, "peer")


@state("missing notification")
async def missing_notification(_world: World, _caller: str) -> Values:
    return {"notification_id": identify("notification", MISSING, uuid4())}
