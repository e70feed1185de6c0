"""Invalid documents are rejected with a message of one line."""

from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from contracts.compat import NotOpenAPI, diff, sources
from contracts.compat.document import Document
from contracts.compat.loading import load, parse
from contracts.compat.sources import read_source

Json = Any
VALID = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {}}
DANGLING = {"paths": {"/a": {"get": {"responses": {"200": {"$ref": "#/components/responses/No"}}}}}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not an object"),
        ("[]", "not an object"),
        ("hello", "not an object"),
        ('{"a": 1, "a": 2}', "occurs twice"),
        ("a: 1\na: 2", "occurs twice"),
        ("a: [1, 2", "line 2"),
        ('{"a": NaN}', "NaN"),
        ("a: !!python/object/apply:os.system [id]", "line 1"),
        ("a: &x [*x]", "recursive"),
        ("{" * 100_000, "line 1|too deeply"),
        ("- " * 5_000, "nested too deeply"),
        ("a: 1e999", "out of range"),
    ],
)
def test_invalid_text_is_rejected(text: str, message: str) -> None:
    with pytest.raises(NotOpenAPI, match=message):
        parse(text)


def test_aliases_that_expand_without_limit_are_rejected() -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))]
    with pytest.raises(NotOpenAPI, match="aliases"):
        parse("\n".join(lines))


def test_yaml_scalars_have_the_types_of_yaml_1_2() -> None:
    found = parse("200: no\non: 2020-01-31\nx: &x {a: 1.5}\ny: {<<: *x, b: 010}\nz: ~")
    assert found == {"200": "no", "on": "2020-01-31", "x": {"a": 1.5}, "y": {"a": 1.5, "b": 10}, "z": None}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "openapi"),
        ({"swagger": "2.0", "paths": {}}, "Swagger 2.0"),
        ({"openapi": "4.0.0", "paths": {}}, "4.0.0"),
        ({"openapi": 3.1, "paths": {}}, "3.1"),
        ({"openapi": "3.1.0"}, "neither paths"),
        ({"openapi": "3.1.0", "paths": []}, "not an object"),
        (VALID | {"paths": {"/a": 1}}, "/paths/~1a is not an object"),
        (VALID | {"paths": {"/a": {"get": []}}}, "get is not an object"),
        (VALID | DANGLING, "does not exist"),
        (VALID | {"components": {"schemas": {"A": {"$ref": "other.yaml#/A"}}}}, "bundle"),
    ],
)
def test_a_document_that_is_not_openapi_is_rejected(document: Json, message: str) -> None:
    with pytest.raises(NotOpenAPI, match=message):
        diff(VALID, document)


def test_references_in_examples_and_names_are_ignored() -> None:
    schema = {
        "type": "object",
        "properties": {"$ref": {"type": "string"}, "default": {}},
        "example": {"$ref": "nowhere"},
    }
    assert diff(VALID, VALID | {"components": {"schemas": {"A": schema}}}).findings == ()


def test_a_reference_can_name_an_anchor() -> None:
    schemas = {"A": {"$anchor": "a", "type": "string"}, "B": {"$ref": "#a"}}
    document = Document(VALID | {"components": {"schemas": schemas}})
    assert document.resolve(document.root.at("components", "schemas", "B")).value == schemas["A"]


@pytest.mark.parametrize("text", ['{"a": "\u00fc"}', 'a: "\u00fc"'])
def test_the_mark_at_the_begin_of_a_file_is_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Editors of Windows write it."""
    path = tmp_path / "document"
    content = text.encode("utf-8-sig")
    path.write_bytes(content)
    monkeypatch.setattr(sources.sys, "stdin", SimpleNamespace(buffer=BytesIO(content)))
    assert read_source(str(path)) == read_source("-") == {"a": "\u00fc"}


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"swagger"])
def test_the_error_of_an_unreadable_file_contains_its_name(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "document.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NotOpenAPI, match=r"document\.yaml"):
        load(path)
