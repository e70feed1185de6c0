"""Quotas that no test exhausts by accident: limits are enabled everywhere, but larger."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

from app.plans import built_in
from app.plans.names import DEFAULT

BUILT_IN = built_in.PLANS
"""The plans of the product, which the suite replaces."""
FREE = next(plan for plan in BUILT_IN if plan.name == DEFAULT)
POLICIES = {"burst": "1000000/minute", "daily": "10000000/day"}
"""Those of every plan."""
GENEROUS = {
    "anonymous": POLICIES,
    "rejected_credentials": {"rejected": "1000000/minute"},
}
VARIABLES = {
    "STRATA_RATE_LIMIT__ANONYMOUS": json.dumps(GENEROUS["anonymous"]),
    "STRATA_RATE_LIMIT__REJECTED_CREDENTIALS": json.dumps(GENEROUS["rejected_credentials"]),
}
"""The same as environment variables, for a server process."""
MANY_STREAMS = "UPDATE plans SET max_streams = 10000"
"""The statement that lets one user open many streams and WebSockets."""
SHORT_STREAMS = {"STRATA_REALTIME__MAX_CONNECTION_SECONDS": "0.2"}
"""For servers of tests that send a request to every operation."""


@contextmanager
def plans_with(policies: Mapping[str, str]) -> Iterator[None]:
    """Let every plan of an application that is built in this process have these policies."""
    with patch.object(built_in, "PLANS", [replace(plan, policies=policies) for plan in built_in.PLANS]):
        yield


def set_plans(policies: Mapping[str, str]) -> str:
    """The statement that gives every stored plan these policies, for the servers that read it."""
    return f"UPDATE plans SET policies = '{json.dumps(policies)}'"  # noqa: S608 - of the tests
