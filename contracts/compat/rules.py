"""The rules: each kind of change that a client can see has one, with a stable id and a severity."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from contracts.compat.findings import Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of change. The sentence is for the client; its braces take what the documents say."""

    id: str
    severity: Severity
    sentence: str
    area: str

    def message(self, **details: object) -> str:
        """The sentence about one change."""
        return self.sentence.format_map({name: str(value) for name, value in details.items()})


@cache
def registry() -> Mapping[str, Rule]:
    """Every rule by its id, in the order of the reference."""
    from contracts.compat.catalogue import protocol, schemas  # noqa: PLC0415 - the catalogue is made of this class

    rules = [*protocol.rules(), *schemas.rules()]
    found = {rule.id: rule for rule in rules}
    if len(found) != len(rules):
        raise ValueError("two rules share an id")
    return found
