"""The plans of a new database, which a process also uses until it has read the stored ones.

The migration that creates the table has the same values, which the tests compare.
"""

from typing import Final

from app.plans.names import DEFAULT, TEST
from app.plans.views import Caps, PlanView

_GIGABYTE: Final = 10**9
PLANS: Final = (
    PlanView(
        DEFAULT,
        {"burst": "300/minute", "daily": "20000/day"},
        Caps(keys=100, storage_bytes=_GIGABYTE, webhook_endpoints=10, concurrent_jobs=20, streams=5, exports=1),
    ),
    PlanView(
        "pro",
        {"burst": "3000/minute", "daily": "1000000/day"},
        Caps(
            keys=1_000, storage_bytes=100 * _GIGABYTE, webhook_endpoints=100, concurrent_jobs=100, streams=50, exports=5
        ),
    ),
    PlanView(
        "enterprise",
        {"burst": "30000/minute", "daily": "20000000/day"},
        Caps(
            keys=10_000,
            storage_bytes=10_000 * _GIGABYTE,
            webhook_endpoints=1_000,
            concurrent_jobs=500,
            streams=500,
            exports=20,
        ),
    ),
    PlanView(
        TEST,
        {"burst": "60/minute", "daily": "2000/day"},
        Caps(keys=10, storage_bytes=_GIGABYTE // 10, webhook_endpoints=2, concurrent_jobs=10, streams=1, exports=1),
    ),
)
