"""Every write of both versions records its events in its one transaction, with the caller as their actor."""

from importlib import import_module

import pytest

from app.access.principal import Role
from tests.support.app import TestApp
from tests.support.failing_commits import add_triggers, recorded_transactions
from tests.support.operations import VERSIONS
from tests.support.writes import ADA, ENDS_A_USER, NOBODY, ROOT, WRITES, recorded, scene_of

EVENTS = {version: import_module(f"tests.support.write_requests.{version}").EVENTS for version in VERSIONS}
"""By version, the types of the events of each request, in alphabetical order, and who caused them."""


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
        before = len(await recorded(concurrent_app))
        async with recorded_transactions(concurrent_app.runtime.database) as transactions:
            assert (await scene.send(method, url, **{"headers": {}, **options})).is_success
        new = (await recorded(concurrent_app))[before:]
        found = sorted((row.type, callers[row.actor_uid]) for row in new)
        assert found == EVENTS[version][build.__name__], build.__name__
        assert len(transactions) == 1, build.__name__
        if name in ENDS_A_USER:
            scene = await scene_of(concurrent_app, root, number)


def test_every_write_has_its_events() -> None:
    for version in VERSIONS:
        assert EVENTS[version].keys() == {build.__name__ for name, _, build in WRITES if name == version}
