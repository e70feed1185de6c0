"""Chooses the sections of a guide that the usage of one user touches."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from app.migration_guides.sections import GuideSection, OperationUse
from app.migration_guides.views import OperationUsage, PersonalSection, UsedOperation, UserUsage

WITHOUT_KEY: Final = "signed in without an API key"
_STREAM: Final = "streams.open"
_STATUS: Final = "status:"
_READS: Final = "reads"
_SHOWN: Final = ("query:", "header:", "cookie:", "body:")
_SUCCESS: Final = "2"


def personal_sections(sections: Iterable[GuideSection], usage: UserUsage) -> tuple[PersonalSection, ...]:
    """The sections that the usage touches: those with the most requests first, then in the order of the guide."""
    found = [one for section in sections if (one := _personal(section, usage)) is not None]
    return tuple(sorted(found, key=lambda one: -one.requests))


def last_of(moments: Iterable[datetime | None]) -> datetime | None:
    """The latest of some moments; None without any."""
    return max((one for one in moments if one is not None), default=None)


def labels_of(consumers: Iterable[str], usage: UserUsage) -> tuple[str, ...]:
    """The API keys behind consumers, by name; requests without a key come last."""
    found = {one: usage.keys.get(one) for one in consumers}
    named = sorted({label for label in found.values() if label is not None})
    return (*named, *([WITHOUT_KEY] if None in found.values() else []))


def _personal(section: GuideSection, usage: UserUsage) -> PersonalSection | None:
    touched = [
        name
        for name, used in usage.operations.items()
        if name in section.operations and _touches(section.operations[name], used)
    ]
    operations = [_used(section.operations[name], usage.operations[name]) for name in touched]
    if section.events and _STREAM in usage.operations and _STREAM not in touched:
        stream = usage.operations[_STREAM]
        touched.append(_STREAM)
        operations.append(UsedOperation("events by stream", stream.requests, stream.last_seen, ()))
    events = sorted(set(_received_events(section, usage)))
    if not operations and not events:
        return None
    operations.sort(key=lambda one: (-one.requests, one.name))
    return PersonalSection(
        anchor=section.anchor,
        requests=sum(one.requests for one in operations),
        last_seen=last_of(one.last_seen for one in operations),
        operations=tuple(operations),
        events=tuple(events),
        keys=labels_of((one for name in touched for one in usage.operations[name].consumers), usage),
    )


def _received_events(section: GuideSection, usage: UserUsage) -> Iterator[str]:
    for wanted in usage.webhooks:
        yield from section.events.intersection(wanted) if wanted else section.events


def _used(use: OperationUse, usage: OperationUsage) -> UsedOperation:
    sent = [one for one in use.sent if one.startswith(_SHOWN) and _is_present(one, usage)]
    names = tuple(dict.fromkeys(one.partition(":")[2].lstrip("/") for one in sent if ":" in one))
    return UsedOperation(use.name, usage.requests, usage.last_seen, names)


def _touches(use: OperationUse, usage: OperationUsage) -> bool:
    if use.called:
        return True
    if not usage.elements:
        # No request was observed: what successful requests usually contain is not left out.
        usual = any(status.startswith(_SUCCESS) for status in (*use.received, *use.read))
        return usual or bool(use.sent or use.omitted or use.undeclared)
    return (
        any(_is_present(element, usage) for element in use.sent)
        or any(_is_omitted(element, usage) for element in use.omitted)
        or any(usage.elements[element].undeclared for element in use.undeclared if element in usage.elements)
        or any(_is_received(status, usage) for status in use.received)
        or any(_is_received(status, usage) and _is_read(elements, usage) for status, elements in use.read.items())
    )


def _is_present(element: str, usage: OperationUsage) -> bool:
    found = usage.elements.get(element)
    return found is not None and found.present > 0


def _is_omitted(element: str, usage: OperationUsage) -> bool:
    found = usage.elements.get(element)
    return usage.observed > 0 if found is None else found.present < found.possible


def _is_received(status: str, usage: OperationUsage) -> bool:
    if status.endswith("XX"):
        return any(_is_present(one, usage) for one in usage.elements if one.startswith(f"{_STATUS}{status[0]}"))
    return _is_present(f"{_STATUS}{status}", usage)


def _is_read(elements: Iterable[str], usage: OperationUsage) -> bool:
    """Whether requests declare to read an element, one above or below it, or do not declare what they read."""
    declared = usage.elements.get(_READS)
    if declared is None or declared.present < usage.observed:
        return True
    reads = [one for one in usage.elements if one.startswith(f"{_READS}:") and _is_present(one, usage)]
    return any(
        element == _READS or f"{one}/".startswith(f"{element}/") or element.startswith(f"{one}/")
        for element in elements
        for one in reads
    )
