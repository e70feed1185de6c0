"""The harness of this pytest worker, and the number of examples per law."""

import asyncio
import os
from collections.abc import Iterator

import hypothesis
import pytest

from app.settings.root import Settings
from tests.support.postgres import clone, owner_dsn

FAMILIES = (
    "identities",
    "machine",
    "pages",
    "permissions",
    "posts",
    "preconditions",
    "rejections",
    "sessions",
    "users",
)
for module in (*FAMILIES, "agreement", "tables.failures"):
    pytest.register_assert_rewrite(f"tests.laws.v1_v2.{module}")

from tests.laws.v1_v2.harness import VersionsHarness  # noqa: E402 - only what is imported later is rewritten

for name, examples in (("laws-fast", 3), ("laws", 15), ("laws-deep", 400)):
    hypothesis.settings.register_profile(
        name,
        hypothesis.settings.get_profile("suite"),
        max_examples=examples,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )


@pytest.fixture(scope="session")
def profile() -> hypothesis.settings:
    """The number of examples: 400 with ``TESTS_DEEP=1``, 3 with ``TESTS_FAST=1``, else 15."""
    if os.environ.get("TESTS_DEEP") == "1":
        return hypothesis.settings.get_profile("laws-deep")
    return hypothesis.settings.get_profile("laws-fast" if os.environ.get("TESTS_FAST") == "1" else "laws")


@pytest.fixture(scope="session")
def harness(admin_dsn: str, settings: Settings) -> Iterator[VersionsHarness]:
    """One application and its callers, shared by all laws of this worker."""
    loop = asyncio.new_event_loop()
    dsn = owner_dsn(loop.run_until_complete(clone(admin_dsn, "laws", whole_run=True)))
    loop.close()
    harness = VersionsHarness(dsn, settings)
    yield harness
    harness.close()
