"""What of the used elements is deprecated, or missing in the version that follows."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from app.usage.views import UsedElementView, UsedOperationView
from observability.evidence.declared import DeclaredElements

_SUFFIX: Final = ".openapi.json"
_SHOWN: Final = ("query:", "header:", "cookie:", "body:", "media:", "reads:")
Plain = Mapping[str, Any]


class Successors:
    """The contracts of a folder, and which operation follows which: by its name, or as ``pairing.toml`` says."""

    def __init__(self, folder: Path) -> None:
        self._contracts = {
            path.name.removesuffix(_SUFFIX): DeclaredElements(orjson.loads(path.read_bytes()))
            for path in folder.glob(f"*{_SUFFIX}")
        }
        self._next: dict[str, str] = {}
        self._pairs: dict[str, Mapping[str, str]] = {}
        for path in folder.glob("changes/*-to-*/pairing.toml"):
            old, _, new = path.parent.name.partition("-to-")
            self._next[old] = new
            self._pairs[old] = tomllib.loads(path.read_text()).get("operations", {})

    def describe(self, used: Plain) -> UsedOperationView:
        """The view of an operation in the evidence of a consumer."""
        version, operation = used["version"], used["operation"]
        contract = self._contracts[version]
        follower = self._contracts.get(self._next.get(version, ""))
        successor = self._pairs.get(version, {}).get(operation, operation) if follower is not None else None
        if follower is not None and successor is not None and not follower.has_operation(successor):
            successor = None
        elements = []
        for element, summary in sorted(used["elements"].items()):
            if summary.get("present") and element.startswith(_SHOWN):
                missing = None
                if follower is not None:
                    missing = successor is None or not follower.declares(successor, element)
                elements.append(
                    UsedElementView(
                        element=element,
                        present=summary["present"],
                        possible=summary["possible"],
                        deprecated=contract.is_deprecated(operation, element),
                        missing_in_successor=missing,
                    )
                )
        return UsedOperationView(
            api_version=version,
            operation=operation,
            requests=used["requests"],
            observed=used["observed"],
            deprecated=contract.is_deprecated_operation(operation),
            successor_version=self._next.get(version),
            successor=successor,
            elements=elements,
        )
