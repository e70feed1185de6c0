"""What clients and operators read about a version: the texts of its errors, and its metrics."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from prometheus_client import generate_latest

from app.lifecycle.errors import KeyBrownedOut, LifecycleError, StillNeeded, VersionBrownedOut, VersionRetired
from app.lifecycle.metrics import VersionMetrics
from app.lifecycle.version import VersionLifecycle, VersionStatus, Window
from app.lifecycle.views import Consumer, UsageTotal
from observability.metrics.metrics import Metrics

NOON = datetime(2027, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OLD = VersionLifecycle(
    name="v901",
    status=VersionStatus.DEPRECATED,
    released=date(2025, 1, 15),
    deprecated_at=datetime(2026, 6, 1, tzinfo=UTC),
    sunset_at=datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC),
    successor="v2",
)
NEW = VersionLifecycle(name="v2", status=VersionStatus.CURRENT, released=date(2026, 6, 1))
ADVICE = "Use v2 (/api/v2); /docs/migrate/v901-to-v2 tells how."
WINDOW = Window(NOON, NOON + HOUR)


def test_the_texts_name_the_version_the_end_and_the_successor() -> None:
    end = " on 31 December 2027"
    for lifecycle, ends in ((OLD, end), (replace(OLD, sunset_at=None), "")):
        assert str(VersionBrownedOut(lifecycle, WINDOW, NOON)) == (
            f"v901 does not answer until 2027-05-04T13:00:00Z, to rehearse its end{ends}. {ADVICE}"
        )
        assert str(KeyBrownedOut(lifecycle, NOON + HOUR, NOON)) == (
            f"By its owner's wish, v901 does not answer this API key until 2027-05-04T13:00:00Z{ends}. {ADVICE}"
        )
    assert str(VersionRetired(OLD, NOON)) == f"v901 ended on 4 May 2027. {ADVICE}"


@pytest.mark.parametrize("kind", [StillNeeded, LifecycleError])
def test_an_error_has_its_sentences_one_by_one_and_as_a_text(kind: type[StillNeeded | LifecycleError]) -> None:
    error = kind(["One.", "Two."])
    assert str(error) == "One. Two."
    assert (error.reasons if isinstance(error, StillNeeded) else error.errors) == ("One.", "Two.")


def test_a_client_is_sent_away_for_a_second_at_least() -> None:
    """A clock that is behind by the rest of a millisecond must not give a time of 0."""
    assert VersionBrownedOut(OLD, WINDOW, NOON + HOUR).retry_after == 1
    assert KeyBrownedOut(OLD, NOON + HOUR, NOON + HOUR).retry_after == 1


def series(metrics: Metrics) -> dict[str, float]:
    lines = (line for line in generate_latest(metrics.registry).decode().splitlines() if not line.startswith("#"))
    found = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}
    return {name: value for name, value in found.items() if name.startswith("api_version")}


def test_the_metrics_of_versions_and_their_dates() -> None:
    metrics = Metrics(["v901", "v2"])
    versions = metrics.group(VersionMetrics)
    versions.describe((OLD, NEW))
    dates = {
        'api_version_released_timestamp_seconds{api_version="v901"}': datetime(2025, 1, 15, tzinfo=UTC).timestamp(),
        'api_version_deprecated_timestamp_seconds{api_version="v901"}': datetime(2026, 6, 1, tzinfo=UTC).timestamp(),
        'api_version_sunset_timestamp_seconds{api_version="v901"}': 1830297599.0,
        'api_version_released_timestamp_seconds{api_version="v2"}': datetime(2026, 6, 1, tzinfo=UTC).timestamp(),
    }
    current = {
        'api_version_info{api_version="v2",status="current",successor=""}': 1,
        'api_version_browned_out{api_version="v2"}': 0,
    }
    assert series(metrics) == {
        **dates,
        **current,
        'api_version_info{api_version="v901",status="deprecated",successor="v2"}': 1,
        'api_version_browned_out{api_version="v901"}': 0,
    }
    assert versions.status("v901") == "deprecated"
    for status, browned_out in (("deprecated", False), ("brownout", True), ("brownout", False), ("retired", False)):
        versions.set_status("v901", status, browned_out=browned_out)
        found = series(metrics)
        assert found.items() >= {**dates, **current}.items()
        assert found['api_version_browned_out{api_version="v901"}'] == browned_out
        assert {name for name, value in found.items() if value == 1 and 'info{api_version="v901"' in name} == {
            f'api_version_info{{api_version="v901",status="{status}",successor="v2"}}'
        }
        assert versions.status("v901") == status


def consumer(uid: str, account: str | None, key: str | None) -> Consumer:
    return Consumer(uid, None if account is None else 1, account, key, None)


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (consumer("anonymous", None, None), "anonymous callers"),
        (consumer("017f", None, None), "017f (gone)"),
        (consumer("017f", "ada@example.com", None), "ada@example.com"),
        (consumer("017f", "ada@example.com", "key ci, sk_live_abcd..."), "ada@example.com (key ci, sk_live_abcd...)"),
    ],
)
def test_the_name_of_a_consumer(found: Consumer, name: str) -> None:
    assert found.name == name


def test_features_are_totalled_only_without_operations() -> None:
    """Each use of a feature is part of a request of an operation, which counts already."""
    found = consumer("017f", None, None)
    found.features = {"posts.list sort": UsageTotal(2, NOON), "posts.list q": UsageTotal(3, NOON - HOUR)}
    assert found.total == UsageTotal(5, NOON)
    found.operations = {"posts.list": UsageTotal(4, NOON - HOUR), "posts.get": UsageTotal(3, NOON - 2 * HOUR)}
    assert found.total == UsageTotal(7, NOON - HOUR)
