"""Compares unions: matches the variants of both sides, independent of their order and spelling."""

from dataclasses import replace

from contracts.compat.engine import Engine
from contracts.compat.normalized_schema import ALL, NULL, NUMBER, NormalizedSchema, Part, Schema, type_names
from contracts.compat.pair import PairResult, SchemaPair


def compare_unions(engine: Engine, result: PairResult, old: NormalizedSchema, new: NormalizedSchema) -> None:
    """Compare the variants of both sides. A schema without a union counts as its only variant."""
    _compare_discriminators(engine, result, old, new)
    if not old.unions and not new.unions:
        return
    if old.unions and new.unions:
        for index in range(max(len(old.unions), len(new.unions))):
            before = old.unions[index] if index < len(old.unions) else None
            after = new.unions[index] if index < len(new.unions) else None
            if before is None and after is not None:
                result.report("variant-removed", after.pointer, old="anything but these variants")
            elif after is None and before is not None:
                result.report("variant-added", before.pointer, new="something beside these variants")
            elif before is not None and after is not None:
                if before.keyword != after.keyword:
                    kind = "exclusive" if after.keyword == "oneOf" else "inclusive"
                    result.report(f"variants-became-{kind}", after.pointer)
                _VariantMatcher(engine, result, before.variants, after.variants).run()
        return
    _VariantMatcher(engine, result, _variants(result.pair.old, old, new), _variants(result.pair.new, new, old)).run()


def _variants(schema: Schema, normalized: NormalizedSchema, other: NormalizedSchema) -> list[Schema]:
    """The variants of one side, each with the constraints beside the union."""
    if not normalized.unions:
        types = normalized.types - NULL
        kinds = [kind for kind in (NUMBER, *(frozenset({name}) for name in sorted(ALL - NUMBER))) if kind & types]
        if types == ALL - NULL or len(kinds) < 2 or not other.unions:  # noqa: PLR2004 - nothing to split
            return [schema.restrict_to(ALL - NULL)]
        return [schema.restrict_to(kind) for kind in kinds]
    common = tuple(Part(part.node, without_union=True) for part in schema.parts)
    return [
        Schema((*variant.parts, *common), schema.label, variant.types & schema.types, variant.name)
        for variant in normalized.unions[0].variants
    ]


