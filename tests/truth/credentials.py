"""The states of sessions, passwords and mailed tokens."""

from datetime import timedelta
from typing import Final

from uuid_utils.compat import uuid4, uuid7

from app.auth.tokens import TokenType
from app.http.auth import AuthComponent
from app.kit.clock import utc_now
from app.models import RefreshToken, Session
from tests.support.app import PASSWORD, token_of
from tests.truth.states import Values, state, user_values
from tests.truth.world import World
from versions.kit.typeid import encode

WRONG: Final = "a wrong password"
REGISTERED: Final = "new@example.com"
REVOKE: Final = "UPDATE sessions SET revoked_at = clock_timestamp() - interval '1 hour' WHERE id = $1"
EXPIRE: Final = "UPDATE sessions SET expires_at = clock_timestamp() - interval '1 second' WHERE id = $1"
_OWN: Final = {"revoked session", "expired session"}
"""States that are also the object of operations on the caller's sessions."""


def user_of(caller: str) -> str:
    """The user whose sessions the caller may name; another user's for an anonymous caller."""
    return "peer" if caller == "anonymous" else caller


def session_values(session: Session) -> Values:
    """The id of a session."""
    return {"session_id": encode("ses", session.uid), "row": session.id}


# Sessions. An anonymous caller names one of another user.


@state("own session", of_the_caller=True)
async def own_session(world: World, caller: str) -> Values:
    return session_values((await world.start_session(user_of(caller)))[1])


@state("only other session", of_the_caller=True)
async def only_other_session(world: World, caller: str) -> Values:
    session = (await world.start_session(user_of(caller)))[1]
    current = world.sessions.get("author" if caller == "anonymous" else caller, session)
    await world.execute(
        "UPDATE sessions SET revoked_at = clock_timestamp() WHERE user_id = $1 AND id <> ALL($2::bigint[])",
        session.user_id,
        [session.id, current.id],
    )
    return session_values(session)


@state("foreign session")
async def foreign_session(world: World, _caller: str) -> Values:
    return session_values((await world.start_session("peer"))[1])


@state("current session", of_the_caller=True)
async def current_session(world: World, caller: str) -> Values:
    return session_values(world.sessions["author" if caller == "anonymous" else caller])


@state("missing session")
async def missing_session(_world: World, _caller: str) -> Values:
    return {"session_id": encode("ses", uuid7())}


# Sessions with refresh tokens.


def _register_refresh(name: str, change: str | None = None) -> None:
    @state(name, of_the_caller=name in _OWN)
    async def arrange(world: World, caller: str) -> Values:
        label = user_of(caller) if name in _OWN else "peer"
        access, session = await world.start_session(label)
        user, jti, now = world.people[label].user, uuid7(), utc_now()
        async with world.database.write() as transaction:
            transaction.add(RefreshToken(jti=jti, session_id=session.id, expires_at=now + timedelta(days=1)))
        if "rotated" in name:
            async with world.database.write() as transaction:
                successor = RefreshToken(jti=uuid7(), session_id=session.id, expires_at=now + timedelta(days=1))
                transaction.add(successor)
            await world.execute("UPDATE refresh_tokens SET successor = $1 WHERE jti = $2", successor.jti, jti)
        if change is not None:
            await world.execute(change, jti if "refresh_tokens" in change else session.id)
        signer = world.test_app.runtime.get(AuthComponent).signer
        token = signer.issue(TokenType.REFRESH, subject=user.uid, session=session.uid, jti=jti)
        return {
            **session_values(session),
            "refresh_token": access if name == "access token" else token,
            "access_token": access,
        }


_ROTATED = "UPDATE refresh_tokens SET spent_at = clock_timestamp() - interval '{}' WHERE jti = $1"
_register_refresh("open session")
_register_refresh("access token")
_register_refresh("revoked session", REVOKE)
_register_refresh("expired session", EXPIRE)
_register_refresh(
    "session of deactivated user",
    "UPDATE users SET is_active = false FROM sessions WHERE sessions.user_id = users.id AND sessions.id = $1",
)
_register_refresh(
    "session of deleted user", "DELETE FROM users USING sessions WHERE sessions.user_id = users.id AND sessions.id = $1"
)
_register_refresh("rotated a moment ago", _ROTATED.format("20 seconds"))
_register_refresh("rotated a minute ago", _ROTATED.format("31 seconds"))


@state("no token")
async def no_token(_world: World, _caller: str) -> Values:
    return {"refresh_token": "eyJ.eyJ.eyJ"}


# Passwords.


def _register_password(name: str, label: str, password: str, email: str | None = None) -> None:
    @state(name)
    async def arrange(world: World, _caller: str) -> Values:
        user = world.people[label].user
        return {**user_values(user), "email": email or user.email, "password": password}


_register_password("right password", "peer", PASSWORD)
_register_password("right password, own spelling", "peer", PASSWORD, "PEER@Example.COM")
_register_password("wrong password", "peer", WRONG)
_register_password("unverified user", "unverified", PASSWORD)
_register_password("unverified user, wrong password", "unverified", WRONG)
_register_password("deactivated user, right password", "deactivated", PASSWORD)
_register_password("deactivated user, wrong password", "deactivated", WRONG)


