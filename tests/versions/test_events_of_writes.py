"""Every write of both versions records its events, with the caller as their actor."""

from typing import Any

import orjson
import pytest
from sqlalchemy import text

from app.access.principal import Role
from tests.support.app import TestApp
from tests.support.operations import VERSIONS
from tests.support.writes import ENDS_A_USER, WRITES, scene_of

NOBODY, ADA, ROOT = "nobody", "ada", "root"
BATCH = [("post.created", ADA), ("post.deleted", ADA), ("post.published", ADA), ("post.updated", ADA)]
EVENTS: dict[str, list[tuple[str, str]]] = {
    "v1_register": [],
    "v1_verify": [("user.registered", NOBODY)],
    "v1_login": [("session.started", NOBODY)],
    "v1_refresh": [],
    "v1_create_post": [("post.created", ADA)],
    "v1_update_post": [("post.updated", ADA)],
    "v1_delete_post": [("post.deleted", ADA)],
    "v1_view_post": [],
    "v1_create_user": [("user.created", ROOT)],
    "v1_update_user": [("user.updated", ADA)],
    "v1_delete_user": [("user.deleted", ADA)],
    "v1_delete_as_admin": [("user.deleted", ROOT)],
    "v2_register": [],
    "v2_register_again": [],
    "v2_verify": [("user.registered", NOBODY)],
    "v2_resend": [],
    "v2_request_reset": [],
    "v2_confirm_reset": [("user.password_reset", NOBODY)],
    "v2_reauthenticate": [],
    "v2_revoke": [("session.revoked", NOBODY)],
    "v2_delete_session": [("session.revoked", ADA)],
    "v2_sign_in": [("session.started", NOBODY)],
    "v2_refresh": [],
    "v2_update_me": [("user.updated", ADA)],
    "v2_set_password": [("user.updated", ADA)],
    "v2_create_post": [("post.created", ADA), ("post.published", ADA)],
    "v2_batch": BATCH,
    "v2_atomic_batch": BATCH,
    "v2_update_post": [("post.updated", ADA)],
    "v2_delete_post": [("post.deleted", ADA)],
    "v2_view_post": [],
    "v2_update_user": [("user.updated", ROOT)],
    "v2_delete_user": [("user.deleted", ROOT)],
    "v2_set_roles": [("user.roles_changed", ROOT)],
}
"""The types of the events of each request, in alphabetical order, and who caused them."""


async def recorded(test_app: TestApp) -> list[Any]:
    async with test_app.runtime.database.write() as session:
        return list(
            await session.execute(text("SELECT id, type, actor_uid, payload, subject_uid FROM events ORDER BY id"))
        )


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_events_of_each_write(concurrent_app: TestApp, version: str) -> None:
    root = await concurrent_app.person("root@example.com", Role.ADMIN)
    scene = await scene_of(concurrent_app, root, 0)
    for number, (of_version, name, build) in enumerate(WRITES):
        if of_version != version:
            continue
        scene.new_email, scene.name = f"new{number}@example.com", f"Name {number}"
        callers = {None: NOBODY, scene.ada.user.uid: ADA, root.user.uid: ROOT}
        method, url, options = await build(scene)
        before = len(await recorded(concurrent_app))
        assert (await scene.send(method, url, **{"headers": {}, **options})).is_success
        new = (await recorded(concurrent_app))[before:]
        found = sorted((row.type, callers[row.actor_uid]) for row in new)
        assert found == EVENTS[build.__name__], build.__name__
        if name in ENDS_A_USER:
            scene = await scene_of(concurrent_app, root, number)


def test_every_write_has_its_events() -> None:
    assert EVENTS.keys() == {build.__name__ for _, _, build in WRITES}


async def test_a_user_whom_an_admin_created_is_an_event_with_its_roles(test_app: TestApp) -> None:
    root = await test_app.person("root@example.com", Role.ADMIN)
    body = {"email": "new@example.com", "password": "correct horse battery", "full_name": "N"}
    async with test_app.client(root.headers) as client:
        made = await client.post("/api/v1/users", json=body)
        assert made.status_code == 201
    (event,) = await recorded(test_app)
    async with test_app.runtime.database.write() as session:
        uid = await session.scalar(text("SELECT uid FROM users WHERE id = :id"), {"id": made.json()["id"]})
    assert (event.type, event.subject_uid, event.actor_uid) == ("user.created", uid, root.user.uid)
    assert orjson.loads(event.payload) == {"roles": ["author"]}
