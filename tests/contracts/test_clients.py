"""Clients generated from each contract compile and work, and code that uses a removed field does not compile."""

from pathlib import Path

import pytest

from tests.support.clients import checked_python, contract_tools, python_client, typescript, used_python
from tests.support.excerpts import excerpt
from tests.support.live import Strata
from tests.support.operations import VERSIONS, Document, document
from tests.support.postgres import clone

PASSWORD = "correct horse battery"
by_version = pytest.mark.parametrize("version", VERSIONS)


async def test_generated_python_clients_compile_and_work(admin_dsn: str, tmp_path: Path) -> None:
    for version in VERSIONS:
        generated = python_client(document(version), version, tmp_path)
        assert generated.returncode == 0, generated.stdout
    checked = checked_python(tmp_path, *VERSIONS)
    assert checked.returncode == 0, checked.stdout
    strata = Strata(tmp_path / "home", await clone(admin_dsn, "clients"))
    for version in VERSIONS:
        strata.run("users", "create", f"{version}@example.com", "--role", "author", "--password", PASSWORD)
    with strata.serving() as url:
        for version in VERSIONS:
            used = used_python(version, tmp_path, url, f"{version}@example.com", PASSWORD)
            assert used.returncode == 0, f"{used.stderr}\n{strata.log('serve')}"


@by_version
def test_generated_typescript_types_compile(version: str, tmp_path: Path) -> None:
    contract_tools()
    checked = typescript(document(version), version, tmp_path)
    assert checked.returncode == 0, f"{checked.stdout}\n{checked.stderr}"


def test_python_code_that_reads_a_removed_field_does_not_compile(tmp_path: Path) -> None:
    assert python_client(without_title(), "v2", tmp_path).returncode == 0
    checked = checked_python(tmp_path, "v2")
    assert checked.returncode == 1
    assert 'has no attribute "title"' in checked.stdout


def test_typescript_code_that_reads_a_removed_field_does_not_compile(tmp_path: Path) -> None:
    contract_tools()
    checked = typescript(without_title(), "v2", tmp_path)
    assert checked.returncode == 2
    assert "Property 'title' does not exist" in checked.stdout


def without_title() -> Document:
    """The parts of v2 that the code uses, without the title of posts."""
    broken = excerpt(document("v2"), "/auth/token", "/posts", "/posts/batch", "/posts/{post_id}")
    schema = broken["components"]["schemas"]["Post"]
    del schema["properties"]["title"]
    schema["required"].remove("title")
    return broken
