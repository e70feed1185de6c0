"""Use cases that change plans, for operators on the command line; no request reaches them."""

import re
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, Final

from app.events.audit import AuditRecorder, target
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.models import Plan as PlanRow
from app.plans.built_in import PLANS
from app.plans.commands import PlanEdit
from app.plans.errors import InvalidPlan, PlanIsRequired, PlanIsRetired, PlanNotFound
from app.plans.names import DEFAULT, TEST
from app.plans.policies import parse_policies
from app.plans.repository import PlanRepository
from app.plans.views import Caps, PlanView

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_RESERVED: Final = frozenset({"anonymous", "rejected"})
"""Names under which requests without a plan are counted."""
_LARGEST_CAP: Final = 2**63 - 1


class PlanService:
    """Adds, changes and retires plans. Processes apply the change within the refresh interval of the lifecycle."""

    def __init__(self, session: WriteSession) -> None:
        self._repository = PlanRepository(session)
        self._audit = AuditRecorder(session)

    async def set(self, edit: PlanEdit) -> PlanView:
        """Change a plan, or add it with the caps of the default plan where none are given.

        A new plan needs policies, and a retired one is in use again. Raises ``InvalidPlan``.
        """
        if not _NAME.fullmatch(edit.name) or edit.name in _RESERVED:
            message = f"The name of a plan must match {_NAME.pattern} and not be reserved; got '{edit.name}'."
            raise InvalidPlan(message)
        for cap, value in edit.caps.items():
            if not 0 <= value <= _LARGEST_CAP:
                message = f"The cap '{cap}' must be a number from 0 to {_LARGEST_CAP}; got {value}."
                raise InvalidPlan(message)
        if edit.policies is not None:
            parse_policies(edit.name, edit.policies)
        plan = await self._repository.lock(edit.name)
        if plan is None:
            plan = await self._add(edit)
            self._record("created", plan, _terms(plan))
            return _view(plan)
        before = _terms(plan) | {"retired_at": plan.retired_at}
        if edit.policies is not None:
            plan.policies = dict(edit.policies)
        for cap, value in edit.caps.items():
            setattr(plan, f"max_{cap}", value)
        plan.retired_at = None
        after = _terms(plan) | {"retired_at": None}
        if changed := {name: value for name, value in after.items() if value != before[name]}:
            self._record("updated", plan, changed)
        return _view(plan)

    async def retire(self, name: str) -> PlanView:
        """Let no further key be put on a plan; keys on it keep it. Raises ``PlanNotFound``, ``PlanIsRequired``."""
        plan = await self._repository.lock(name)
        if plan is None:
            raise PlanNotFound(name)
        if name in {DEFAULT, TEST}:
            raise PlanIsRequired(name)
        if plan.retired_at is None:
            plan.retired_at = utc_now()
            self._record("retired", plan, {})
        return _view(plan)

    async def ensure_available(self, name: str) -> None:
        """Raise ``PlanNotFound`` or ``PlanIsRetired`` unless keys can be put on this plan."""
        available = await self._repository.available(name)
        if available is None:
            raise PlanNotFound(name)
        if not available:
            raise PlanIsRetired(name)

    async def _add(self, edit: PlanEdit) -> PlanRow:
        if edit.policies is None:
            message = f"The new plan '{edit.name}' needs at least one policy."
            raise InvalidPlan(message)
        default = next(plan for plan in PLANS if plan.name == DEFAULT)
        return await self._repository.add(edit.name, edit.policies, asdict(default.caps) | dict(edit.caps), utc_now())

    def _record(self, act: str, plan: PlanRow, detail: Mapping[str, Any]) -> None:
        self._audit.record(f"plan.{act}", target("plan", plan.name), detail)


def _terms(plan: PlanRow) -> dict[str, Any]:
    """What a plan allows, by the names of an audit row."""
    return {"policies": dict(plan.policies)} | {each.name: getattr(plan, f"max_{each.name}") for each in fields(Caps)}


def _view(plan: PlanRow) -> PlanView:
    caps = Caps(*(getattr(plan, f"max_{each.name}") for each in fields(Caps)))
    return PlanView(plan.name, plan.policies, caps, plan.retired_at)
