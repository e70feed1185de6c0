"""The migration guide stops CI where it would keep something from those who must move."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from contracts import freeze
from contracts.guide import build
from contracts.guide.errors import GuideError
from contracts.guide.fragments import read_fragments
from contracts.guide.requests import Request

Json = dict[str, Any]
PAIR = "v1-to-v2"


class Tree:
    """A copy of everything that a guide is made from."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.changes = root / "changes"
        self.folder = self.changes / PAIR
        shutil.copytree(build.CHANGES, self.changes)
        (root / build.PAGES).mkdir(parents=True)
        for path in (build.CHANGELOG, build.PAGES / f"{PAIR}.md"):
            shutil.copy(build.ROOT / path, root / path)
        for version in ("v1", "v2"):
            shutil.copy(freeze.FOLDER / f"{version}.openapi.json", root)

    def build(self) -> build.Outcome:
        return build.build(self.changes, self.root, self.root)

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    def contract(self, version: str, change: Callable[[Json], Any]) -> None:
        path = self.root / f"{version}.openapi.json"
        document = json.loads(path.read_text())
        change(document)
        path.write_text(json.dumps(document))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_the_committed_files_are_what_the_fragments_say(tree: Tree) -> None:
    outcome = tree.build()
    assert outcome.problems == []
    assert outcome.outdated() == []
    assert set(outcome.files) == {build.CHANGELOG, build.PAGES / f"{PAIR}.md"}


def test_a_breaking_change_that_no_fragment_explains(tree: Tree) -> None:
    def require(document: Json) -> None:
        post = document["components"]["schemas"]["PostCreate"]
        post["properties"]["language"] = {"type": "string"}
        post["required"].append("language")

    tree.contract("v2", require)
    (problem,) = tree.build().problems
    covered = "request-body-required-property-added /components/schemas/PostCreate/properties/language"
    assert covered.replace(" ", "  ") in problem
    assert "POST /posts: `language` in the request is new and always there" in problem
    assert f'put "{covered}" under covers' in problem
    tree.edit("140-status.md", "covers = [", f'covers = [\n    "{covered}",')
    assert tree.build().problems == []


def test_a_warning_that_no_fragment_explains(tree: Tree) -> None:
    tree.edit(
        "020-sign-in.md",
        '    "request-body-default-added /components/schemas/TokenForm/properties/*/default",\n',
        "",
    )
    problems = tree.build().problems
    assert len(problems) == 2
    assert all("warning  request-body-default-added  /components/schemas/TokenForm" in one for one in problems)


def test_parameters_are_named_because_their_numbers_change(tree: Tree) -> None:
    tree.contract("v1", lambda document: document["paths"]["/posts"]["get"]["parameters"].reverse())
    assert tree.build().problems == []
    tree.edit("090-pages-of-posts.md", "parameters/page_size", "parameters/nothing")
    stale, missing = sorted(tree.build().problems, key=lambda one: "No fragment" in one)
    assert '"request-parameter-removed /paths/~1posts/get/parameters/nothing", which the contracts no longer' in stale
    assert "request-parameter-removed  /paths/~1posts/get/parameters/page_size" in missing


def test_a_fragment_that_covers_nothing_any_more(tree: Tree) -> None:
    def bring_back(document: Json) -> None:
        document["components"]["schemas"]["User"]["properties"]["full_name"] = {"type": "string"}
        document["components"]["schemas"]["User"]["required"].append("full_name")

    tree.contract("v2", bring_back)
    (problem,) = tree.build().problems
    assert '070-names.md covers "response-body-property-removed /components/schemas/UserResponse' in problem
    assert "Remove it from covers" in problem


def test_a_star_stands_for_one_step_of_a_pointer(tree: Tree) -> None:
    tree.edit("080-errors.md", "/paths/*/*/responses/[45]*/content/application~1json", "/paths/*")
    problems = tree.build().problems
    assert len(problems) > 200
    assert 'covers "response-media-type-removed /paths/*", which the contracts no longer show' in problems[-1]


