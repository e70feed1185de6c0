"""Secrets and personal data in every element of every operation leave no trace in the evidence."""

import re
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from app.usage.pseudonyms import Pseudonyms
from observability.conformance.exchange import BodyBuffer
from observability.evidence.extraction import Extractor
from observability.evidence.request import SampledRequest
from tests.support.operations import ALL, VERSIONS, Operation, document

_HASH: Final = Pseudonyms("a secret of the deployment").hash_name
EXTRACTORS: Final = {
    version: Extractor(document(version), _HASH, selections=("fields",), inclusions=("include",))
    for version in VERSIONS
}
ALPHABET: Final = "qzxjkvw0123456789"
WORD: Final = st.text(ALPHABET, min_size=9, max_size=12)
TEXT: Final = st.one_of(
    WORD,
    WORD.map("sk_live_{}".format),
    WORD.map("{}@planted.example".format),
    WORD.map("Žofie {}".format),
    WORD.map('{}", "x": "'.format),
)
NUMBER: Final = st.one_of(
    st.integers(10**9, 10**15).filter(lambda value: len(str(value).rstrip("0")) > 6),
    st.floats(100.123456, 999.123456, allow_subnormal=False).filter(lambda value: len(repr(value)) > 8),
)
Planted = list[str]


class Planter:
    """Replaces the values of examples by drawn ones, and remembers these."""

    def __init__(self, data: st.DataObject) -> None:
        self.known: Planted = []
        self._data = data

    def text(self) -> str:
        return self._note(self._data.draw(TEXT))

    def number(self) -> float:
        value: float = self._data.draw(NUMBER)
        self._note(str(value))
        return value

    def value(self, example: Any) -> Any:
        """A value of the type of the example, or of another one: the server may accept both."""
        if isinstance(example, dict):
            members = {name: self.value(item) for name, item in example.items()}
            return members | {self.text(): {self.text(): self.text()}, self.text(): self.number()}
        if isinstance(example, list):
            return [self.value(item) for item in example] + [self.text()]
        if isinstance(example, bool) or example is None:
            return self.text()
        return self.number() if isinstance(example, int | float) else self.text()

    def _note(self, value: str) -> str:
        self.known.append(value)
        return value


def planted(operation: Operation, planter: Planter) -> SampledRequest:
    names = [parameter["name"] for parameter in operation.parameters("query")]
    query = [(name, planter.text()) for name in names] + [(name, str(planter.number())) for name in names]
    headers = [(parameter["name"], planter.text()) for parameter in operation.parameters("header")]
    cookies = [parameter["name"] for parameter in operation.parameters("cookie")]
    kind = operation.media_type or "application/json"
    others = ("Authorization", "X-API-Key", "API-Reads", "Accept", "Cookie", planter.text(), "User-Agent")
    body = planter.value(operation.body if operation.body is not None else {})
    content = urlencode(body).encode() if "form" in kind else orjson.dumps(body)
    buffer = BodyBuffer(10**6)
    buffer.add(content, more=False)
    path = re.sub(r"\{\w+\}", lambda _: quote(planter.text(), safe=""), operation.template)
    return SampledRequest(
        version=operation.version,
        operation=operation.name,
        consumer="ada",
        route=operation.template,
        method=operation.method,
        path=path,
        query=urlencode([*query, (planter.text(), planter.text())]).encode(),
        headers=[
            (name.lower().encode(), value.encode())
            for name, value in (
                ("Content-Type", f'{kind}; boundary="{planter.text()}"'),
                *headers,
                *((name, f"{planter.text()}, {planter.text()}/{planter.text()}") for name in others),
                ("API-Reads", f"title, {planter.text()}"),
                ("Cookie", "; ".join(f"{name}={planter.text()}" for name in [*cookies, "other"])),
            )
        ],
        body=buffer,
        status=200,
        permissions=(),
        random=True,
        ended_at=datetime(2026, 3, 10, tzinfo=UTC),
    )


def traces(planter: Planter, evidence: str) -> list[str]:
    """The planted values that the evidence contains, whole or in part."""
    parts = {part for value in planter.known for part in re.findall(rf"[{ALPHABET}]{{7,}}", value)}
    return [part for part in parts if part in evidence]


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_no_value_and_no_unknown_name_is_in_the_evidence(data: st.DataObject) -> None:
    assert len(ALL) > 100
    found: set[str] = set()
    for operation in data.draw(st.permutations(ALL))[:40]:
        planter = Planter(data)
        summarised = EXTRACTORS[operation.version].summaries(planted(operation, planter))
        assert summarised is not None
        evidence = orjson.dumps(summarised[0]).decode()
        assert traces(planter, evidence) == [], operation.name
        found |= {name.partition(":")[0] for name in summarised[0]}
    assert {"query", "header", "path", "body", "media", "status"} <= found, "the requests are evidence"


def test_the_search_finds_what_leaks() -> None:
    """Otherwise the test above proves nothing."""
    leaking: Any = SimpleNamespace(known=["sk_live_qz12345678", "4929123456781234"])
    assert traces(leaking, '{"body:/qz12345678": 1}') == ["qz12345678"]
    assert traces(leaking, '{"number": [4929123456781234, 1]}') == ["4929123456781234"]
