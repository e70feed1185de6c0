"""Which lives are possible, and which steps from one to the next: everything else is refused before it is served."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final

from app.lifecycle.version import ENDING, Life, VersionStatus, Window

S = VersionStatus
TRANSITIONS: Final[Mapping[VersionStatus, frozenset[VersionStatus]]] = {
    S.PREVIEW: frozenset({S.CURRENT}),
    S.CURRENT: frozenset({S.SUPPORTED, S.DEPRECATED}),
    S.SUPPORTED: frozenset({S.DEPRECATED}),
    S.DEPRECATED: frozenset({S.BROWNOUT, S.RETIRED}),
    S.BROWNOUT: frozenset({S.RETIRED}),
    S.RETIRED: frozenset(),
}
"""Where each stage may lead. A version that was never supported beside a newer one may be deprecated at once."""

LONGEST_WINDOW: Final = timedelta(hours=24)
"""A longer brownout would be an end without its notice."""


class LifecycleError(ValueError):
    """The declared lives contradict each other, or what was declared before."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = tuple(faults)


def ensure_sound(lives: Sequence[Life], record: Mapping[str, Life], now: datetime) -> None:
    """Raise ``LifecycleError`` unless everything that ``faults_of`` and ``broken_promises`` ask for holds."""
    if found := [*faults_of(lives, now), *broken_promises(record, lives)]:
        raise LifecycleError(found)


def faults_of(lives: Sequence[Life], now: datetime) -> list[str]:
    """What is wrong with the declared lives, one sentence each. ``lives`` are in the order of their release."""
    known = {life.name: life for life in lives}
    found = [f"{name}: declared twice." for name in known if sum(life.name == name for life in lives) > 1]
    for life in lives:
        faults = list(_own_faults(life, now))
        # Dates that are no dates yet cannot be compared with those of others.
        found += faults or [*_succession_faults(life, known), *window_faults(life, life.brownouts)]
    return found + list(_order_faults(lives))


def _own_faults(life: Life, now: datetime) -> Iterator[str]:
    name = life.name
    dates = (life.deprecated_at, life.sunset_at, life.retired_at, *(w.starts_at for w in life.brownouts))
    if any(value is not None and value.tzinfo is None for value in (*dates, *(w.ends_at for w in life.brownouts))):
        yield f"{name}: every time needs a time zone."
        return
    if life.status is S.BROWNOUT:
        yield f"{name}: a brownout is not declared as a status: declare it deprecated, and its windows."
        return
    if life.status is not S.PREVIEW and life.released > now.date():
        yield f"{name}: is {life.status} before its release on {life.released}."
    if not life.ending:
        fields = ("deprecated_at", "sunset_at", "retired_at", "brownouts")
        if given := [field for field in fields if getattr(life, field)]:
            yield f"{name}: is {life.status}, but has {', '.join(given)}: deprecate it first."
        return
    if life.deprecated_at is None or life.sunset_at is None or life.successor is None:
        yield f"{name}: is {life.status}, which needs deprecated_at, sunset_at and a successor."
        return
    if life.deprecated_at < _midnight(life.released):
        yield f"{name}: deprecated before its release."
    if life.sunset_at <= life.deprecated_at:
        yield f"{name}: its sunset does not come after its deprecation."
    yield from _retirement_faults(life, life.sunset_at, now)


def _retirement_faults(life: Life, sunset_at: datetime, now: datetime) -> Iterator[str]:
    if (life.status is S.RETIRED) != (life.retired_at is not None):
        yield f"{life.name}: a retired version, and no other, has retired_at."
    elif life.retired_at is not None and life.retired_at < sunset_at:
        yield f"{life.name}: retired before its sunset on {sunset_at:%F}, which clients were told to rely on."
    elif life.retired_at is not None and life.retired_at > now:
        yield f"{life.name}: its retirement on {life.retired_at:%F} has not come: declare it deprecated until then."


