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
        self._texts: dict[int, str] = {}
        self._references: dict[int, frozenset[str]] = {}
        # Reference -> whether its targets are the same in both documents.
        self._unchanged: dict[str, bool] = {}

    def same(self, old: Node, new: Node) -> bool:
        """Whether both are the same, including the targets of their references."""
        if not self._comparable or self._text(old.value) != self._text(new.value):
            return False
        return all(self._is_unchanged(reference) for reference in self._references_in(old.value))

    def _is_unchanged(self, start: str) -> bool:
        if (known := self._unchanged.get(start)) is not None:
            return known
        reached: dict[str, None] = {start: None}
        queue = [start]
        while queue:
            reference = queue.pop()
            if self._unchanged.get(reference) is True:
                continue
            try:
                before, after = (document.target(reference, "") for document in (self._old, self._new))
            except NotOpenAPI:
                before, after = Node(None, ""), Node(0, "")
            if self._unchanged.get(reference) is False or self._text(before.value) != self._text(after.value):
                self._unchanged[reference] = self._unchanged[start] = False
                return False
            for inner in self._references_in(before.value):
                if inner not in reached:
                    reached[inner] = None
                    queue.append(inner)
        self._unchanged |= dict.fromkeys(reached, True)
        return True

    def _text(self, value: Any) -> str:
        # No object is freed during a comparison, so the address identifies it.
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
