"""Checks and parses the rate-limit policies of a plan."""

import re
from collections.abc import Mapping
from typing import Final

from app.plans.errors import InvalidPlan
from app.settings.rate_limit import LARGEST_COST, MOST_POLICIES, POLICY_NAME, QUOTA
from observability.rate_limit.policies import PolicySet

_NAME: Final = re.compile(POLICY_NAME)
_QUOTA: Final = re.compile(QUOTA)


def parse_policies(plan: str, policies: object) -> PolicySet:
    """The policies of a plan, from what its row contains. Raises ``InvalidPlan``."""
    if not isinstance(policies, Mapping) or not 1 <= len(policies) <= MOST_POLICIES:
        message = f"A plan has 1 to {MOST_POLICIES} policies by name; '{plan}' has {policies!r}."
        raise InvalidPlan(message)
    for name, text in policies.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            message = f"The name of a policy must match {POLICY_NAME}; got {name!r}."
            raise InvalidPlan(message)
        if not isinstance(text, str) or not _QUOTA.fullmatch(text):
            message = f"The policy '{name}' must be a quota such as 100/minute or 5000/30 days; got {text!r}."
            raise InvalidPlan(message)
    try:
        return PolicySet.parse(plan, policies, LARGEST_COST)
    except ValueError as error:
        message = f"The policies of '{plan}' cannot be counted: {error}."
        raise InvalidPlan(message) from None