def _succession_faults(life: Life, known: Mapping[str, Life]) -> Iterator[str]:
    if life.successor is None:
        return
    successor = known.get(life.successor)
    if successor is None:
        yield f"{life.name}: its successor {life.successor} does not exist."
    elif list(known).index(life.successor) <= list(known).index(life.name):
        yield f"{life.name}: its successor {life.successor} is not a later version."
    elif successor.status is S.PREVIEW and life.ending:
        yield f"{life.name}: is {life.status} while its successor {life.successor} is only a preview."
    elif successor.status is S.RETIRED and life.status is not S.RETIRED:
        yield f"{life.name}: its successor {life.successor} is retired already."
    elif life.deprecated_at is not None and life.deprecated_at < _midnight(successor.released):
        yield f"{life.name}: deprecated before its successor {life.successor} was released."


def window_faults(life: Life, windows: Iterable[Window]) -> Iterator[str]:
    """What is wrong with the brownouts of a version that is deprecated, or was."""
    ordered = sorted(windows)
    for window in ordered:
        told = f"{life.name}: the brownout of {window.starts_at:%F %R}"
        if window.ends_at <= window.starts_at:
            yield f"{told} does not end after it starts."
        elif window.ends_at - window.starts_at > LONGEST_WINDOW:
            yield f"{told} is longer than {LONGEST_WINDOW // timedelta(hours=1)} hours: schedule several."
        elif life.deprecated_at is None or window.starts_at < life.deprecated_at:
            yield f"{told} starts before the deprecation."
        elif life.sunset_at is not None and window.ends_at > life.sunset_at:
            yield f"{told} ends after the sunset: retire the version then."
    for first, second in pairwise(ordered):
        if first.overlaps(second):
            yield f"{life.name}: the brownouts of {first.starts_at:%F %R} and {second.starts_at:%F %R} overlap."


def _order_faults(lives: Sequence[Life]) -> Iterator[str]:
    current = [life.name for life in lives if life.status is S.CURRENT]
    if len(current) > 1:
        yield f"{' and '.join(current)} are both current: one at most is."
    elif not current and any(life.status is not S.PREVIEW for life in lives):
        yield "No version is current: where should clients go?"
    for older, newer in pairwise(lives):
        if newer.released < older.released:
            yield f"{newer.name}: released before {older.name}, after which it is listed."
        if older.status is S.PREVIEW and newer.status is not S.PREVIEW:
            yield f"{older.name}: still a preview, while the later {newer.name} is {newer.status}."
        if older.status in {S.PREVIEW, S.CURRENT, S.SUPPORTED} and newer.status in {S.SUPPORTED, *ENDING}:
            yield f"{newer.name}: is {newer.status}, while the older {older.name} is {older.status}."


def broken_promises(record: Mapping[str, Life], lives: Iterable[Life]) -> list[str]:
    """What the declared lives take back from the recorded ones, which clients were told, one sentence each."""
    declared = {life.name: life for life in lives}
    found: list[str] = []
    for name, before in record.items():
        after = declared.get(name)
        if after is not None:
            found += _taken_back(before, after)
        elif before.status not in {S.PREVIEW, S.RETIRED}:
            found.append(f"{name}: is gone, and was {before.status}: a version is retired before it is removed.")
    for name, after in declared.items():
        # With no record at all nothing was told yet: the first one writes down whatever there is.
        if record and name not in record and after.status not in {S.PREVIEW, S.CURRENT}:
            found.append(f"{name}: begins its life as {after.status}: it begins as a preview, or as current.")
    return found


def _taken_back(before: Life, after: Life) -> Iterator[str]:
    name = before.name
    if after.status is not before.status and after.status not in TRANSITIONS[before.status]:
        ways = ", ".join(sorted(TRANSITIONS[before.status] - {S.BROWNOUT})) or "nothing"
        yield f"{name}: was {before.status}, which leads to {ways}, not to {after.status}."
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
