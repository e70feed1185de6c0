"""The plans of one process, and their changes by operators."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.access.commands import KeyDraft
from app.access.errors import ApiKeyNotFound, PlanOfOtherKeys
from app.access.keys import Mode
from app.access.principal import anonymous
from app.access.reader import PrincipalResolver
from app.access.service import ApiKeyService
from app.http.plans import PlansComponent
from app.kit.db import migrations
from app.kit.db.database import Database
from app.kit.db.sessions import WriteSession
from app.plans.catalogue import PlanCatalogue
from app.plans.commands import PlanEdit
from app.plans.errors import InvalidPlan, PlanIsRequired, PlanIsRetired, PlanNotFound
from app.plans.policies import parse_policies
from app.plans.queries import PlanQueries
from app.plans.service import PlanService
from app.plans.views import Plan, PlanView
from app.settings.database import DatabaseSettings
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.limits import BUILT_IN, FREE
from tests.support.postgres import create, drop
from tests.support.transactions import blocked_or_done, overlap
from tests.support.users import events

PRO = BUILT_IN[1]
GOLD = replace(PRO, name="gold", policies={"burst": "7/day"})


def quota(plan: Plan) -> tuple[str, int]:
    return plan.name, plan.rules.policies[0].quota


async def change(test_app: TestApp, edit: PlanEdit) -> PlanView:
    async with test_app.runtime.database.write() as session:
        return await PlanService(session).set(edit)


async def test_the_migration_stores_the_built_in_plans(admin_dsn: str, settings: Settings) -> None:
    dsn = await create(admin_dsn, "plans")
    await asyncio.to_thread(migrations.upgrade, dsn)
    database = await Database.open(dsn, settings[DatabaseSettings])
    assert sorted(await PlanQueries(database.reads).all(), key=str) == sorted(BUILT_IN, key=str)
    await database.close()
    await drop(admin_dsn, dsn)


def test_an_unknown_plan_is_replaced_and_reported_once() -> None:
    plans = PlanCatalogue()
    plans.replace(BUILT_IN)
    with capture_logs() as lines:
        assert [quota(plans.get("gold")) for _ in range(3)] == [("free", 300)] * 3
        plans.replace(BUILT_IN)
        assert plans.caps("gold") == FREE.caps
    assert [(line["event"], line["log_level"], line["plan"]) for line in lines] == [
        ("plan_is_unknown", "error", "gold")
    ]
    plans.replace([*BUILT_IN, GOLD])
    assert quota(plans.get("gold")) == ("gold", 7)
    with capture_logs() as lines:
        plans.replace(BUILT_IN)
        plans.get("gold")
    assert len(lines) == 1, "a plan that was known and is gone is reported again"
    with capture_logs() as lines:
        for number in range(500):
            plans.get(f"plan-{number}")
    assert len(lines) < 100, "the number of reports is bounded"


def test_a_refresh_replaces_changed_plans_only() -> None:
    plans = PlanCatalogue()
    plans.replace([FREE, PRO])
    free, pro = plans.get("free"), plans.get("pro")
    plans.replace([FREE, replace(PRO, policies={"burst": "9/minute"})])
    assert plans.get("free") is free, "the counters of a plan that did not change are not looked up again"
    assert (quota(pro), quota(plans.get("pro"))) == (("pro", 3000), ("pro", 9))
    plans.replace([])
    assert plans.get("free") is free, "the default plan is always there"
    assert plans.get("pro") is free


def test_an_invalid_plan_stops_no_process() -> None:
    plans = PlanCatalogue()
    plans.replace(BUILT_IN)
    broken = [FREE, replace(PRO, policies={"burst": "many"}), replace(GOLD, policies={})]
    with capture_logs() as lines:
        plans.replace(broken)
        plans.replace(broken)
    assert [(line["event"], line["plan"]) for line in lines] == [
        ("plan_is_invalid", "pro"),
        ("plan_is_invalid", "gold"),
    ]
    assert quota(plans.get("pro")) == ("pro", 3000), "it keeps the policies that it had"
    assert quota(plans.get("gold")) == ("free", 300)
    plans.replace([FREE, replace(PRO, policies={"burst": "8/minute"})])
    assert quota(plans.get("pro")) == ("pro", 8)


@pytest.mark.parametrize(
    ("policies", "message"),
    [
        ({}, "1 to 8 policies"),
        ([], "1 to 8 policies"),
        (None, "1 to 8 policies"),
        ({str(number): "1/day" for number in range(9)}, "1 to 8 policies"),
        ({"Burst": "1/day"}, "name of a policy"),
        ({"burst": "0/day"}, "quota such as 100/minute"),
        ({"burst": "1/week"}, "quota such as 100/minute"),
        ({"burst": 5}, "quota such as 100/minute"),
        ({"burst": "1/day\n"}, "quota such as 100/minute"),
        ({"burst": "999999999/999 days"}, "cannot be counted"),
    ],
)
async def test_invalid_policies_are_rejected(test_app: TestApp, policies: Any, message: str) -> None:
    with pytest.raises(InvalidPlan, match=message):
        parse_policies("gold", policies)
    if isinstance(policies, dict):
        with pytest.raises(InvalidPlan, match=message):
            await change(test_app, PlanEdit("pro", policies))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (PlanEdit("Gold", {"burst": "1/day"}), "name of a plan"),
        (PlanEdit("anonymous", {"burst": "1/day"}), "name of a plan"),
        (PlanEdit("rejected", {"burst": "1/day"}), "name of a plan"),
        (PlanEdit("gold"), "needs at least one policy"),
        (PlanEdit("pro", caps={"keys": -1}), "cap 'keys'"),
        (PlanEdit("pro", caps={"streams": 2**63}), "cap 'streams'"),
    ],
)
async def test_invalid_plans_are_rejected(test_app: TestApp, edit: PlanEdit, message: str) -> None:
    with pytest.raises(InvalidPlan, match=message):
        await change(test_app, edit)


async def test_a_change_is_in_force_after_the_refresh(concurrent_app: TestApp) -> None:
    ada = await concurrent_app.person("ada@example.com")
    await change(concurrent_app, PlanEdit("gold", {"burst": "2/day"}, {"keys": 7}))
    component = concurrent_app.runtime.get(PlansComponent)
    await component.refresh()
    async with concurrent_app.runtime.database.write() as session:
        _, text = await ApiKeyService(session).create(KeyDraft(ada.user.id, "k", ["posts:read"], plan="gold"))
    async with concurrent_app.client({"X-API-Key": text}) as client:
        limits = (await client.get("/api/v2/rate-limit")).json()
        assert (limits["plan"], [policy["quota"] for policy in limits["policies"]]) == ("gold", [2])
        assert [(await client.get("/api/v2/posts")).status_code for _ in range(3)] == [200, 200, 429]
        await change(concurrent_app, PlanEdit("gold", {"burst": "4/day"}))
        await component.refresh()
        assert [(await client.get("/api/v2/posts")).status_code for _ in range(3)] == [200, 200, 429]
    changed = next(
        plan for plan in await PlanQueries(concurrent_app.runtime.database.reads).all() if plan.name == "gold"
    )
    assert asdict(changed.caps) == asdict(FREE.caps) | {"keys": 7}, "a new plan has the other caps of the plan free"


async def test_a_key_on_a_plan_that_is_gone_has_the_default_plan(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.runtime.database.write() as session:
        await (await session.driver()).execute("UPDATE api_keys SET plan = 'gone'")
    with capture_logs() as lines:
        async with test_app.client(ada.headers) as client:
            found = [await client.get("/api/v2/rate-limit") for _ in range(3)]
    assert [(response.status_code, response.json()["plan"]) for response in found] == [(200, "free")] * 3
    assert [line["plan"] for line in lines if line["event"] == "plan_is_unknown"] == ["gone"]


async def test_a_retired_plan_gets_no_more_keys(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.runtime.database.write() as session:
        service, plans = ApiKeyService(session), PlanService(session)
        key, _ = await service.create(KeyDraft(ada.user.id, "k", ["posts:read"], plan="pro"))
        retired = await plans.retire("pro")
        assert retired.retired_at == (await plans.retire("pro")).retired_at
        with pytest.raises(PlanIsRetired, match="'pro' is retired"):
            await service.create(KeyDraft(ada.user.id, "k", ["posts:read"], plan="pro"))
        _, successor, _ = await service.rotate(key.uid, key.created_at - key.created_at)
        assert successor.plan == "pro", "keys on it keep it"
        for name in ("free", "test"):
            with pytest.raises(PlanIsRequired, match=f"'{name}' cannot be retired"):
                await plans.retire(name)
        with pytest.raises(PlanNotFound, match="There is no plan 'gold'"):
            await plans.retire("gold")
        assert (await plans.set(PlanEdit("pro"))).retired_at is None
        await service.create(KeyDraft(ada.user.id, "k", ["posts:read"], plan="pro"))


async def test_the_plan_of_a_key_changes(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.runtime.database.write() as session:
        service = ApiKeyService(session)
        live, _ = await service.create(KeyDraft(ada.user.id, "live", ["posts:read"]))
        test, _ = await service.create(KeyDraft(ada.user.id, "trial", ["posts:read"], mode="test"))
        for _ in range(2):
            await service.set_plan(live.uid, "pro")
        assert live.plan == "pro"
        await service.set_plan(test.uid, "test")
        for key, plan in ((test, "pro"), (live, "test")):
            with pytest.raises(PlanOfOtherKeys):
                await service.set_plan(key.uid, plan)
        with pytest.raises(PlanNotFound):
            await service.set_plan(live.uid, "gold")
        with pytest.raises(ApiKeyNotFound):
            await service.set_plan(ada.user.uid, "pro")
        wrong: list[tuple[Mode, str]] = [("test", "pro"), ("live", "test")]
        for mode, plan in wrong:
            with pytest.raises(PlanOfOtherKeys):
                await service.create(KeyDraft(ada.user.id, "k", ["posts:read"], mode, plan))
        shown = {view.name: view.plan for view, _ in await service.list_all()}
    assert (shown["live"], shown["trial"]) == ("pro", "test")
    changes = [(subject, payload) for kind, subject, payload in await events(test_app) if kind == "api_key.updated"]
    assert changes == [(live.uid, {"changed": ["plan"]})], "the others had the plan"


async def test_a_test_key_is_on_the_test_plan_and_moves_no_money(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    resolver = PrincipalResolver(test_app.runtime.database.reads)
    async with test_app.runtime.database.write() as session:
        service = ApiKeyService(session)
        _, trial = await service.create(KeyDraft(ada.user.id, "k", ["posts:read"], mode="test"))
        _, live = await service.create(KeyDraft(ada.user.id, "k", ["posts:read"], plan="pro"))
        # As in a row from before the plan.
        await (await session.driver()).execute("UPDATE api_keys SET plan = 'pro'")
    found = {text[:8]: await resolver.by_key(text) for text in (trial, live)}
    assert {prefix: (caller.plan, caller.may_move_money) for prefix, caller in found.items()} == {
        "sk_test_": ("test", False),
        "sk_live_": ("pro", True),
    }
    assert anonymous().may_move_money


async def test_a_plan_is_not_retired_while_a_key_is_put_on_it(concurrent_app: TestApp) -> None:
    async def run(act: Callable[[PlanService], Awaitable[object]]) -> None:
        async with concurrent_app.runtime.database.write() as session:
            await act(PlanService(session))

    async with concurrent_app.runtime.database.write() as session:
        await PlanService(session).ensure_available("pro")
        # Several keys are put on a plan at once.
        await run(lambda plans: plans.ensure_available("pro"))
        retirement = asyncio.create_task(run(lambda plans: plans.retire("pro")))
        assert await blocked_or_done(concurrent_app, retirement)
    await retirement


async def test_of_two_changes_of_a_plan_the_second_keeps_the_first(concurrent_app: TestApp) -> None:
    def caps(**values: int) -> Callable[[WriteSession], Awaitable[PlanView]]:
        return lambda session: PlanService(session).set(PlanEdit("pro", caps=values))

    _, second = await overlap(concurrent_app, caps(keys=1), caps(streams=2))
    assert (second.caps.keys, second.caps.streams) == (1, 2)


@pytest.mark.parametrize("name", ["Pro", "pro!", "1pro", "p" * 33, "", "pro\n"])
async def test_the_whole_name_of_a_plan_is_checked(test_app: TestApp, name: str) -> None:
    with pytest.raises(InvalidPlan):
        await change(test_app, PlanEdit(name, {"burst": "7/day"}))
