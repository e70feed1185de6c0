"""Finds the schemas that are the same in both documents, so that only the others are compared."""

import json
from collections.abc import Iterator
from typing import Any

from contracts.compat.document import Document, Node
from contracts.compat.loading import NotOpenAPI


class SameSchemas:
    """Compares schema objects by their text and by that of everything they refer to."""

    def __init__(self, old: Document, new: Document) -> None:
        self._old, self._new = old, new
        self._comparable = old.ref_siblings_apply == new.ref_siblings_apply
        # No object is freed during a comparison, so the address identifies it.
        self._same: dict[tuple[int, int], bool] = {}
        self._texts: dict[int, str] = {}
        self._references: dict[int, frozenset[str]] = {}
        # Reference -> whether its targets are the same in both documents.
        self._unchanged: dict[str, bool] = {}

    def same(self, old: Node, new: Node) -> bool:
        """Whether both are the same, including the targets of their references."""
        key = (id(old.value), id(new.value))
        if (known := self._same.get(key)) is None:
            known = self._same[key] = self._comparable and self._is_same(old.value, new.value)
        return known

    def _is_same(self, old: Any, new: Any) -> bool:
        return self._has_same_text(old, new) and all(map(self._is_unchanged, self._references_in(old)))

    def _has_same_text(self, old: Any, new: Any) -> bool:
        # Values that differ are found without their texts. Equal ones may differ as JSON: 1, 1.0 and true.
        return bool(old == new) and self._text(old) == self._text(new)

    def _is_unchanged(self, reference: str) -> bool:
        if reference not in self._unchanged:
            self._decide(reference)
        return self._unchanged[reference]

    def _decide(self, start: str) -> None:
        """Decide about a reference and all that it reaches: a target changes if its text or a target inside does."""
        users: dict[str, list[str]] = {start: []}
        changed = []
        queue = [start]
        while queue:
            reference = queue.pop()
            before, after = (self._target(document, reference) for document in (self._old, self._new))
            if before is None or after is None or not self._has_same_text(before.value, after.value):
                changed.append(reference)
                continue
            for inner in self._references_in(before.value):
                if (known := self._unchanged.get(inner)) is not None:
                    changed += [] if known else [reference]
                elif inner in users:
                    users[inner].append(reference)
                else:
                    users[inner] = [reference]
                    queue.append(inner)
        self._unchanged |= dict.fromkeys(users, True)
        while changed:
            reference = changed.pop()
            if self._unchanged[reference]:
                self._unchanged[reference] = False
                changed += users[reference]

    def _target(self, document: Document, reference: str) -> Node | None:
        try:
            return document.target(reference, "")
        except NotOpenAPI:
            return None

    def _text(self, value: Any) -> str:
        if not isinstance(value, dict | list):
            return json.dumps(value)
        if (known := self._texts.get(id(value))) is None:
            known = self._texts[id(value)] = json.dumps(value, sort_keys=True)
        return known

    def _references_in(self, value: Any) -> frozenset[str]:
        if not isinstance(value, dict | list):
            return frozenset()
        if (known := self._references.get(id(value))) is None:
            known = self._references[id(value)] = frozenset(_references(value))
        return known


def _references(value: Any) -> Iterator[str]:
    queue = [value]
    while queue:
        one = queue.pop()
        if isinstance(one, dict):
            if isinstance(reference := one.get("$ref"), str):
                yield reference
            queue += one.values()
        elif isinstance(one, list):
            queue += one
