"""Summarises requests by the elements of one contract.

| element | is |
|---|---|
| ``path:id``, ``query:limit``, ``header:if-match``, ``cookie:seat`` | a parameter; ``query:sort/*``: an item |
| ``query`` | the query as a whole, which has the hashes of undeclared parameters |
| ``body``, ``body:/title``, ``body:/tags/*`` | the body, its members, the items of arrays and the members of maps |
| ``media:application/json``, ``accept:text/csv`` | a media type of the body, or a wanted one |
| ``status:201`` | the status, also of rejected requests, of which nothing else is known |
| ``security:bearer``, ``scope:posts:write`` | a security scheme that was used, and what the caller may do |
| ``reads``, ``reads:/data/*/title`` | whether the client declares all that it reads, and a member that it reads |
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from observability.conformance.operation import FORM, Operation, Parameter, Reader
from observability.conformance.request_values import (
    cookie_values,
    form_members,
    form_values,
    header_values,
    path_values,
)
from observability.conformance.response_checks import header, is_json, media_type_of
from observability.conformance.schemas import Json, Steps, pointer
from observability.conformance.texts import value_of
from observability.evidence.reads import HEADER, declared_reads, resolve
from observability.evidence.request import HashName, Names, SampledRequest, Summaries
from observability.evidence.shapes import Shape, Shapes
from observability.evidence.summaries import Tally
from observability.evidence.values import TooLarge, ValueSummaries

_ACCEPTED: Final = range(100, 400)
_SUCCESS: Final = ("200", "201", "202", "203", "206", "2XX")
_OTHER: Final = "other"
"""Stands for a media type that the contract does not list."""
_ANY: Final = "*/*"
Values = Mapping[str, Sequence[str]]


class Unreadable(Exception):
    """The body is incomplete, encoded, or no JSON: the request would be summarised without it."""


class Extractor:
    """Summarises the requests of one version.

    ``selections`` and ``inclusions`` are query parameters whose values are the response members that a client reads:
    those alone, or those too.
    """

    def __init__(
        self, document: Mapping[str, Any], hash_name: HashName, *, selections: Names = (), inclusions: Names = ()
    ) -> None:
        self._document = document
        self._hash_name = hash_name
        self._selections = selections
        self._inclusions = inclusions
        self._reader = Reader(document)
        self._shapes = Shapes(document)
        prefix = document["servers"][0]["url"] if document.get("servers") else ""
        self._paths = {f"{prefix}{path}": (path, item) for path, item in document.get("paths", {}).items()}
        self._operations: dict[Steps, Operation] = {}

    def summaries(self, request: SampledRequest) -> tuple[Summaries, bool] | None:
        """The summaries of a request, and whether it was accepted; None for a route outside the contract.

        Raises ``Unreadable`` and ``TooLarge`` for a request that would be summarised in part.
        """
        operation = self._operation(request)
        if operation is None:
            return None
        tally = Tally(self._hash_name, random=request.random)
        tally.add_present(f"status:{request.status}")
        accepted = request.status in _ACCEPTED
        if accepted:
            _RequestSummaries(self, tally, operation, request).add()
        return tally.summaries, accepted

    def _operation(self, request: SampledRequest) -> Operation | None:
        path, item = self._paths.get(request.route, ("", None))
        if item is None:
            return None
        method = request.method.lower()
        if method == "head" and "head" not in item:
            method = "get"
        if method not in item:
            return None
        steps = ("paths", path, method)
        operation = self._operations.get(steps)
        if operation is None:
            operation = self._operations[steps] = self._reader.operation(steps)
        return operation

    def security_of(self, operation: Operation) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the security schemes that an operation declares."""
        node = self._document["paths"][operation.steps[1]][operation.steps[2]]
        names = {name for group in node.get("security", self._document.get("security", ())) for name in group}
        schemes = self._document.get("components", {}).get("securitySchemes", {})
        for name in sorted(names & schemes.keys()):
            yield name, schemes[name]

    def shape(self, steps: Steps) -> Shape:
        """The shape of the schema at a place."""
        return self._shapes.at(steps)

    def reads(self, query: Values, declared: Sequence[str] | None) -> tuple[list[str], bool]:
        """The names that a request reads, and whether it reads nothing else."""
        selected = [name for one in self._selections for name in _split(query.get(one, ()))]
        included = [name for one in self._inclusions for name in _split(query.get(one, ()))]
        complete = declared is not None or bool(selected)
        # What the header declares is read, whatever else the query requests.
        return (list(declared) if declared is not None else selected + included), complete


