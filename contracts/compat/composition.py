"""Compares unions: which variants are still there, whatever their order and however they are written."""

from contracts.compat.engine import Engine, Entry, Pair, tell
from contracts.compat.normalized_schema import ALL, NULL, NUMBER, Node, Part, Shape, type_names


def compare_unions(engine: Engine, pair: Pair, entry: Entry, old: Shape, new: Shape) -> None:
    """The variants of both sides. A schema without variants is the only variant of itself."""
    _discriminators(engine, pair, entry, old, new)
    if not old.unions and not new.unions:
        return
    if old.unions and new.unions:
        for index in range(max(len(old.unions), len(new.unions))):
            before = old.unions[index] if index < len(old.unions) else None
            after = new.unions[index] if index < len(new.unions) else None
            if before is None and after is not None:
                tell(entry, pair, "variant-removed", after.pointer, old="anything but these variants")
            elif after is None and before is not None:
                tell(entry, pair, "variant-added", before.pointer, new="something beside these variants")
            elif before is not None and after is not None:
                if before.keyword != after.keyword:
                    kind = "exclusive" if after.keyword == "oneOf" else "inclusive"
                    tell(entry, pair, f"variants-became-{kind}", after.pointer)
                _Matching(engine, pair, entry, before.variants, after.variants).run()
        return
    _Matching(engine, pair, entry, _alone(pair.old, old, new), _alone(pair.new, new, old)).run()


def _alone(node: Node, shape: Shape, other: Shape) -> list[Node]:
    """The variants of one side, with what holds for all of them added to each."""
    if not shape.unions:
        types = shape.types - NULL
        kinds = [kind for kind in (NUMBER, *(frozenset({name}) for name in sorted(ALL - NUMBER))) if kind & types]
        if types == ALL - NULL or len(kinds) < 2 or not other.unions:  # noqa: PLR2004 - nothing to split
            return [node.narrowed(ALL - NULL)]
        return [node.narrowed(kind) for kind in kinds]
    common = tuple(Part(part.site, bare=True) for part in node.parts)
    return [
        Node((*variant.parts, *common), node.label, variant.only & node.only, variant.hint)
        for variant in shape.unions[0].variants
    ]


class _Matching:
    """Finds for each variant what it was, or what became of it."""

    def __init__(self, engine: Engine, pair: Pair, entry: Entry, old: list[Node], new: list[Node]) -> None:
        self._engine, self._pair, self._entry = engine, pair, entry
        self._old, self._new = old, new
        self._matched: dict[int, int] = {}
        self._kept: set[int] = set()

    def run(self) -> None:
        """Match, compare what is matched, tell what is not."""
        sent = self._pair.place.sent
        # A request breaks for an old variant that nothing takes; a response for a new one that nothing had.
        sources, targets = (self._old, self._new) if sent else (self._new, self._old)
        left: list[int] = []
        for index, source in enumerate(sources):
            if (found := self._compatible(source, targets, sent=sent)) is None:
                left.append(index)
            else:
                self._take(index, found, sent=sent)
        for index in list(left):
            if (found := self._alike(sources, index, targets, left)) is not None:
                left.remove(index)
                self._take(index, found, sent=sent)
        for index in left:
            self._tell(sources[index], gone=sent)
        for index, target in enumerate(targets):
            if index not in self._kept:
                self._tell(target, gone=not sent)

    def _take(self, source: int, target: int, *, sent: bool) -> None:
        self._kept.add(target)
        old, new = (source, target) if sent else (target, source)
        self._entry.below.append(self._of(self._old[old], self._new[new]))

    def _of(self, old: Node, new: Node) -> Pair:
        label = self._pair.new.label or self._pair.old.label
        return Pair(
            Node(old.parts, old.hint or label, old.only, old.hint),
            Node(new.parts, new.hint or label, new.only, new.hint),
            self._pair.place,
        )

    def _compatible(self, source: Node, targets: list[Node], *, sent: bool) -> int | None:
        if self._engine.deep:
            return next((index for index, one in enumerate(targets) if one.hint and one.hint == source.hint), None)
        order = sorted(range(len(targets)), key=lambda index: (targets[index].hint != source.hint, index))
        fits: int | None = None
        for index in order:
            old, new = (source, targets[index]) if sent else (targets[index], source)
            pair = self._of(old, new)
            if self._engine.same(pair):
                return index
            if fits is None and not self._engine.breaks(pair):
                fits = index
        return fits

    def _alike(self, sources: list[Node], index: int, targets: list[Node], left: list[int]) -> int | None:
        """What this variant probably is: of the same name, or the only one left of its types on both sides."""
        source = sources[index]
        free = [at for at in range(len(targets)) if at not in self._kept]
        named = [at for at in free if source.hint and targets[at].hint == source.hint]
        if named:
            return named[0]
        mine = self._types(source)
        alike = [at for at in free if self._types(targets[at]) == mine]
        rivals = [at for at in left if self._types(sources[at]) == mine]
        return alike[0] if len(alike) == len(rivals) == 1 else None

    def _types(self, node: Node) -> frozenset[str]:
        reader = self._engine.old if any(node is one for one in self._old) else self._engine.new
        return reader.shape(node).types

    def _tell(self, node: Node, *, gone: bool) -> None:
        name = f"`{node.hint}`" if node.hint else type_names(self._types(node))
        if gone:
            tell(self._entry, self._pair, "variant-removed", node.pointer, old=name)
        else:
            tell(self._entry, self._pair, "variant-added", node.pointer, new=name)


def _discriminators(engine: Engine, pair: Pair, entry: Entry, old: Shape, new: Shape) -> None:
    before, after = old.discriminator, new.discriminator
    if before is None:
        if after is None:
            return
        tell(entry, pair, "discriminator-added", after.pointer, new=f"`{after.at('propertyName').value}`")
        return
    if after is None:
        tell(entry, pair, "discriminator-removed", before.pointer, old=f"`{before.at('propertyName').value}`")
        return
    names = (before.at("propertyName").value, after.at("propertyName").value)
    if names[0] != names[1]:
        pointer = after.at("propertyName").pointer
        tell(entry, pair, "discriminator-property-changed", pointer, old=f"`{names[0]}`", new=f"`{names[1]}`")
    else:
        _kinds(engine, pair, entry, old, new)


def _kinds(engine: Engine, pair: Pair, entry: Entry, old: Shape, new: Shape) -> None:
    """What each value of a discriminator means."""
    was, now = engine.old.kinds(old), engine.new.kinds(new)
    pointers = [shape.pointer if shape.discriminator is None else shape.discriminator.pointer for shape in (old, new)]
    for kind, node in was.items():
        if kind not in now:
            tell(entry, pair, "discriminator-value-removed", pointers[0], old=f"`{kind}`")
            continue
        below = Pair(node, now[kind], pair.place)
        if node.hint != now[kind].hint and not engine.deep and engine.breaks(below):
            tell(entry, pair, "discriminator-value-changed", pointers[1], new=f"`{kind}`")
        else:
            entry.below.append(below)
    for kind in now:
        if kind not in was:
            tell(entry, pair, "discriminator-value-added", pointers[1], new=f"`{kind}`")