@state("unknown address")
async def unknown_address(_world: World, _caller: str) -> Values:
    return {"email": "nobody@example.com", "password": PASSWORD}


# Registrations and mailed tokens.


@state("new address")
async def new_address(_world: World, _caller: str) -> Values:
    return {"email": REGISTERED}


@state("taken address")
async def taken_address(_world: World, _caller: str) -> Values:
    return {"email": "Peer@Example.com"}


@state("unknown token")
async def unknown_token(_world: World, _caller: str) -> Values:
    return {"email": REGISTERED, "token": str(uuid4())}


@state("registered")
async def registered(world: World, _caller: str) -> Values:
    """A stranger registered and received a verification token."""
    body = {"email": REGISTERED, "password": PASSWORD, "display_name": "New"}
    (mail,) = await _mails(world, "/api/v2/auth/registrations", body)
    return {"email": REGISTERED, "token": mail, "password": PASSWORD}


@state("registered, wrong password")
async def registered_wrong_password(world: World, caller: str) -> Values:
    return {**await registered(world, caller), "password": WRONG}


@state("registered a minute ago")
async def registered_a_minute_ago(world: World, caller: str) -> Values:
    values = await registered(world, caller)
    await world.execute("UPDATE pending_registrations SET mailed_at = mailed_at - interval '61 seconds'")
    return values


@state("registered twice")
async def registered_twice(world: World, caller: str) -> Values:
    """Two clients registered the address, and its owner received a mail about one of them."""
    values = await registered(world, caller)
    body = {"email": REGISTERED, "password": WRONG, "display_name": "Other"}
    assert await _mails(world, "/api/v2/auth/registrations", body) == []
    return values


@state("registered, then created by an admin")
async def registered_then_created(world: World, caller: str) -> Values:
    values = await registered(world, caller)
    await world.execute(
        "INSERT INTO users (uid, email, email_canonical, display_name, roles)"
        " VALUES (gen_random_uuid(), $1, $1, 'New', ARRAY['author'])",
        REGISTERED,
    )
    return values


@state("token of a changed address")
async def changed_address(world: World, _caller: str) -> Values:
    """An admin changed the address of a user, who received a verification token."""
    user = world.people["unverified"].user
    (token,) = await _mails(world, "/api/v2/auth/verifications/resend", {"email": user.email})
    return {**user_values(user), "token": token}


@state("registered, expired token")
async def registered_long_ago(world: World, caller: str) -> Values:
    values = await registered(world, caller)
    await world.test_app.expire_mailed_tokens()
    return values


@state("registered, reset token")
async def registered_with_reset(world: World, caller: str) -> Values:
    await registered(world, caller)
    return {"email": REGISTERED, "token": (await reset_token(world, caller))["token"]}


@state("verified")
async def verified(world: World, caller: str) -> Values:
    values = await registered(world, caller)
    response = await world.send("POST", "/api/v2/auth/verifications", json={"token": values["token"]})
    assert response.status_code == 204, response.text
    return values


@state("reset token")
async def reset_token(world: World, _caller: str) -> Values:
    await world.start_session("peer")
    return await _reset(world, "peer")


@state("reset token of unverified user")
async def reset_token_unverified(world: World, _caller: str) -> Values:
    return await _reset(world, "unverified")


@state("used reset token")
async def used_reset_token(world: World, caller: str) -> Values:
    values = await reset_token(world, caller)
    body = {"token": values["token"], "password": PASSWORD}
    response = await world.send("POST", "/api/v2/auth/password-resets/confirm", json=body)
    assert response.status_code == 204, response.text
    return values


@state("expired reset token")
async def expired_reset_token(world: World, caller: str) -> Values:
    values = await reset_token(world, caller)
    await world.test_app.expire_mailed_tokens()
    return values


@state("replaced reset token")
async def replaced_reset_token(world: World, caller: str) -> Values:
    values = await reset_token(world, caller)
    await world.execute("UPDATE action_tokens SET created_at = created_at - interval '2 minutes'")
    following = await _reset(world, "peer")
    assert following["token"] != values["token"]
    return values


@state("reset token of deactivated user")
async def reset_token_deactivated(world: World, caller: str) -> Values:
    values = await reset_token(world, caller)
    await world.execute("UPDATE users SET is_active = false WHERE id = $1", values["row"])
    return values


@state("reset token of deleted user")
async def reset_token_deleted(world: World, caller: str) -> Values:
    values = await reset_token(world, caller)
    await world.execute("DELETE FROM users WHERE id = $1", values["row"])
    return values


async def _reset(world: World, label: str) -> Values:
    user = world.people[label].user
    (token,) = await _mails(world, "/api/v2/auth/password-resets", {"email": user.email})
    return {**user_values(user), "token": token}


async def _mails(world: World, path: str, body: dict[str, str]) -> list[str]:
    """The tokens in the mails that a request causes."""
    response = await world.send("POST", path, json=body)
    assert response.status_code == 202, response.text
    return [token_of(mail) for mail in await world.test_app.deliver()]