@pytest.mark.parametrize("language", ["http", "python"])
@pytest.mark.parametrize("side", ["Before", "After"])
def test_a_fragment_without_an_example(tree: Tree, language: str, side: str) -> None:
    path = tree.folder / "070-names.md"
    head, mark, rest = path.read_text().partition(f"## {side}\n")
    path.write_text(head + mark + re.sub(rf"```{language}\n.*?```\n", "", rest, count=1, flags=re.DOTALL))
    with pytest.raises(GuideError, match=rf"070-names\.md.* has no example in {language} under '## {side}'") as raised:
        tree.build()
    assert "contracts/README.md" in raised.value.advice


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("+++\n", "---\n", "does not begin with front matter"),
        ("title = ", "title ", "the front matter is not TOML"),
        ('kind = "changed"', 'kind = "improved"', "'improved' is no kind of change"),
        ('kind = "changed"\n', "", "the front matter lacks 'kind'"),
        ('kind = "changed"', 'kind = "changed"\nauthor = "Ada"', "knows no 'author'"),
        ("since = 2026-06-01", 'since = "June"', "'since' is not a date"),
        ("since = 2026-06-01", "since = 2026-06-01T00:00:00Z", "'since' is not a date"),
        ('before = "`name`, `full_name`"', 'before = ""', "'before' is not a str with something in it"),
        ("response-body-property-removed /", "name-changed /", "in covers is no rule with a pointer"),
        ("response-body-property-removed /", "response-body-property-removed ", "is no rule with a pointer"),
        ("## Before", "## Once", "has no '## Before' followed by '## After'"),
        ("```python", "```ruby", "a block of 'ruby' cannot be run"),
        ("GET /api/v1/users/1", "FETCH /api/v1/users/1", "'FETCH /api/v1/users/1' is no request line"),
        ("Authorization: Bearer", "Authorization Bearer", "is no header"),
        ("Authorization: Bearer $TOKEN\n", "X: y\n\n{'a': 1}\n", "a body is one line without apostrophes"),
        ('title = "People have a display name"', 'title = "Ids are text"', "have the same title"),
    ],
)
def test_a_fragment_that_is_wrong_says_where_and_what_to_do(tree: Tree, old: str, new: str, message: str) -> None:
    tree.edit("070-names.md", old, new)
    with pytest.raises(GuideError, match=re.escape(message)) as raised:
        read_fragments(tree.folder)
    assert "070-names" in str(raised.value)
    assert raised.value.advice


def test_an_example_that_was_never_run(tree: Tree) -> None:
    tree.edit("070-names.md", 'print(v1.get("/users/1")', 'print(v1.get("/users/2")')
    with pytest.raises(GuideError, match="070-names, before: the python example was never run as it stands") as raised:
        tree.build()
    assert "python -m tests.support.guide" in raised.value.advice
    (tree.folder / "recorded.json").unlink()
    with pytest.raises(GuideError, match="was never run"):
        tree.build()


def test_a_request_that_is_repeated_has_answers_of_its_own(tree: Tree) -> None:
    text = tree.build().files[build.PAGES / f"{PAIR}.md"]
    retries = text.partition("## Repeat a write without fear")[2].partition("**After")[2]
    first, second = retries.index("\nLocation: /api/v2/posts/"), retries.index("\nIdempotent-Replayed: true")
    assert first < second
    assert retries.count('Idempotency-Key: "8e03978e-40d5-43dd-bc93-6894a57f9324"\n\n') == 2


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"GET /search" = "GET /search/posts"\n', "", "GET /search has no successor: name it in [operations]"),
        ('"GET /search/posts"', '"GET /found"', "pairs GET /search with GET /found, and one of them does not exist"),
        ('"POST /users" = ', '"POST /people" = ', "[gone] names POST /people, which does not exist"),
        ('PostUpdate = "PostPatch"', 'PostUpdate = "Patch"', "[schemas] pairs PostUpdate with Patch"),
        ('"MeResponse.name" = "User.display_name"\n', "", "MeResponse.name is gone: say in [fields]"),
        ('"GET /users skip" = "GET /users cursor"\n', "", "GET /users skip is gone: say in [fields]"),
        ('"User.id, User.v1_id"', '"User.id, User.old_id"', "to User.old_id, which does not exist: correct it"),
        ('"MeResponse.name" =', '"MeResponse.alias" =', "[fields] names MeResponse.alias, which does not exist"),
    ],
)
def test_correspondences_are_complete_and_true(tree: Tree, old: str, new: str, problem: str) -> None:
    tree.edit("pairing.toml", old, new)
    assert any(problem in one for one in tree.build().problems)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[gone]", "[lost]", "'gone'"),
        ('PostUpdate = "PostPatch"', "PostUpdate = 1", r"\[schemas\] is not a table of texts"),
        ('case = "no credentials"', 'name = "no credentials"', "'case'"),
        ("[fields]", "[fields", "Expected"),
    ],
)
def test_correspondences_that_cannot_be_read(tree: Tree, old: str, new: str, message: str) -> None:
    tree.edit("pairing.toml", old, new)
    with pytest.raises(GuideError, match=rf"v1-to-v2/pairing\.toml cannot be read: .*{message}") as raised:
        tree.build()
    assert "[[failures]]" in raised.value.advice


