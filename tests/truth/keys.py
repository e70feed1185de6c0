"""The states of API keys."""

from typing import Final

from uuid_utils.compat import uuid7

from app.access.commands import KeyDraft
from app.access.service import ApiKeyService
from tests.truth.credentials import user_of
from tests.truth.states import Values, state
from tests.truth.world import World
from versions.kit.typeid import encode

_CHANGES: Final = {
    "own key": None,
    "revoked key": "revoked_at = clock_timestamp() - interval '1 minute'",
    "expired key": "expires_at = clock_timestamp() - interval '1 minute'",
    "rotated key": "rotated_at = clock_timestamp(), expires_at = clock_timestamp() + interval '1 day'",
}


async def _add(world: World, label: str) -> Values:
    async with world.database.write() as session:
        key, _ = await ApiKeyService(session).create(
            KeyDraft(world.people[label].user.id, "arranged", ["posts:read"], mode="live")
        )
    return {"api_key_id": encode("key", key.uid), "row": key.id}


def _register(name: str, change: str | None) -> None:
    @state(name, of_the_caller=True)
    async def arrange(world: World, caller: str) -> Values:
        values = await _add(world, user_of(caller))
        if change is not None:
            await world.execute(f"UPDATE api_keys SET {change} WHERE id = $1", values["row"])  # noqa: S608 - a constant
        return values


for name, change in _CHANGES.items():
    _register(name, change)


@state("foreign key")
async def foreign_key(world: World, _caller: str) -> Values:
    return await _add(world, "peer")


@state("missing key")
async def missing_key(_world: World, _caller: str) -> Values:
    return {"api_key_id": encode("key", uuid7())}
