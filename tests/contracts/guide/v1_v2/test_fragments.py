"""Invalid fragments and examples are rejected with the file, the cause and what to do."""

import re

import pytest

from contracts.guide import build
from contracts.guide.errors import GuideError
from contracts.guide.example_request import ExampleRequest
from contracts.guide.fragments import read_fragments
from tests.contracts.guide.v1_v2.sources import PAIR, GuideSources


@pytest.mark.parametrize("language", ["http", "python"])
@pytest.mark.parametrize("side", ["Before", "After"])
def test_a_fragment_without_an_example_is_rejected(sources: GuideSources, language: str, side: str) -> None:
    path = sources.folder / "070-names.md"
    head, mark, rest = path.read_text().partition(f"## {side}\n")
    path.write_text(head + mark + re.sub(rf"```{language}\n.*?```\n", "", rest, count=1, flags=re.DOTALL))
    with pytest.raises(GuideError, match=rf"070-names\.md.* has no example in {language} under '## {side}'") as raised:
        sources.build()
    assert "contracts/README.md" in raised.value.advice


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("+++\n", "---\n", "must begin with front matter"),
        ("title = ", "title ", "the front matter must be TOML"),
        ('kind = "changed"', 'kind = "improved"', "'kind' must be a kind of change, got 'improved'"),
        ('kind = "changed"\n', "", "the front matter lacks 'kind'"),
        ('kind = "changed"', 'kind = "changed"\nauthor = "Ada"', "must not have 'author'"),
        ("since = 2026-06-01", 'since = "June"', "'since' must be a non-empty date"),
        ("since = 2026-06-01", "since = 2026-06-01T00:00:00Z", "'since' must be a non-empty date"),
        ('before = "`name`, `full_name`"', 'before = ""', "'before' must be a non-empty str"),
        ("response-body-property-removed /", "name-changed /", "covers must contain rules with pointers"),
        (
            "response-body-property-removed /",
            "response-body-property-removed ",
            "covers must contain rules with pointers",
        ),
        ("## Before", "## Once", "must have the headings '## Before' and '## After'"),
        ("```python", "```ruby", "blocks must be http or python, got 'ruby'"),
        ("GET /api/v1/users/1", "FETCH /api/v1/users/1", "must be a request line, got 'FETCH /api/v1/users/1'"),
        ("Authorization: Bearer", "Authorization Bearer", "expected a header, got 'Authorization Bearer $TOKEN'"),
        ("Authorization: Bearer $TOKEN\n", "X: y\n\n{'a': 1}\n", "a body must be one line without apostrophes"),
        ('title = "Users have a display name"', 'title = "Ids are TypeIDs"', "have the same title"),
    ],
)
def test_the_error_of_an_invalid_fragment_names_the_file_and_advises(
    sources: GuideSources, old: str, new: str, message: str
) -> None:
    sources.edit("070-names.md", old, new)
    with pytest.raises(GuideError, match=re.escape(message)) as raised:
        read_fragments(sources.folder)
    assert "070-names" in str(raised.value)
    assert raised.value.advice


def test_an_example_without_a_recorded_output_is_rejected(sources: GuideSources) -> None:
    sources.edit("070-names.md", 'print(v1.get("/users/1")', 'print(v1.get("/users/2")')
    with pytest.raises(
        GuideError, match="070-names, before: the python example has changed and was not run again"
    ) as raised:
        sources.build()
    assert "python -m tests.support.guide" in raised.value.advice
    (sources.folder / "recorded.json").unlink()
    with pytest.raises(GuideError, match="was not run again"):
        sources.build()


def test_a_repeated_request_has_its_own_response(sources: GuideSources) -> None:
    text = sources.build().files[build.PAGES / f"{PAIR}.md"]
    retries = text.partition("## Idempotency keys")[2].partition("**After")[2]
    first, second = retries.index("\nLocation: /api/v2/posts/"), retries.index("\nIdempotent-Replayed: true")
    assert first < second
    assert retries.count('Idempotency-Key: "8e03978e-40d5-43dd-bc93-6894a57f9324"\n\n') == 2


def test_a_request_is_formatted_as_an_equivalent_curl_command() -> None:
    text = 'POST /api/v1/x?a=1&b=2\nAuthorization: Bearer $TOKEN\nX: "1"\n\n{"token": "$TOKEN"}'
    request = ExampleRequest.parse(text, "here", ("ETag",))
    assert request.curl == (
        "curl -s \"$STRATA/api/v1/x?a=1&b=2\" -w '\\n%{http_code}\\nETag: %header{etag}\\n' \\\n"
        '     -H "Authorization: Bearer $TOKEN" \\\n'
        "     -H 'X: \"1\"' \\\n"
        '     -d \'{"token": "\'"$TOKEN"\'"}\''
    )
    assert request.with_variables({"TOKEN": "abc"}).body == '{"token": "abc"}'
    assert ExampleRequest.parse("DELETE /x", "here").curl == "curl -s \"$STRATA/x\" -w '\\n%{http_code}\\n' -X DELETE"
    assert ExampleRequest.parse("POST /x\n\na=$TOKEN", "here").curl.endswith(' \\\n     -d "a=$TOKEN"')
