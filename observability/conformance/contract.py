"""One frozen contract, and whether an exchange keeps it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from observability.conformance.exchange import Exchange
from observability.conformance.operation import Operation, Reader
from observability.conformance.request_checks import judge_request
from observability.conformance.response_checks import judge_response
from observability.conformance.schemas import Schemas, Steps
from observability.conformance.violation import CheckResult, Violation

_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch", "head", "options", "trace"})
_SUCCESS: Final = range(200, 300)


class Contract:
    """A document, its operations and their schemas: each is read and compiled when it is first needed."""

    def __init__(self, document: Mapping[str, Any], prefix: str) -> None:
        self._reader = Reader(document)
        self._sent = Schemas(document, "request")
        self._answered = Schemas(document, "response")
        self._paths = {f"{prefix}{path}": (path, item) for path, item in document.get("paths", {}).items()}
        self._operations: dict[Steps, Operation] = {}
        self._names = frozenset(_names(document))

    @classmethod
    def read(cls, path: Path, prefix: str) -> "Contract":
        """The contract in a file. Raises ``OSError``, and ``ValueError`` for what is no JSON object."""
        document = orjson.loads(path.read_bytes())
        if not isinstance(document, dict):
            message = f"{path} holds no object"
            raise ValueError(message)  # noqa: TRY004 - of a file, as every other way in which it can be unusable
        return cls(document, prefix)

    def check(self, exchange: Exchange) -> CheckResult | None:
        """Whether the answer, and the request where it was accepted, is as promised.

        ``None`` for a route that is none of the contract's: the pages of the documentation.
        """
        path, item = self._paths.get(exchange.route, ("", None))
        if item is None:
            return None
        # Where GET is promised, HEAD is: the same without a body (RFC 9110, section 9.3.2).
        head = exchange.method == "HEAD" and "head" not in item
        operation = self._operation(path, item, "get" if head else exchange.method.lower())
        accepted = exchange.status in _SUCCESS
        if operation is None:
            # Whoever is refused has not been promised anything.
            return CheckResult(None, ("response",), (Violation("response", "operation"),)) if accepted else None
        violations = list(judge_response(operation, exchange, self._answered, head=head, names=self._names))
        if not accepted:
            return CheckResult(operation.name, ("response",), tuple(violations))
        violations += judge_request(operation, exchange, self._sent, names=self._names)
        return CheckResult(operation.name, ("response", "request"), tuple(violations))

    def _operation(self, path: str, item: Mapping[str, Any], method: str) -> Operation | None:
        if method not in _METHODS or method not in item:
            return None
        steps = ("paths", path, method)
        found = self._operations.get(steps)
        if found is None:
            found = self._operations[steps] = self._reader.operation(steps)
        return found


def _names(node: Any) -> Iterator[str]:
    """The names of all members that the contract knows: any other in an answer may be somebody's data."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield from node["properties"]
        for inner in node.values():
            yield from _names(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _names(inner)
