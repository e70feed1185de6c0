"""Charges each request once, and rejects it with ``QuotaExceeded`` when a quota is used up."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.types import Scope

from app.access.errors import InvalidCredentials
from app.http.handshakes import request_of
from app.http.principal import has_credentials, resolve_principal
from app.http.rate_limit.limits import QuotaExceeded, RateLimits, client_address
from app.http.runtime import runtime_of
from app.http.state import state_of
from app.kit.clock import utc_now
from app.lifecycle.schedule import ensure_key_served
from observability.rate_limit.limiter import Decision

COST: Final = "x-rate-limit-cost"
"""The member of an operation's document that states its cost in units."""


def cost_of(document: Mapping[str, Any] | None) -> int:
    """The units that an operation costs. ``document`` is the route's ``openapi_extra``."""
    cost: int = (document or {}).get(COST, 1)
    return cost


def decision_of(scope: Scope) -> Decision:
    """The decision about a request. Raises ``LookupError`` for a request that was not charged."""
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

    A principal is charged under its plan. Rejected credentials are charged to the client address under policies of
    their own: exhausting them affects no other caller of that address. Ignored credentials are charged like a request
    without; otherwise a junk header would bypass the anonymous limit. Nothing is charged if the caller cannot be
    determined, as in an outage of the database.

    Raises ``QuotaExceeded``, ``InvalidCredentials``, ``KeyBrownedOut``, ``Unavailable``.
    """
    scope, state = request.scope, state_of(request.scope)
    if state.decision is not None:
        return
    if not authenticates:
        await charge_address(scope, cost)
        return
    try:
        principal = await resolve_principal(request)
    except InvalidCredentials:
        await _charge_rejected(scope)
        raise
    _settle(scope, await runtime_of(scope).get(RateLimits).charge_principal(principal, cost))
    if principal.early_brownout_until is not None and state.sunset_version is not None:
        ensure_key_served(state.sunset_version, principal.early_brownout_until, utc_now())


async def admit_without_route(scope: Scope) -> None:
    """Charge one unit for a request that reached no route: to its principal, or to the address.

    Raises ``QuotaExceeded``, ``Unavailable``.
    """
    if not has_credentials(scope):
        await charge_address(scope, 1)
        return
    try:
        principal = await resolve_principal(request_of(scope))
    except InvalidCredentials:
        await _charge_rejected(scope)
        return
    _settle(scope, await runtime_of(scope).get(RateLimits).charge_principal(principal, 1))


async def _charge_rejected(scope: Scope) -> None:
    _settle(scope, await runtime_of(scope).get(RateLimits).charge_rejected(client_address(scope)))


def _settle(scope: Scope, decision: Decision) -> None:
    state_of(scope).decision = decision
    if decision.violated:
        raise QuotaExceeded(decision)
