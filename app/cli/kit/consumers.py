"""Requests of each consumer, computed from two scrapes, and the names of consumers from the database."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from app.access.queries import ConsumerQueries
from app.access.views import ConsumerView
from app.kit.db.database import Database

_COUNTER = "api_consumer_requests"
_SECONDS = "api_consumer_request_seconds"


@dataclass(slots=True)
class Counts:
    """Requests of one consumer by outcome, and the seconds that they took in total."""

    requests: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ConsumerRow:
    """One consumer: requests per second, the shares (0 to 1) that exceeded a quota or failed with a 5xx, and the mean
    duration of a request in seconds.
    """

    consumer: str
    name: str
    rate: float
    limited: float
    errors: float
    mean: float


def read_consumers(text: str) -> dict[str, Counts]:
    """The counters of every consumer in an exposition in Prometheus' text format."""
    found: dict[str, Counts] = defaultdict(Counts)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if family.name == _COUNTER:
                found[sample.labels["consumer"]].requests[sample.labels["outcome"]] += sample.value
            elif family.name == _SECONDS:
                found[sample.labels["consumer"]].seconds += sample.value
    return dict(found)


def compare_consumers(
    before: Mapping[str, Counts], after: Mapping[str, Counts], seconds: float, names: Mapping[str, str]
) -> list[ConsumerRow]:
    """One row for each consumer with requests between the two scrapes, the busiest first."""
    rows = []
    for consumer, now in after.items():
        earlier = before.get(consumer, Counts())
        growth = {outcome: count - earlier.requests.get(outcome, 0.0) for outcome, count in now.requests.items()}
        requests = sum(growth.values())
        if requests > 0:
            limited, errors = (growth.get(outcome, 0.0) / requests for outcome in ("rate_limited", "server_error"))
            mean = (now.seconds - earlier.seconds) / requests
            name = names.get(consumer, consumer)
            rows.append(ConsumerRow(consumer, name, requests / seconds, limited, errors, mean))
    return sorted(rows, key=lambda row: row.rate, reverse=True)


async def consumer_names(consumers: Iterable[str], database: Database) -> Mapping[str, str]:
    """The e-mail address, and the key if it is one, by uid."""
    found = await ConsumerQueries(database.reads).find(consumers)
    return {uid: _name(consumer) for uid, consumer in found.items()}


def _name(consumer: ConsumerView) -> str:
    key = consumer.key
    return consumer.email if key is None else f"{consumer.email} ({key.name}, {key.hint}...)"
