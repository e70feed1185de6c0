"""Quotas that no test exhausts by accident: limits are enabled everywhere, but larger."""

import json

GENEROUS = {
    "anonymous": {"burst": "1000000/minute", "daily": "10000000/day"},
    "rejected_credentials": {"rejected": "1000000/minute"},
    "plans": {
        plan: {"burst": "1000000/minute", "daily": "10000000/day"} for plan in ("free", "pro", "enterprise", "test")
    },
}
VARIABLES = {
    "STRATA_RATE_LIMIT__ANONYMOUS": json.dumps(GENEROUS["anonymous"]),
    "STRATA_RATE_LIMIT__REJECTED_CREDENTIALS": json.dumps(GENEROUS["rejected_credentials"]),
    "STRATA_RATE_LIMIT__PLANS": json.dumps(GENEROUS["plans"]),
}
"""The same as environment variables, for a server process."""
