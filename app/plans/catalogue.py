"""The plans that one process knows."""

from collections.abc import Iterable
from typing import Final

import structlog

from app.plans import built_in
from app.plans.errors import InvalidPlan
from app.plans.names import DEFAULT
from app.plans.policies import parse_policies
from app.plans.views import Caps, Plan, PlanView

_LOG: Final = structlog.get_logger()
_MOST_REPORTS: Final = 100
"""Unknown plans that are reported, so that memory is bounded."""


class PlanCatalogue:
    """Finds the plan of a consumer by its name. Every request calls it, so it does no I/O."""

    def __init__(self) -> None:
        self._views: dict[str, PlanView] = {}
        self._plans: dict[str, Plan] = {}
        self._invalid: dict[str, PlanView] = {}
        self._unknown: set[str] = set()
        self.replace(built_in.PLANS)

    def get(self, name: str) -> Plan:
        """The plan of this name. An unknown plan is reported once and replaced by the default plan."""
        return self._plans.get(name) or self._replacement(name)

    def caps(self, name: str) -> Caps:
        """The caps of the plan of this name."""
        return self.get(name).caps

    def replace(self, views: Iterable[PlanView]) -> None:
        """Replace the plans by those that were read from the database.

        A plan whose policies are invalid keeps those that it had before, and is reported once. The default plan stays
        if it is not among them. Unchanged plans stay the same objects.
        """
        plans, known = {DEFAULT: self._plans[DEFAULT]} if self._plans else {}, {}
        for view in views:
            previous = self._plans.get(view.name)
            if previous is not None and self._views.get(view.name) == view:
                plans[view.name], known[view.name] = previous, view
                continue
            try:
                plans[view.name] = Plan(view.name, parse_policies(view.name, view.policies), view.caps)
            except InvalidPlan as error:
                if previous is not None:
                    plans[view.name] = previous
                self._report_invalid(view, error)
            else:
                known[view.name] = view
                self._invalid.pop(view.name, None)
        self._plans, self._views = plans, known
        self._unknown.difference_update(plans)

    def _report_invalid(self, view: PlanView, error: InvalidPlan) -> None:
        if self._invalid.get(view.name) != view:
            self._invalid[view.name] = view
            _LOG.error("plan_is_invalid", plan=view.name, reason=error.message)

    def _replacement(self, name: str) -> Plan:
        if name not in self._unknown and len(self._unknown) < _MOST_REPORTS:
            self._unknown.add(name)
            _LOG.error("plan_is_unknown", plan=name, replacement=DEFAULT)
        return self._plans[DEFAULT]
