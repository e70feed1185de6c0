"""Every write of both versions records its events and audit rows in its one transaction, with the caller as actor."""

from importlib import import_module

import pytest

from app.access.principal import Role
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.failing_commits import add_triggers, recorded_transactions
from tests.support.identities import PROVIDERS
from tests.support.operations import ALL, VERSIONS
from tests.support.writes import (
    ADA,
    ENDS_A_USER,
    NEW,
    NOBODY,
    ROOT,
    ROOT_KEY,
    WRITES,
    audited,
    recorded,
    scene_of,
)

_REQUESTS = {version: import_module(f"tests.support.write_requests.{version}") for version in VERSIONS}
EVENTS = {version: requests.EVENTS for version, requests in _REQUESTS.items()}
"""By version, the types of the events of each request, in alphabetical order, and who caused them."""
AUDIT = {version: requests.AUDIT for version, requests in _REQUESTS.items()}
"""By version, the acts of each request in the audit trail, in alphabetical order, and their actors."""
SENSITIVE = ("credentials:", "keys:", "roles:", "users:write", "users:delete", "plans:", "ledger:")
"""Operations that need such a permission are security-relevant, and those that sign a user in or out."""
NOT_AUDITED = {
    "register": "a pending registration is not a user yet",
    "register_again": "a pending registration is not a user yet",
    "refresh": "continues a session whose start was recorded",
    "resend": "requests a mail; the worker decides whether one is sent",
    "request_reset": "requests a mail; the worker decides whether one is sent",
    **dict.fromkeys(
        ("transfer", "create_transfer", "reverse_transfer", "create_hold", "capture_hold", "release_hold"),
        "transfers and holds are a history of their own, with the user, which never changes",
    ),
    "visit_provider": "starts a visit; what its callback does is recorded",
    "update_user": "a name; tests/app/audit/test_acts.py::test_sensitive_changes_of_a_user has the other fields",
}
"""Security-relevant operations whose requests in ``WRITES`` record nothing, and why."""

REASONS = {
    **dict.fromkeys(("revoke", "delete_session", "delete_other_sessions"), "logout"),
    **dict.fromkeys(("delete_user", "delete_as_admin"), "user_deleted"),
    "confirm_reset": "password_reset",
    "set_password": "password_changed",
}
"""Why sessions are revoked, by the request."""
UPLOADED = {"files.create": 1, "files.upload": 1, "files.upload_multiple": 2, "files.complete": 1}
"""The number of files. The row of each, or the claim on it, is committed before its first byte; the last transaction
contains the events."""


@pytest.fixture(scope="session")
def settings(settings: Settings) -> Settings:
    """With a provider, to which a user starts a visit."""
    return settings.with_groups(PROVIDERS)


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_events_of_each_write(concurrent_app: TestApp, version: str) -> None:
    root = await concurrent_app.person("root@example.com", Role.ADMIN)
    scene = await scene_of(concurrent_app, root, 0)
    await add_triggers(concurrent_app.runtime.database)
    # The first use of a key is recorded.
    await scene.send("GET", "/api/v2/me", headers=root.headers)
    for number, (of_version, name, build) in enumerate(WRITES):
        if of_version != version:
            continue
        scene.new_email, scene.name = f"new{number}@example.com", f"Name {number}"
        callers = {None: NOBODY, scene.ada.user.uid: ADA, root.user.uid: ROOT}
        method, url, options = await build(scene)
        before, acts = len(await recorded(concurrent_app)), len(await audited(concurrent_app))
        async with recorded_transactions(concurrent_app.runtime.database) as transactions:
            assert (await scene.send(method, url, **{"headers": {}, **options})).is_success
        new = (await recorded(concurrent_app))[before:]
        found = sorted((row.type, callers[row.actor_uid]) for row in new)
        assert found == EVENTS[version][build.__name__], build.__name__
        assert {row.payload["reason"] for row in new if row.type == "session.revoked"} <= {REASONS.get(build.__name__)}
        # A user owns itself; the transfer of an admin belongs to the admin.
        owner = root if build.__name__ == "reverse_transfer" else scene.ada
        assert {row.owner_uid for row in new if row.owner_uid != row.subject_uid} <= {owner.user.uid}, build.__name__
        rows = (await audited(concurrent_app))[acts:]
        actors = {**callers, root.key_uid: ROOT_KEY}
        found = sorted((row.action, actors.get(row.actor, NEW)) for row in rows)
        assert found == AUDIT[version][build.__name__], build.__name__
        for row in rows:
            assert row.outcome == "success"
            assert row.address
            assert row.request_id
            assert row.on_behalf == (root.user.uid if row.actor == root.key_uid else None)
        assert len(transactions) == 1 + UPLOADED.get(name, 0), build.__name__
        if name in ENDS_A_USER:
            scene = await scene_of(concurrent_app, root, number)


def test_every_write_has_its_events() -> None:
    for version in VERSIONS:
        writes = {build.__name__ for name, _, build in WRITES if name == version}
        assert EVENTS[version].keys() == AUDIT[version].keys() == writes


def test_every_security_relevant_write_is_audited() -> None:
    documents = {(operation.version, operation.name): operation.spec for operation in ALL}
    silent = set()
    for version, name, build in WRITES:
        operation = documents[version, name]
        needed = " ".join(operation["x-required-permission"])
        signs_in = not operation["security"] or "auth" in operation["tags"]
        if (signs_in or any(part in needed for part in SENSITIVE)) and not AUDIT[version][build.__name__]:
            silent.add(build.__name__)
    assert silent == NOT_AUDITED.keys()
