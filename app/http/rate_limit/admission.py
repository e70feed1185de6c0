"""Charges each request once, and rejects it with ``QuotaExceeded`` when a quota is used up."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from starlette.requests import Request
from starlette.types import Scope

from app.access.errors import ImplausibleCredentials
from app.http.principal import resolve_principal
from app.http.rate_limit.limits import QuotaExceeded, RateLimits, client_address
from app.http.runtime import runtime_of
from app.http.state import state_of
from app.kit.clock import utc_now
from app.lifecycle.schedule import ensure_key_served
from observability.rate_limit.limiter import Decision

COST: Final = "x-rate-limit-cost"
"""The member of an operation's document that states its cost in units, where that is not 1."""


def cost_of(document: Mapping[str, Any] | None) -> int:
    """The units that an operation costs. ``document`` is the route's ``openapi_extra``."""
    cost: int = (document or {}).get(COST, 1)
    return cost


def decision_of(scope: Scope) -> Decision:
    """The decision that admitted a request. Raises ``LookupError`` for a request that was not charged."""
    decision = state_of(scope).decision
    if decision is None:
        message = "the request has not been charged"
        raise LookupError(message)
    return decision


async def charge_address(scope: Scope, cost: int) -> None:
    """Charge the client's address. Raises ``QuotaExceeded``."""
    _settle(scope, await runtime_of(scope).get(RateLimits).charge_address(client_address(scope), cost))


async def admit(request: Request, cost: int, *, authenticates: bool) -> None:
    """Charge a caller with credentials, unless the request has been charged.

    A principal is charged under its plan. Invalid or ignored credentials are charged to the client address; otherwise
    a junk header would bypass the anonymous limit. Malformed credentials get 401, not 429, even when that limit is
    exhausted.

    Raises ``QuotaExceeded``, ``InvalidCredentials``, ``KeyBrownedOut``.
    """
    scope, state = request.scope, state_of(request.scope)
    if state.decision is not None:
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
        # An operation may be free of charge; guessing credentials is not.
        await charge_address(scope, max(1, cost))
        raise
    _settle(scope, await runtime_of(scope).get(RateLimits).charge_principal(principal, cost))
    if principal.early_brownout_until is not None and state.sunset_version is not None:
        ensure_key_served(state.sunset_version, principal.early_brownout_until, utc_now())


def _settle(scope: Scope, decision: Decision) -> None:
    state_of(scope).decision = decision
    if decision.violated:
        raise QuotaExceeded(decision)
