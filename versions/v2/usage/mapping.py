"""Maps usage to its v2 schema."""

from datetime import date

from app.usage.commands import UsageFilter
from app.usage.views import UsageDayView, UsedOperationView
from versions.kit.typeid import encode
from versions.v2.ids import API_KEY, ApiKeyId, known
from versions.v2.usage import schemas


def wanted(since: date | None, until: date | None, api_key_id: ApiKeyId | None) -> UsageFilter:
    """Returns the filter of a list. Raises ``UnknownId`` for an id that no key has."""
    return UsageFilter(since, until, None if api_key_id is None else known(api_key_id))


def usage_day(view: UsageDayView) -> schemas.UsageDay:
    """Returns the v2 representation of one day."""
    return schemas.UsageDay(
        day=view.day,
        api_key_id=None if view.key_uid is None else encode(API_KEY, view.key_uid),
        requests=view.requests,
        errors=view.errors,
        rejections=view.rejections,
        deprecated_calls=view.deprecated_calls,
        p95_ms=None if view.p95_seconds is None else round(view.p95_seconds * 1000, 1),
    )


def used_operation(view: UsedOperationView) -> schemas.UsedOperation:
    """Returns the v2 representation of the use of one operation."""
    return schemas.UsedOperation(
        api_version=view.api_version,
        operation=view.operation,
        requests=view.requests,
        observed=view.observed,
        deprecated=view.deprecated,
        successor_version=view.successor_version,
        successor=view.successor,
        elements=[
            schemas.UsedElement(
                element=used.element,
                present=used.present,
                possible=used.possible,
                deprecated=used.deprecated,
                missing_in_successor=used.missing_in_successor,
            )
            for used in view.elements
        ],
    )
