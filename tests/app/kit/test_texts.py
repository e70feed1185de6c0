"""Times, revisions and numbers as text."""

import re
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from app.errors import RevisionConflict
from app.kit.clock import rfc3339, rfc3339_or_none, utc_now
from app.kit.revisions import MARK_PATTERN, ensure_expected, revision_mark
from app.kit.wording import count_of

# Made in the same millisecond: such uids begin with the same 12 digits.
FIRST, SECOND = UUID("01890a5d-ac96-774b-bcce-b302099a8057"), UUID("01890a5d-ac96-774b-bcce-b302099a8058")


@pytest.mark.parametrize("hours", [-9, 0, 14])
def test_a_time_is_written_in_utc(hours: int) -> None:
    moment = datetime(2026, 3, 1, 12, 30, 0, 250, timezone(timedelta(hours=hours)))
    assert datetime.fromisoformat(rfc3339(moment)) == moment
    assert rfc3339(moment).endswith(":30:00.000250Z")
    assert rfc3339_or_none(moment) == rfc3339(moment)
    assert rfc3339_or_none(None) is None
    assert utc_now().tzinfo is UTC


def test_a_mark_names_one_revision_of_one_resource() -> None:
    marks = [revision_mark(uid, revision) for uid in (FIRST, SECOND) for revision in (1, 2)]
    assert len(set(marks)) == 4
    assert all(re.fullmatch(MARK_PATTERN, mark) for mark in marks)
    for expected in (None, frozenset(marks[:1]), frozenset(marks)):
        ensure_expected(FIRST, 1, expected)
    for other in (frozenset[str](), frozenset(marks[1:])):
        with pytest.raises(RevisionConflict):
            ensure_expected(FIRST, 1, other)


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 requests"), (1, "1 request"), (2, "2 requests"), (12345, "12,345 requests")]
)
def test_a_number_has_its_noun(count: int, text: str) -> None:
    assert count_of(count, "request") == text
