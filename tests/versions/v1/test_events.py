"""Events of operations that only v1 has."""

from sqlalchemy import text

from app.access.principal import Role
from tests.support.app import TestApp
from tests.support.writes import recorded


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
    assert event.payload == {"roles": ["author"]}
