"""Validation of lifecycles: one violation of every rule, and properties of all accepted lifecycles."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lifecycle.errors import LifecycleError
from app.lifecycle.rules import LONGEST_WINDOW, TRANSITIONS, lifecycle_errors, promise_violations, validate_lifecycles
from app.lifecycle.version import VersionLifecycle, VersionStatus, Window, status_at

S = VersionStatus
NOW = datetime(2027, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def at(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


V901 = VersionLifecycle(
    name="v901",
    status=S.DEPRECATED,
    released=date(2025, 1, 15),
    deprecated_at=at(2026, 6, 1),
    sunset_at=at(2027, 3, 1),
    successor="v902",
)
V902 = VersionLifecycle(name="v902", status=S.CURRENT, released=date(2026, 6, 1))
RETIRED: dict[str, Any] = {"status": S.RETIRED, "retired_at": at(2027, 3, 2)}


def window(start: datetime, hours: float = 1) -> Window:
    return Window(start, start + timedelta(hours=hours))


def brownout(*windows: Window) -> dict[str, Any]:
    return {"brownouts": windows}


def test_the_lifecycles_of_the_registry_are_valid() -> None:
    assert lifecycle_errors([V901, V902], NOW) == []
    assert lifecycle_errors([replace(V901, **RETIRED), V902], NOW) == []
    assert (
        lifecycle_errors([replace(V901, **brownout(window(at(2026, 9, 1)), window(at(2026, 9, 1, 1)))), V902], NOW)
        == []
    )


FAULTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("both current", {"status": S.CURRENT, "deprecated_at": None, "sunset_at": None, "successor": None}, {}),
    ("No version is current", {}, {"status": S.PREVIEW}),
    ("successor v903 does not exist", {"successor": "v903"}, {}),
    ("successor v901 is not a later version", {"successor": "v901"}, {}),
    ("only a preview", {}, {"status": S.PREVIEW}),
    ("sunset does not come after its deprecation", {"sunset_at": at(2026, 5, 1)}, {}),
    ("deprecated before its release", {"deprecated_at": at(2025, 1, 1)}, {}),
    ("deprecated before its successor", {"deprecated_at": at(2026, 5, 31)}, {}),
    ("needs deprecated_at, sunset_at and a successor", {"sunset_at": None}, {}),
    ("needs deprecated_at, sunset_at and a successor", {"deprecated_at": None}, {}),
    ("needs deprecated_at, sunset_at and a successor", {"successor": None}, {}),
    ("needs deprecated_at", {**RETIRED, "deprecated_at": None}, {}),
    ("retired before its sunset", {**RETIRED, "retired_at": at(2027, 2, 1)}, {}),
    ("has not come", {**RETIRED, "retired_at": at(2027, 7, 1)}, {}),
    ("and no other, has retired_at", {"retired_at": at(2027, 3, 2)}, {}),
    ("and no other, has retired_at", {"status": S.RETIRED}, {}),
    ("has deprecated_at: deprecate it first", {}, {"deprecated_at": at(2027, 1, 1)}),
    ("has brownouts: deprecate it first", {}, brownout(window(at(2027, 1, 1)))),
    ("not declared as a status", {"status": S.BROWNOUT}, {}),
    ("before its release", {}, {"released": date(2028, 1, 1)}),
    ("needs a time zone", {"sunset_at": datetime(2027, 3, 1)}, {}),  # noqa: DTZ001 - an invalid value
    ("released before v901", {}, {"released": date(2025, 1, 1)}),
    ("does not end after it starts", brownout(window(at(2026, 9, 1), 0)), {}),
    ("longer than 24 hours", brownout(window(at(2026, 9, 1), 25)), {}),
    ("starts before the deprecation", brownout(window(at(2026, 5, 31))), {}),
    ("ends after the sunset", brownout(window(at(2027, 3, 1))), {}),
    ("overlap", brownout(window(at(2026, 9, 1), 2), window(at(2026, 9, 1, 1))), {}),
]


@pytest.mark.parametrize(("sentence", "older", "newer"), FAULTS)
def test_an_invalid_declaration_is_rejected(sentence: str, older: dict[str, Any], newer: dict[str, Any]) -> None:
    lifecycles = [replace(V901, **older), replace(V902, **newer)]
    assert any(sentence in fault for fault in lifecycle_errors(lifecycles, NOW)), lifecycle_errors(lifecycles, NOW)
    with pytest.raises(LifecycleError, match=sentence):
        validate_lifecycles(lifecycles, {}, NOW)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ({"deprecated_at": at(2025, 1, 15), "sunset_at": at(2027, 3, 1)}, {"released": date(2025, 1, 15)}),
        ({"deprecated_at": at(2026, 6, 1)}, {}),
        ({"sunset_at": at(2026, 6, 1) + timedelta(seconds=1)}, {}),
        ({"status": S.RETIRED, "retired_at": at(2027, 3, 1)}, {}),
        ({"status": S.RETIRED, "retired_at": NOW}, {}),
        (brownout(window(at(2026, 6, 1))), {}),
        (brownout(window(at(2027, 2, 28, 23))), {}),
        (brownout(window(at(2026, 9, 1), 24)), {}),
    ],
)
def test_a_declaration_exactly_at_a_bound_is_valid(older: dict[str, Any], newer: dict[str, Any]) -> None:
    assert lifecycle_errors([replace(V901, **older), replace(V902, **newer)], NOW) == []


def test_a_version_may_be_current_on_the_day_of_its_release() -> None:
    today, tomorrow = NOW.date(), NOW.date() + DAY
    assert lifecycle_errors([replace(V902, released=today)], NOW) == []
    assert lifecycle_errors([replace(V902, released=tomorrow)], NOW) == [
        f"v902: is current before its release on {tomorrow}."
    ]
    assert lifecycle_errors([replace(V902, status=S.PREVIEW, released=tomorrow)], NOW) == []


def test_an_error_lists_every_field_that_needs_a_deprecation() -> None:
    dates = {"deprecated_at": at(2026, 6, 1), "sunset_at": at(2027, 1, 1), "retired_at": at(2027, 2, 1)}
    assert lifecycle_errors([replace(V902, **dates, **brownout(window(at(2026, 9, 1))))], NOW) == [
        "v902: is current, but has deprecated_at, sunset_at, retired_at, brownouts: deprecate it first."
    ]


def test_a_version_must_not_be_further_in_its_lifecycle_than_an_older_one() -> None:
    v903 = replace(V902, name="v903", released=date(2027, 1, 1))
    old_preview = lifecycle_errors([V901, replace(V902, status=S.PREVIEW), v903], NOW)
    assert any("v902: still a preview" in fault for fault in old_preview)
    supported = replace(V902, status=S.SUPPORTED)
    assert lifecycle_errors([V901, supported, v903], NOW) == []
    newer_supported = lifecycle_errors([V901, V902, replace(v903, status=S.SUPPORTED)], NOW)
    assert any("v903: is supported, while the older v902 is current" in fault for fault in newer_supported)
    gone = lifecycle_errors(
        [V901, replace(V902, **RETIRED, deprecated_at=at(2027, 1, 1), sunset_at=at(2027, 2, 1)), v903], NOW
    )
    assert any("successor v902 is retired already" in fault for fault in gone)
    assert any("declared twice" in fault for fault in lifecycle_errors([V902, V902], NOW))


PROMISES: list[tuple[str, VersionLifecycle | None]] = [
    ("was deprecated, which leads to retired, not to current", replace(V902, name="v901", released=V901.released)),
    ("sunset was announced for 2027-03-01", replace(V901, sunset_at=at(2027, 2, 1))),
    ("has been deprecated since 2026-06-01", replace(V901, deprecated_at=at(2026, 7, 1))),
    ("was released on 2025-01-15", replace(V901, released=date(2025, 1, 16))),
    ("is gone, and was deprecated", None),
]


def test_the_date_of_a_retirement_does_not_change() -> None:
    before, after = replace(V901, **RETIRED), replace(V901, **RETIRED | {"retired_at": at(2027, 3, 3)})
    assert promise_violations({"v901": before, "v902": V902}, [after, V902]) == [
        "v901: was retired on 2027-03-02; that does not change."
    ]


@pytest.mark.parametrize(("sentence", "after"), PROMISES)
def test_a_broken_promise_is_reported(sentence: str, after: VersionLifecycle | None) -> None:
    record = {"v901": V901, "v902": V902}
    found = promise_violations(record, [lifecycle for lifecycle in (after, V902) if lifecycle is not None])
    assert any(sentence in error for error in found), found


def test_a_change_without_a_broken_promise_is_accepted() -> None:
    record = {"v901": V901, "v902": V902}
    v903 = replace(V902, name="v903", status=S.PREVIEW)
    assert (
        promise_violations(record, [replace(V901, sunset_at=V901.sunset_at and V901.sunset_at + DAY), V902, v903]) == []
    )
    assert promise_violations(record, [replace(V901, **RETIRED), V902]) == []
    assert promise_violations({"v901": replace(V901, **RETIRED), "v902": V902}, [V902]) == []
    assert promise_violations({"v902": replace(V902, status=S.PREVIEW)}, [V902]) == []
    assert promise_violations({"v901": V901, "v902": replace(V902, status=S.PREVIEW)}, [V901]) == [], (
        "a preview may be removed"
    )
    retired = replace(V901, **RETIRED)
    assert promise_violations({"v901": retired, "v902": V902}, [retired, V902]) == []
    assert promise_violations({}, [V901, V902]) == [], "the first record accepts every status"
    for status in (S.SUPPORTED, S.DEPRECATED, S.RETIRED):
        (skipped,) = promise_violations(record, [replace(V901, name="v0", status=status), V901, V902])
        assert f"v0: begins its life as {status}" in skipped


def test_a_version_is_deprecated_before_it_is_retired() -> None:
    for before in (S.PREVIEW, S.CURRENT, S.SUPPORTED):
        record = {"v901": replace(V902, name="v901", status=before, released=V901.released)}
        found = promise_violations(record, [replace(V901, **RETIRED)])
        assert any(f"was {before}" in fault and "not to retired" in fault for fault in found)


dates = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - a bound
windows = st.builds(
    lambda start, hours: Window(start, start + timedelta(hours=hours)), dates, st.integers(min_value=-1, max_value=30)
)
statuses = st.sampled_from(S)
lifecycles = st.builds(
    VersionLifecycle,
    name=st.sampled_from(["v901", "v902", "v903"]),
    status=statuses,
    released=st.dates(date(2025, 1, 1), date(2028, 1, 1)),
    deprecated_at=st.none() | dates,
    sunset_at=st.none() | dates,
    retired_at=st.none() | dates,
    successor=st.none() | st.sampled_from(["v901", "v902", "v903"]),
    brownouts=st.lists(windows, max_size=3).map(tuple),
)
likely = st.builds(
    lambda lifecycle, gaps, status, successor: replace(
        lifecycle,
        status=status,
        deprecated_at=at(2026, 6, 1) + gaps[0] * DAY,
        sunset_at=at(2026, 6, 1) + (gaps[0] + gaps[1]) * DAY,
        retired_at=at(2026, 6, 1) + sum(gaps) * DAY if status is S.RETIRED else None,
        successor=successor,
    ),
    lifecycles,
    st.tuples(*[st.integers(min_value=-10, max_value=200)] * 3),
    st.sampled_from([S.DEPRECATED, S.RETIRED]),
    st.sampled_from(["v902", "v903"]),
)
# Independent dates are rarely valid, so some registries are derived from a valid one with likely changes.
registries = st.lists(lifecycles | likely | st.just(V902), min_size=1, max_size=3) | st.tuples(
    likely.map(
        lambda lifecycle: replace(lifecycle, name="v901", released=V901.released, brownouts=lifecycle.brownouts[:1])
    ),
    st.just(V902),
).map(list)


@given(registries, dates)
def test_accepted_lifecycles_are_ordered(found: list[VersionLifecycle], now: datetime) -> None:
    """For any dates: the dates of an accepted lifecycle are ordered, and every change of status is in the table."""
    if lifecycle_errors(found, now):
        return
    names = [lifecycle.name for lifecycle in found]
    assert len(set(names)) == len(names)
    assert sum(lifecycle.status is S.CURRENT for lifecycle in found) <= 1
    for lifecycle in found:
        if not lifecycle.is_sunsetting:
            assert lifecycle.deprecated_at is lifecycle.sunset_at is lifecycle.retired_at is None
            continue
        assert lifecycle.successor in names[names.index(lifecycle.name) + 1 :]
        assert lifecycle.deprecated_at is not None
        assert lifecycle.sunset_at is not None
        order = [
            lifecycle.deprecated_at,
            lifecycle.sunset_at,
            *([lifecycle.retired_at] if lifecycle.retired_at else []),
        ]
        assert order == sorted(order)
        assert all(
            lifecycle.deprecated_at <= w.starts_at < w.ends_at <= lifecycle.sunset_at for w in lifecycle.brownouts
        )
        assert all(w.ends_at - w.starts_at <= LONGEST_WINDOW for w in lifecycle.brownouts)


@given(likely, st.lists(windows, max_size=3), st.none() | dates, st.lists(dates, min_size=2, max_size=6))
def test_a_status_only_advances_with_time(
    lifecycle: VersionLifecycle, scheduled: list[Window], retired_at: datetime | None, moments: list[datetime]
) -> None:
    stages = [status_at(lifecycle, moment, scheduled, retired_at) for moment in sorted(moments)]
    for before, after in pairwise(stages):
        assert after is before or after in TRANSITIONS[before], stages


@given(statuses, statuses)
def test_exactly_the_transitions_of_the_table_are_accepted(before: VersionStatus, after: VersionStatus) -> None:
    record = {"v901": replace(V901, status=before)}
    refused = any("which leads to" in fault for fault in promise_violations(record, [replace(V901, status=after)]))
    assert refused is (before is not after and after not in TRANSITIONS[before])
