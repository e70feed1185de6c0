"""Dependencies on the plan of the caller."""

from typing import Annotated

from fastapi import Depends, Request

from app.http.plans import PlansComponent
from app.http.principal import PrincipalDep
from app.http.runtime import runtime_of
from app.plans.views import Caps


async def _caps(request: Request, principal: PrincipalDep) -> Caps:
    return runtime_of(request.scope).get(PlansComponent).catalogue.caps(principal.plan)


CapsDep = Annotated[Caps, Depends(_caps)]
"""The caps of the caller's plan."""
