"""The one decision on a request: taken once, kept with the request, and refused with ``QuotaExceeded``."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from starlette.requests import Request
from starlette.types import Scope

from app.access.service import ImplausibleCredentials
from app.http.principal import resolve_principal
from app.http.rate_limit.limits import DECISION, QuotaExceeded, client_address
from app.http.runtime import Runtime
from app.kit.clock import utc_now
from app.lifecycle.schedule import ensure_key_answered
from observability.rate_limit.limiter import Decision

COST: Final = "x-rate-limit-cost"
"""The member of an operation's document that tells how many units it takes, where that is not one."""
ENDING: Final = "ending_version"
"""Where ``scope["state"]`` holds the life of a version that is on its way out."""
_CREDENTIALS: Final = frozenset({b"authorization", b"x-api-key"})


def cost_of(document: Mapping[str, Any] | None) -> int:
    """The units that an operation takes."""
    cost: int = (document or {}).get(COST, 1)
    return cost


def presents_credentials(scope: Scope) -> bool:
    """Whether the caller claims to be somebody. Whether that holds is not known yet."""
    return not _CREDENTIALS.isdisjoint(dict(scope["headers"]))


def decision_on(scope: Scope) -> Decision:
    """The decision that let a request come to its handler."""
    decision: Decision = scope["state"][DECISION]
    return decision


async def charge_address(scope: Scope, cost: int) -> None:
    """Charge the client's address. Raises ``QuotaExceeded``."""
    runtime: Runtime = scope["state"]["runtime"]
    decision = await runtime.rate_limits.charge_address(client_address(scope), cost)
    _settle(scope, decision)


async def admit(request: Request, cost: int, *, authenticates: bool) -> None:
    """Charge a caller with credentials, unless that has been done.

    A principal pays from its plan. Whoever presents what does not hold, or what the operation does not look at, pays
    for an address, or garbage in a header would be a way around the limit of anonymous callers. Credentials that could
    not be right are refused as such even when that limit is reached: it is what their sender has to hear.

    Raises ``QuotaExceeded``, ``InvalidCredentials``, ``KeyBrownedOut``.
    """
    scope = request.scope
    if DECISION in scope["state"]:
        return
    if not authenticates:
        await charge_address(scope, cost)
        return
    try:
        principal = await resolve_principal(request)
    except ImplausibleCredentials:
        with suppress(QuotaExceeded):
            await charge_address(scope, max(1, cost))
        raise
    except Exception:
        # Even where looking costs nothing, guessing does.
        await charge_address(scope, max(1, cost))
        raise
    runtime: Runtime = scope["state"]["runtime"]
    _settle(scope, await runtime.rate_limits.charge_principal(principal, cost))
    if principal.early_brownout_until is not None and (lifecycle := scope["state"].get(ENDING)) is not None:
        ensure_key_answered(lifecycle, principal.early_brownout_until, utc_now())


def _settle(scope: Scope, decision: Decision) -> None:
    scope["state"][DECISION] = decision
    if decision.violated:
        raise QuotaExceeded(decision)
