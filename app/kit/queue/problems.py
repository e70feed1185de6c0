"""Rows of the input of a job that the job leaves out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.kit.db.sessions import WriteSession

_INSERT: Final = """
INSERT INTO job_problems (job_id, line, pointer, code, detail)
SELECT jobs.id, given.line, given.pointer, given.code, given.detail
FROM jobs, unnest($2::bigint[], $3::text[], $4::text[], $5::text[]) AS given (line, pointer, code, detail)
WHERE jobs.uid = $1
"""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row is left out. ``pointer`` leads to the column (RFC 6901); it is empty for the whole row."""

    line: int
    pointer: str
    code: str
    detail: str


async def add_problems(session: WriteSession, job: UUID, problems: Sequence[RowProblem]) -> None:
    """Store problems in a transaction of the job, in which they become visible with the progress."""
    driver = await session.driver()
    await driver.execute(
        _INSERT,
        job,
        [one.line for one in problems],
        [one.pointer for one in problems],
        [one.code for one in problems],
        [one.detail for one in problems],
    )
