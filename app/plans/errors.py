"""Errors of the plans feature, which operators get on the command line."""

from app.errors import Conflict, InvalidValue, NotFound


class PlanNotFound(NotFound):
    code = "plan_not_found"
    detail = "There is no such plan."

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no plan '{name}'.")


class PlanIsRetired(Conflict):
    code = "plan_is_retired"
    detail = "The plan is retired: no key can be put on it."

    def __init__(self, name: str) -> None:
        super().__init__(f"The plan '{name}' is retired: no key can be put on it.")


class PlanIsRequired(Conflict):
    code = "plan_is_required"
    detail = "This plan cannot be retired."

    def __init__(self, name: str) -> None:
        super().__init__(f"The plan '{name}' cannot be retired: sessions, new keys or test keys are on it.")


class InvalidPlan(InvalidValue):
    code = "invalid_plan"
    detail = "The plan has an invalid name, policy or cap."
