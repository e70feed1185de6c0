"""A pair of schemas that are compared, and the result."""

from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from typing import Any

from contracts.compat.catalogue.change import Context
from contracts.compat.catalogue.schemas import rule_id
from contracts.compat.findings import DiffFinding
from contracts.compat.normalized_schema import Schema
from contracts.compat.pointers import join
from contracts.compat.registry import registry


@dataclass(frozen=True)
class SchemaPair:
    """The old and the new version of a schema, in one context.

    `text`: values are sent as text, as in a query. `xml`: they are sent as XML. `present`: the value is never absent,
    so that its default has no effect. `step` is the pointer from the pair above it, with `*` for items and the members
    of maps. `certain`: every value there has these schemas.
    """

    old: Schema
    new: Schema
    context: Context
    text: bool = False
    xml: bool = False
    present: bool = False
    step: str = ""
    certain: bool = True

    @property
    def judged(self) -> bool:
        """Whether values of this pair exist on their own: a variant without the keywords beside its union has none."""
        return not any(part.without_union for schema in (self.old, self.new) for part in schema.parts)

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """Equal for pairs of the same two schemas in the same context."""
        return (self.context, self.text, self.xml, self.present, self.old.key, self.new.key)


class Proof(Enum):
    """What is proven about the values of a pair."""

    NONE = auto()
    # No value breaks clients.
    COVERED = auto()
    # Both schemas have the same values.
    EQUAL = auto()


@dataclass(slots=True)
class PairResult:
    """The findings about one pair, without those of the pairs below it: `children`, and `variants` of its unions."""

    pair: SchemaPair
    findings: list[DiffFinding] = field(default_factory=list)
    children: list[SchemaPair] = field(default_factory=list)
    variants: list[SchemaPair] = field(default_factory=list)
    proof: Proof = Proof.NONE
    # A schema has keywords that only values can decide.
    opaque: bool = False
    # A pattern can exclude the strings that a limit of the length excludes.
    patterned: bool = False
    # The pointers of fields that one document declares and the other does not restrict.
    added: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)

    def add_child(self, old: Schema, new: Schema, *, step: str, present: bool = False, certain: bool = True) -> None:
        """Add a pair of schemas below this pair, in the same context."""
        pair = self.pair
        self.children.append(SchemaPair(old, new, pair.context, pair.text, pair.xml, present, step, certain))

    def report(
        self,
        change: str,
        pointer: str,
        *,
        what: str | None = None,
        values: tuple[Any, Any] | None = None,
        **details: object,
    ) -> None:
        """Add a finding about the pair, or about its field `what`. `values` are those that `details` shows as text."""
        rule = registry()[rule_id(self.pair.context, change)]
        label = what or self.pair.new.label or self.pair.old.label
        message = rule.message(what=f"`{label}`" if label != "the body" else "the body", **details)
        old, new = values or (details.get("old"), details.get("new"))
        text, member = message[:1].upper() + message[1:], "" if what is None else join("", what)
        self.findings.append(DiffFinding(rule.id, rule.severity, pointer, "", text, old=old, new=new, member=member))
