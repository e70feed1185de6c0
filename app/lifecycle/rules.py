"""Validates declared lifecycles and their changes, before an application is built from them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final

from app.lifecycle.errors import LifecycleError
from app.lifecycle.version import SUNSET_STATUSES, VersionLifecycle, VersionStatus, Window

S = VersionStatus
TRANSITIONS: Final[Mapping[VersionStatus, frozenset[VersionStatus]]] = {
    S.PREVIEW: frozenset({S.CURRENT}),
    S.CURRENT: frozenset({S.SUPPORTED, S.DEPRECATED}),
    S.SUPPORTED: frozenset({S.DEPRECATED}),
    S.DEPRECATED: frozenset({S.BROWNOUT, S.RETIRED}),
    S.BROWNOUT: frozenset({S.RETIRED}),
    S.RETIRED: frozenset(),
}
"""The statuses that may follow each status. A version may be deprecated without having been ``SUPPORTED``."""

LONGEST_WINDOW: Final = timedelta(hours=24)
"""A longer brownout would be a retirement without notice."""


def validate_lifecycles(
    lifecycles: Sequence[VersionLifecycle], record: Mapping[str, VersionLifecycle], now: datetime
) -> None:
    """Raise ``LifecycleError`` with all ``lifecycle_errors`` and ``promise_violations``, if there are any."""
    if found := [*lifecycle_errors(lifecycles, now), *promise_violations(record, lifecycles)]:
        raise LifecycleError(found)


def lifecycle_errors(lifecycles: Sequence[VersionLifecycle], now: datetime) -> list[str]:
    """The errors in declared lifecycles, one sentence each. ``lifecycles`` are in the order of their release."""
    known = {lifecycle.name: lifecycle for lifecycle in lifecycles}
    found = [
        f"{name}: declared twice." for name in known if sum(lifecycle.name == name for lifecycle in lifecycles) > 1
    ]
    for lifecycle in lifecycles:
        errors = list(_declaration_errors(lifecycle, now))
        # Missing dates and dates without a time zone cannot be compared with those of other versions.
        found += errors or [*_successor_errors(lifecycle, known), *window_errors(lifecycle, lifecycle.brownouts)]
    return found + list(_order_errors(lifecycles))


def _declaration_errors(lifecycle: VersionLifecycle, now: datetime) -> Iterator[str]:
    name = lifecycle.name
    dates = (
        lifecycle.deprecated_at,
        lifecycle.sunset_at,
        lifecycle.retired_at,
        *(w.starts_at for w in lifecycle.brownouts),
    )
    if any(value is not None and value.tzinfo is None for value in (*dates, *(w.ends_at for w in lifecycle.brownouts))):
        yield f"{name}: every time needs a time zone."
        return
    if lifecycle.status is S.BROWNOUT:
        yield f"{name}: a brownout is not declared as a status: declare it deprecated, and its windows."
        return
    if lifecycle.status is not S.PREVIEW and lifecycle.released > now.date():
        yield f"{name}: is {lifecycle.status} before its release on {lifecycle.released}."
    if not lifecycle.is_sunsetting:
        fields = ("deprecated_at", "sunset_at", "retired_at", "brownouts")
        if given := [field for field in fields if getattr(lifecycle, field)]:
            yield f"{name}: is {lifecycle.status}, but has {', '.join(given)}: deprecate it first."
        return
    if lifecycle.deprecated_at is None or lifecycle.sunset_at is None or lifecycle.successor is None:
        yield f"{name}: is {lifecycle.status}, which needs deprecated_at, sunset_at and a successor."
        return
    if lifecycle.deprecated_at < _midnight(lifecycle.released):
        yield f"{name}: deprecated before its release."
    if lifecycle.sunset_at <= lifecycle.deprecated_at:
        yield f"{name}: its sunset does not come after its deprecation."
    yield from _retirement_errors(lifecycle, lifecycle.sunset_at, now)


def _retirement_errors(lifecycle: VersionLifecycle, sunset_at: datetime, now: datetime) -> Iterator[str]:
    if (lifecycle.status is S.RETIRED) != (lifecycle.retired_at is not None):
        yield f"{lifecycle.name}: a retired version, and no other, has retired_at."
    elif lifecycle.retired_at is not None and lifecycle.retired_at < sunset_at:
        yield f"{lifecycle.name}: retired before its sunset on {sunset_at:%F}, which clients were told to rely on."
    elif lifecycle.retired_at is not None and lifecycle.retired_at > now:
        yield (
            f"{lifecycle.name}: its retirement on {lifecycle.retired_at:%F} has not come: "
            "declare it deprecated until then."
        )


def _successor_errors(lifecycle: VersionLifecycle, known: Mapping[str, VersionLifecycle]) -> Iterator[str]:
    if lifecycle.successor is None:
        return
    successor = known.get(lifecycle.successor)
    if successor is None:
        yield f"{lifecycle.name}: its successor {lifecycle.successor} does not exist."
    elif list(known).index(lifecycle.successor) <= list(known).index(lifecycle.name):
        yield f"{lifecycle.name}: its successor {lifecycle.successor} is not a later version."
    elif successor.status is S.PREVIEW and lifecycle.is_sunsetting:
        yield f"{lifecycle.name}: is {lifecycle.status} while its successor {lifecycle.successor} is only a preview."
    elif successor.status is S.RETIRED and lifecycle.status is not S.RETIRED:
        yield f"{lifecycle.name}: its successor {lifecycle.successor} is retired already."
    elif lifecycle.deprecated_at is not None and lifecycle.deprecated_at < _midnight(successor.released):
        yield f"{lifecycle.name}: deprecated before its successor {lifecycle.successor} was released."


def window_errors(lifecycle: VersionLifecycle, windows: Iterable[Window]) -> Iterator[str]:
    """The errors in the brownouts of a deprecated or retired version."""
    ordered = sorted(windows)
    for window in ordered:
        prefix = f"{lifecycle.name}: the brownout of {window.starts_at:%F %R}"
        if window.ends_at <= window.starts_at:
            yield f"{prefix} does not end after it starts."
        elif window.ends_at - window.starts_at > LONGEST_WINDOW:
            yield f"{prefix} is longer than {LONGEST_WINDOW // timedelta(hours=1)} hours: schedule several."
        elif lifecycle.deprecated_at is None or window.starts_at < lifecycle.deprecated_at:
            yield f"{prefix} starts before the deprecation."
        elif lifecycle.sunset_at is not None and window.ends_at > lifecycle.sunset_at:
            yield f"{prefix} ends after the sunset: retire the version then."
    for first, second in pairwise(ordered):
        if first.overlaps(second):
            yield f"{lifecycle.name}: the brownouts of {first.starts_at:%F %R} and {second.starts_at:%F %R} overlap."


def _order_errors(lifecycles: Sequence[VersionLifecycle]) -> Iterator[str]:
    current = [lifecycle.name for lifecycle in lifecycles if lifecycle.status is S.CURRENT]
    if len(current) > 1:
        yield f"{' and '.join(current)} are both current: one at most is."
    elif not current and any(lifecycle.status is not S.PREVIEW for lifecycle in lifecycles):
        yield "No version is current: where should clients go?"
    for older, newer in pairwise(lifecycles):
        if newer.released < older.released:
            yield f"{newer.name}: released before {older.name}, after which it is listed."
        if older.status is S.PREVIEW and newer.status is not S.PREVIEW:
            yield f"{older.name}: still a preview, while the later {newer.name} is {newer.status}."
        if older.status in {S.PREVIEW, S.CURRENT, S.SUPPORTED} and newer.status in {S.SUPPORTED, *SUNSET_STATUSES}:
            yield f"{newer.name}: is {newer.status}, while the older {older.name} is {older.status}."


def promise_violations(record: Mapping[str, VersionLifecycle], lifecycles: Iterable[VersionLifecycle]) -> list[str]:
    """The promises of the recorded lifecycles that the declared ones break, one sentence each."""
    declared = {lifecycle.name: lifecycle for lifecycle in lifecycles}
    found: list[str] = []
    for name, before in record.items():
        after = declared.get(name)
        if after is not None:
            found += _broken_promises(before, after)
        elif before.status not in {S.PREVIEW, S.RETIRED}:
            found.append(f"{name}: is gone, and was {before.status}: a version is retired before it is removed.")
    for name, after in declared.items():
        # Without a record there are no promises yet: the first record accepts every status.
        if record and name not in record and after.status not in {S.PREVIEW, S.CURRENT}:
            found.append(f"{name}: begins its life as {after.status}: it begins as a preview, or as current.")
    return found


def _broken_promises(before: VersionLifecycle, after: VersionLifecycle) -> Iterator[str]:
    name = before.name
    if after.status is not before.status and after.status not in TRANSITIONS[before.status]:
        allowed = ", ".join(sorted(TRANSITIONS[before.status] - {S.BROWNOUT})) or "nothing"
        yield f"{name}: was {before.status}, which leads to {allowed}, not to {after.status}."
    if before.status is S.PREVIEW:
        return
    if after.released != before.released:
        yield f"{name}: was released on {before.released}; that does not change."
    if before.deprecated_at is not None and after.deprecated_at != before.deprecated_at:
        yield f"{name}: has been deprecated since {before.deprecated_at:%F}; that does not change."
    if before.sunset_at is not None and (after.sunset_at is None or after.sunset_at < before.sunset_at):
        yield f"{name}: its sunset was announced for {before.sunset_at:%F}, and is never moved to an earlier day."
    if before.retired_at is not None and after.retired_at != before.retired_at:
        yield f"{name}: was retired on {before.retired_at:%F}; that does not change."


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