class _RequestSummaries:
    """Adds the summaries of one accepted request."""

    def __init__(self, extractor: Extractor, tally: Tally, operation: Operation, request: SampledRequest) -> None:
        self._extractor = extractor
        self._tally = tally
        self._operation = operation
        self._request = request
        self._query = form_values(request.query)
        self._headers = header_values(request.headers)
        self._cookies = cookie_values(request.headers)

    def add(self) -> None:
        """Add all of them."""
        self._add_parameters()
        self._add_media()
        self._add_security()
        self._add_reads()

    def _add_parameters(self) -> None:
        given: Mapping[str, Values] = {
            "path": path_values(self._request.route, self._request.path),
            "query": self._query,
            "header": self._headers,
            "cookie": self._cookies,
        }
        for parameter in self._operation.parameters:
            name = parameter.name.lower() if parameter.place == "header" else parameter.name
            self._add_parameter(f"{parameter.place}:{name}", parameter, given[parameter.place].get(name, ()))
        declared = {parameter.name for parameter in self._operation.parameters if parameter.place == "query"}
        if declared or self._query:
            summary = self._tally.add_present("query")
            if unknown := [name for name in self._query if name not in declared]:
                self._tally.add_unknown(summary, unknown)

    def _add_parameter(self, element: str, parameter: Parameter, texts: Sequence[str]) -> None:
        if not texts:
            self._tally.add_possible(element)
        elif parameter.schema is None:
            self._tally.add_value(self._tally.add_possible(element), texts[-1], ())
        else:
            shape = self._extractor.shape(parameter.schema)
            value = value_of(parameter, texts)
            if isinstance(value, list) and shape.items is not None:
                self._tally.add_value(self._tally.add_possible(element), value, ())
                for item in value:
                    self._tally.add_value(self._tally.add_possible(f"{element}/*"), item, shape.items.values)
            else:
                self._tally.add_value(self._tally.add_possible(element), value, shape.values)

    def _add_media(self) -> None:
        accepts = [
            one.partition(";")[0].strip().lower() for one in ",".join(self._headers.get("accept", ())).split(",")
        ]
        listed = {
            kind
            for status in self._operation.responses
            if status in _SUCCESS
            for kind in self._operation.responses[status].content.types
        }
        for kind in sorted({one if one in listed else _ANY for one in accepts if one in listed or one == _ANY}):
            self._tally.add_present(f"accept:{kind}")
        if self._operation.body is not None:
            self._add_body()

    def _add_body(self) -> None:
        declared, body = self._operation.body, self._request.body
        kind = media_type_of(self._request.headers)
        if declared is None or (not kind and (body is None or not body.size)):
            self._tally.add_possible("body")
            return
        entry = declared.find(kind)
        self._tally.add_present(f"media:{entry or _OTHER}")
        schema = None if entry is None else declared.types[entry]
        if schema is None or not (is_json(kind) or kind == FORM):
            return
        if body is not None and body.too_large:
            raise TooLarge
        if body is None or not body.whole or header(self._request.headers, b"content-encoding"):
            raise Unreadable
        ValueSummaries(self._tally).add("body", self._value(kind, b"".join(body.chunks)), self._extractor.shape(schema))

    def _value(self, kind: str, body: bytes) -> Json:
        if kind == FORM:
            return form_members(self._operation.form, body)
        try:
            return orjson.loads(body)
        except ValueError:
            raise Unreadable from None

    def _add_security(self) -> None:
        for name, scheme in self._extractor.security_of(self._operation):
            if self._uses(scheme):
                self._tally.add_present(f"security:{name}")
        for permission in self._request.permissions:
            self._tally.add_present(f"scope:{permission}")

    def _uses(self, scheme: Mapping[str, Any]) -> bool:
        if scheme.get("type") == "apiKey":
            places: Mapping[str, Values] = {"header": self._headers, "cookie": self._cookies, "query": self._query}
            name = str(scheme.get("name", ""))
            return (name.lower() if scheme.get("in") == "header" else name) in places.get(str(scheme.get("in")), {})
        kind = str(scheme.get("scheme", "bearer")).lower()
        return any(text.lower().startswith(f"{kind} ") for text in self._headers.get("authorization", ()))

    def _add_reads(self) -> None:
        names, complete = self._extractor.reads(self._query, declared_reads(self._headers.get(HEADER.lower(), ())))
        response = self._response()
        if response is None or not (names or complete):
            return
        summary = self._tally.add_present("reads") if complete else self._tally.summaries.setdefault("reads", {})
        unknown = []
        for name in dict.fromkeys(names):
            path = resolve(name, response)
            if path is None:
                unknown.append(name)
            else:
                self._tally.add_present(f"reads:{pointer(path)}")
        if unknown:
            self._tally.add_unknown(summary, unknown)

    def _response(self) -> Shape | None:
        for status in _SUCCESS:
            declared = self._operation.responses.get(status)
            for kind, schema in declared.content.types.items() if declared is not None else ():
                if schema is not None and is_json(kind):
                    return self._extractor.shape(schema)
        return None


def _split(texts: Sequence[str]) -> list[str]:
    return [name for text in texts for name in text.split(",") if name]