def test_a_version_that_has_a_successor_needs_a_guide(tree: Tree) -> None:
    shutil.rmtree(tree.folder)
    with pytest.raises(GuideError, match="v1 has a successor, but contracts/changes has no v1-to-v2"):
        tree.build()


def test_the_changelog_is_drawn_from_the_fragments(tree: Tree) -> None:
    tree.edit("070-names.md", 'changelog = "`display_name`', 'changelog = "One name: `display_name`')
    outcome = tree.build()
    assert outcome.outdated() == [build.CHANGELOG]
    assert outcome.write() == [build.CHANGELOG]
    written = (tree.root / build.CHANGELOG).read_text()
    assert "- One name: `display_name` replaces" in written
    before = (build.ROOT / build.CHANGELOG).read_text()
    assert len(written.splitlines()) == len(before.splitlines())
    assert tree.build().outdated() == []
    (tree.root / build.CHANGELOG).write_text("# Changelog\n")
    with pytest.raises(GuideError, match=r"CHANGELOG\.md has no place"):
        tree.build()
    (tree.root / build.CHANGELOG).unlink()
    with pytest.raises(GuideError, match=r"There is no CHANGELOG\.md"):
        tree.build()


def test_the_command_says_what_is_out_of_date(monkeypatch: pytest.MonkeyPatch, capsys: Any, tree: Tree) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["strata", "contract", "guide", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out + printed.err

    whole = build.build
    monkeypatch.setattr(build, "build", lambda: whole(tree.changes, tree.root, tree.root))
    assert run("--check") == (0, "The guides tell what the contracts say.\n")
    page = tree.root / build.PAGES / f"{PAIR}.md"
    page.write_text(page.read_text().replace("# From v1", "# Away from v1"))
    code, printed = run("--check")
    assert code == 1
    assert f"Not what the fragments say: {build.PAGES}/{PAIR}.md" in printed
    assert "Mend it with `strata contract guide`" in printed
    assert run() == (0, f"Written: {build.PAGES}/{PAIR}.md\n")
    assert run("--check")[0] == 0
    tree.edit("020-sign-in.md", "operation-path-changed /paths/~1auth~1token/post", "operation-added /paths/~1x/get")
    code, printed = run("--check")
    assert code == 1
    assert "breaking  operation-path-changed  /paths/~1auth~1token/post" in printed
    assert "which the contracts no longer show" in printed
    tree.edit("020-sign-in.md", 'kind = "changed"', 'kind = "better"')
    code, printed = run("--check")
    assert code == 1
    assert "Choose one of: added, changed" in printed


def test_a_request_is_told_as_a_command_that_a_shell_reads_the_same() -> None:
    text = 'POST /api/v1/x?a=1&b=2\nAuthorization: Bearer $TOKEN\nX: "1"\n\n{"token": "$TOKEN"}'
    request = Request.parse(text, "here", ("ETag",))
    assert request.curl == (
        "curl -s \"$STRATA/api/v1/x?a=1&b=2\" -w '\\n%{http_code}\\nETag: %header{etag}\\n' \\\n"
        '     -H "Authorization: Bearer $TOKEN" \\\n'
        "     -H 'X: \"1\"' \\\n"
        '     -d \'{"token": "\'"$TOKEN"\'"}\''
    )
    assert request.filled({"TOKEN": "abc"}).body == '{"token": "abc"}'
    assert Request.parse("DELETE /x", "here").curl == "curl -s \"$STRATA/x\" -w '\\n%{http_code}\\n' -X DELETE"
    assert Request.parse("POST /x\n\na=$TOKEN", "here").curl.endswith(' \\\n     -d "a=$TOKEN"')
