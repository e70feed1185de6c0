"""The states of jobs."""

from typing import Final

from uuid_utils.compat import uuid7

from tests.truth.credentials import user_of
from tests.truth.states import MISSING, Values, identify, state
from tests.truth.world import World

STRANGER: Final = "second admin"
_CHANGES: Final = {
    "own job": None,
    "running job": "status = 'running', run = gen_random_uuid(), attempt = 1, started_at = clock_timestamp()",
    "succeeded job": "status = 'succeeded', finished_at = clock_timestamp()",
    "failed job": "status = 'failed', finished_at = clock_timestamp()",
    "cancelled job": ("status = 'cancelled', finished_at = clock_timestamp(), cancel_requested_at = clock_timestamp()"),
}


async def _add(world: World, label: str, change: str | None = None) -> Values:
    uid = uuid7()
    await world.execute(
        "INSERT INTO jobs (uid, kind, owner_id, params) VALUES ($1, 'email', $2, '{}')",
        uid,
        world.people[label].user.id,
    )
    if change is not None:
        await world.execute(f"UPDATE jobs SET {change} WHERE uid = $1", uid)  # noqa: S608 - a constant
    return {"job_id": identify("job", 0, uid), "task_id": str(uid), "row": uid}


def _register(name: str, change: str | None) -> None:
    @state(name, of_the_caller=True)
    async def arrange(world: World, caller: str) -> Values:
        return await _add(world, user_of(caller), change)


for name, change in _CHANGES.items():
    _register(name, change)


@state("job with problems", of_the_caller=True)
async def job_with_problems(world: World, caller: str) -> Values:
    values = await _add(world, user_of(caller))
    await world.execute(
        "INSERT INTO job_problems (job_id, line, pointer, code, detail) SELECT id, line, '/title', 'missing', 'A post"
        " needs a title.' FROM jobs, generate_series(2, 3) AS line WHERE uid = $1",
        values["row"],
    )
    return values


@state("foreign job")
async def foreign_job(world: World, _caller: str) -> Values:
    return await _add(world, STRANGER)


@state("job of the product")
async def job_of_the_product(world: World, _caller: str) -> Values:
    uid = uuid7()
    await world.execute("INSERT INTO jobs (uid, kind, params) VALUES ($1, 'housekeeping', '{}')", uid)
    return {"job_id": identify("job", 0, uid), "task_id": str(uid), "row": uid}


@state("missing job")
async def missing_job(_world: World, _caller: str) -> Values:
    uid = uuid7()
    return {"job_id": identify("job", MISSING, uid), "task_id": str(uid)}
