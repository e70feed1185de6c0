"""The states of deliveries in truth tables."""

from typing import Final
from uuid import UUID, uuid4

from uuid_utils.compat import uuid7

from tests.truth.credentials import user_of
from tests.truth.states import MISSING, Values, identify, state
from tests.truth.webhook_states import add_endpoint
from tests.truth.world import World

_EVENT: Final = (
    "INSERT INTO events (uid, type, schema, subject_uid, audience, payload, position)"
    " VALUES ($1, 'post.unpublished', 2, gen_random_uuid(), 'public', '{}', nextval('events_position_seq'))"
    " RETURNING id"
)
_DELIVERY: Final = (
    "INSERT INTO deliveries (uid, endpoint_id, event_id, event_uid, event_type, position, api_version, status,"
    " next_at, finished_at) SELECT $1, $2, event.id, event.uid, event.type, event.position, 'v2', 'failed', now(),"
    " now() FROM events AS event WHERE event.id = $3 RETURNING id"
)


async def _add(world: World, label: str) -> tuple[Values, int]:
    """An endpoint with a failed delivery of an event; the second value is the id of the row of the event."""
    endpoint = await add_endpoint(world, label)
    event, uid = uuid7(), uuid7()
    number = await world.database.driver.fetchval(_EVENT, event)
    row = await world.value(_DELIVERY, uid, endpoint["row"], number)
    values = {**endpoint, "delivery_id": identify("delivery", row, uid), "event_id": identify("event", number, event)}
    return values, number


@state("own delivery", of_the_caller=True)
async def own_delivery(world: World, caller: str) -> Values:
    return (await _add(world, user_of(caller)))[0]


@state("foreign delivery")
async def foreign_delivery(world: World, _caller: str) -> Values:
    return (await _add(world, "second admin"))[0]


@state("missing delivery")
async def missing_delivery(_world: World, _caller: str) -> Values:
    return {"delivery_id": identify("delivery", MISSING, uuid4())}


@state("delivery to a disabled endpoint", of_the_caller=True)
async def delivery_to_a_disabled_endpoint(world: World, caller: str) -> Values:
    values, _ = await _add(world, user_of(caller))
    disable = "UPDATE webhook_endpoints SET state = 'disabled', disabled_reason = 'by_owner' WHERE id = $1"
    await world.execute(disable, values["row"])
    return values


@state("delivery of a deleted event", of_the_caller=True)
async def delivery_of_a_deleted_event(world: World, caller: str) -> Values:
    values, event = await _add(world, user_of(caller))
    await world.execute("DELETE FROM events WHERE id = $1", event)
    return values


@state("undelivered event", of_the_caller=True)
async def undelivered_event(world: World, caller: str) -> Values:
    values, _ = await _add(world, user_of(caller))
    return {**values, "event_id": identify("event", MISSING, UUID(int=1))}
