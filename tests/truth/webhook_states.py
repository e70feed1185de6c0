"""The states of webhook endpoints in truth tables."""

from uuid import uuid4

from tests.truth.credentials import user_of
from tests.truth.states import MISSING, Values, identify, state
from tests.truth.world import World

_INSERT = (
    "INSERT INTO webhook_endpoints (uid, owner_id, owner_uid, url, events, api_version)"
    " VALUES ($1, $2, $3, 'https://127.0.0.1:8443/hook', '{}', 'v2') RETURNING id"
)
_SECRET = (
    "INSERT INTO webhook_secrets (uid, endpoint_id, sealed)"
    " VALUES (gen_random_uuid(), $1, decode(repeat('00', 60), 'hex'))"
)


async def add_endpoint(world: World, label: str) -> Values:
    """An active endpoint of a user."""
    uid, owner = uuid4(), world.people[label].user
    number = await world.value(_INSERT, uid, owner.id, owner.uid)
    await world.execute(_SECRET, number)
    named = identify("webhook_endpoint", number, uid)
    return {"webhook_endpoint_id": named, "webhook_id": named, "row": number}


@state("own endpoint", of_the_caller=True)
async def own_endpoint(world: World, caller: str) -> Values:
    return await add_endpoint(world, user_of(caller))


@state("foreign endpoint")
async def foreign_endpoint(world: World, _caller: str) -> Values:
    return await add_endpoint(world, "second admin")


@state("missing endpoint")
async def missing_endpoint(_world: World, _caller: str) -> Values:
    named = identify("webhook_endpoint", MISSING, uuid4())
    return {"webhook_endpoint_id": named, "webhook_id": named}
