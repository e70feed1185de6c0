"""The states of identities, of their confirmations, and of one-time codes."""

from datetime import timedelta
from typing import Final

from uuid_utils.compat import uuid7

from app.identities.flow_secrets import challenge, digest, new_secret
from app.kit.clock import utc_now
from app.models import SignInCode
from tests.support.identities import link, request_confirmation
from tests.truth.credentials import user_of
from tests.truth.states import Values, state
from tests.truth.world import World
from versions.kit.typeid import encode

_VERIFIER: Final = "v" * 43


@state("provider")
async def provider(_world: World, _caller: str) -> Values:
    return {"provider": "github"}


@state("unknown provider")
async def unknown_provider(_world: World, _caller: str) -> Values:
    return {"provider": "nobody"}


async def _identity(world: World, label: str, subject: str = "1") -> Values:
    identity = await link(world.test_app, world.people[label].user, subject)
    return {"identity_id": encode("idn", identity.uid), "row": identity.id}


@state("own identity", of_the_caller=True)
async def own_identity(world: World, caller: str) -> Values:
    return await _identity(world, user_of(caller), user_of(caller))


@state("foreign identity")
async def foreign_identity(world: World, _caller: str) -> Values:
    return await _identity(world, "peer")


@state("missing identity")
async def missing_identity(_world: World, _caller: str) -> Values:
    return {"identity_id": encode("idn", uuid7())}


@state("only way to sign in", of_the_caller=True)
async def only_way(world: World, caller: str) -> Values:
    """Two callers that are one user have the same identity."""
    label, user = user_of(caller), world.people[user_of(caller)].user.id
    await world.execute("UPDATE users SET password_hash = NULL WHERE id = $1", user)
    found = "SELECT {} FROM identities WHERE user_id = $1 AND subject LIKE 'only%'"
    if (row := await world.value(found.format("id"), user)) is not None:
        return {"identity_id": encode("idn", await world.value(found.format("uid"), user)), "row": row}
    return await _identity(world, label, f"only of {label}")


@state("one of two identities", of_the_caller=True)
async def one_of_two(world: World, caller: str) -> Values:
    await _identity(world, user_of(caller), f"another of {user_of(caller)}")
    return await only_way(world, caller)


async def _confirmation(world: World, *changes: str) -> Values:
    user = world.people["peer"].user
    token = await request_confirmation(world.test_app, user, "1")
    for change in changes:
        await world.execute(change, user.id)
    return {"token": token, "row": user.id}


_CONFIRMATIONS: Final = {
    "confirmation": (),
    "expired confirmation": (
        "UPDATE identity_confirmations SET expires_at = clock_timestamp() - interval '1 second' WHERE user_id = $1",
    ),
    "confirmation for another address": (
        "UPDATE users SET email = 'moved@example.com', email_canonical = 'moved@example.com' WHERE id = $1",
    ),
    "confirmation of unverified user": ("UPDATE users SET is_verified = false WHERE id = $1",),
    "confirmation of deactivated user": ("UPDATE users SET is_active = false WHERE id = $1",),
}


def _register(name: str, changes: tuple[str, ...]) -> None:
    @state(name)
    async def arrange(world: World, _caller: str) -> Values:
        return await _confirmation(world, *changes)


for name, changes in _CONFIRMATIONS.items():
    _register(name, changes)


@state("confirmation of an identity of another user")
async def confirmation_of_foreign_identity(world: World, _caller: str) -> Values:
    await _identity(world, "second admin")
    return await _confirmation(world)


@state("used confirmation")
async def used_confirmation(world: World, _caller: str) -> Values:
    return await _confirmation(world, "DELETE FROM identity_confirmations WHERE user_id = $1")


async def _code(world: World, *changes: str, verifier: str = _VERIFIER) -> Values:
    user, code = world.people["peer"].user, new_secret()
    async with world.database.write() as session:
        expires_at = utc_now() + timedelta(minutes=1)
        row = SignInCode(
            digest=digest(code), user_id=user.id, code_challenge=challenge(_VERIFIER), expires_at=expires_at
        )
        session.add(row)
    for change in changes:
        await world.execute(change, user.id)
    return {"code": code, "verifier": verifier, "row": user.id}


@state("code")
async def code(world: World, _caller: str) -> Values:
    return await _code(world)


@state("code with another verifier")
async def code_with_another_verifier(world: World, _caller: str) -> Values:
    return await _code(world, verifier="w" * 43)


@state("expired code")
async def expired_code(world: World, _caller: str) -> Values:
    return await _code(
        world, "UPDATE sign_in_codes SET expires_at = clock_timestamp() - interval '1 second' WHERE user_id = $1"
    )


@state("code of deactivated user")
async def code_of_deactivated_user(world: World, _caller: str) -> Values:
    return await _code(world, "UPDATE users SET is_active = false WHERE id = $1")


@state("unknown code")
async def unknown_code(_world: World, _caller: str) -> Values:
    return {"code": new_secret(), "verifier": _VERIFIER}
