"""Limits in v2."""

from typing import Final

from app.http.caching import Caching
from app.http.deps.core import DecisionDep
from versions.kit.application import Resource
from versions.kit.needs import NOTHING
from versions.kit.operations import OPTIONAL
from versions.v2.errors import operations
from versions.v2.limits import mapping, schemas
from versions.v2.routing import router

limits = router("/rate-limit", "limits")
RESOURCE: Final = Resource(tags=({"name": "limits", "description": "The caller's rate limits."},), routers=(limits,))


@limits.get(
    "", **operations.declare("rate_limit.get", security=OPTIONAL, needs=NOTHING, cost=0, caching=Caching.CALLER)
)
async def get_rate_limit(decision: DecisionDep) -> schemas.RateLimit:
    """Get the policies that apply to the caller and the remaining units of each. Requests are not counted."""
    return mapping.rate_limit(decision)