class _VariantMatcher:
    """Matches each variant with its counterpart in the other document."""

    def __init__(self, engine: Engine, result: PairResult, old: list[Schema], new: list[Schema]) -> None:
        self._engine, self._result = engine, result
        self._old, self._new = old, new
        self._taken: set[int] = set()

    def run(self) -> None:
        """Compare the variants that match, and report the others."""
        client_sends = self._result.pair.context.client_sends
        # A request breaks if no new variant accepts an old one; a response if a new variant matches no old one.
        sources, targets = (self._old, self._new) if client_sends else (self._new, self._old)
        unmatched: list[int] = []
        for index, source in enumerate(sources):
            if (found := self._find_compatible(source, targets, client_sends=client_sends)) is None:
                unmatched.append(index)
            else:
                self._take(index, found, client_sends=client_sends)
        for index in list(unmatched):
            if (found := self._find_similar(sources, index, targets, unmatched)) is not None:
                unmatched.remove(index)
                self._take(index, found, client_sends=client_sends)
        for index in unmatched:
            self._report(sources[index], removed=client_sends)
        for index, target in enumerate(targets):
            if index not in self._taken:
                self._report(target, removed=not client_sends)

    def _take(self, source: int, target: int, *, client_sends: bool) -> None:
        self._taken.add(target)
        old, new = (source, target) if client_sends else (target, source)
        pair = self._pair(self._old[old], self._new[new])
        self._result.variants.append(replace(pair, certain=self._is_alone(self._old[old])))

    def _pair(self, old: Schema, new: Schema) -> SchemaPair:
        label = self._result.pair.new.label or self._result.pair.old.label
        return SchemaPair(
            Schema(old.parts, old.name or label, old.types, old.name),
            Schema(new.parts, new.name or label, new.types, new.name),
            self._result.pair.context,
            self._result.pair.text,
            self._result.pair.xml,
            self._result.pair.present,
        )

    def _is_alone(self, old: Schema) -> bool:
        """Whether no other variant has values of the same types, so that the values of this one are known by type."""
        mine = self._types(old)
        return not any(mine & self._types(one) for one in self._old if one is not old)

    def _find_compatible(self, source: Schema, targets: list[Schema], *, client_sends: bool) -> int | None:
        named = next((index for index, one in enumerate(targets) if one.name and one.name == source.name), None)
        if self._engine.too_deep or named is not None:
            return named
        order = sorted(range(len(targets)), key=lambda index: (targets[index].name != source.name, index))
        fits: int | None = None
        for index in order:
            old, new = (source, targets[index]) if client_sends else (targets[index], source)
            pair = self._pair(old, new)
            if self._engine.equal(pair):
                return index
            if fits is None and not self._engine.breaks(pair):
                fits = index
        return fits

    def _find_similar(
        self, sources: list[Schema], index: int, targets: list[Schema], unmatched: list[int]
    ) -> int | None:
        """The variant of the same name, or the only one of the same types if both sides have exactly one left."""
        source = sources[index]
        free = [at for at in range(len(targets)) if at not in self._taken]
        named = [at for at in free if source.name and targets[at].name == source.name]
        if named or self._engine.too_deep:
            return named[0] if named else None
        mine = self._types(source)
        alike = [at for at in free if self._types(targets[at]) == mine]
        rivals = [at for at in unmatched if self._types(sources[at]) == mine]
        return alike[0] if len(alike) == len(rivals) == 1 else None

    def _types(self, schema: Schema) -> frozenset[str]:
        normalizer = self._engine.old if any(schema is one for one in self._old) else self._engine.new
        return normalizer.normalize(schema).types

    def _report(self, schema: Schema, *, removed: bool) -> None:
        name = f"`{schema.name}`" if schema.name else type_names(self._types(schema))
        if removed:
            self._result.report("variant-removed", schema.pointer, old=name)
        else:
            self._result.report("variant-added", schema.pointer, new=name)


def _compare_discriminators(engine: Engine, result: PairResult, old: NormalizedSchema, new: NormalizedSchema) -> None:
    before, after = old.discriminator, new.discriminator
    if before is None:
        if after is None:
            return
        result.report("discriminator-added", after.pointer, new=f"`{after.at('propertyName').value}`")
        return
    if after is None:
        result.report("discriminator-removed", before.pointer, old=f"`{before.at('propertyName').value}`")
        return
    names = (before.at("propertyName").value, after.at("propertyName").value)
    if names[0] != names[1]:
        pointer = after.at("propertyName").pointer
        result.report("discriminator-property-changed", pointer, old=f"`{names[0]}`", new=f"`{names[1]}`")
    else:
        _compare_discriminator_values(engine, result, old, new)


def _compare_discriminator_values(
    engine: Engine, result: PairResult, old: NormalizedSchema, new: NormalizedSchema
) -> None:
    before, after = engine.old.discriminator_values(old), engine.new.discriminator_values(new)
    pointers = [
        normalized.pointer if normalized.discriminator is None else normalized.discriminator.pointer
        for normalized in (old, new)
    ]
    for value, schema in before.items():
        if value not in after:
            result.report("discriminator-value-removed", pointers[0], old=f"`{value}`")
            continue
        pair = result.pair
        child = SchemaPair(schema, after[value], pair.context, pair.text, pair.xml, certain=len(before) == 1)
        if schema.name != after[value].name and not engine.too_deep and engine.breaks(child):
            result.report("discriminator-value-changed", pointers[1], new=f"`{value}`")
        else:
            result.variants.append(child)
    for value in after:
        if value not in before:
            result.report("discriminator-value-added", pointers[1], new=f"`{value}`")
