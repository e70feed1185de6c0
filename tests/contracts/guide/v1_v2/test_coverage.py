"""Each change of the contracts needs a fragment, and each pattern of a fragment a change."""

from contracts.guide import build
from tests.contracts.guide.v1_v2.sources import PAIR, GuideSources, Json


def test_the_committed_guide_and_changelog_are_up_to_date(sources: GuideSources) -> None:
    result = sources.build()
    assert result.problems == []
    assert result.outdated_files() == []
    assert set(result.files) == {build.CHANGELOG, build.PAGES / f"{PAIR}.md", build.PAGES / f"{PAIR}.json"}


def test_a_breaking_change_without_a_fragment_is_a_problem(sources: GuideSources) -> None:
    def require(document: Json) -> None:
        post = document["components"]["schemas"]["PostCreate"]
        post["properties"]["language"] = {"type": "string"}
        post["required"].append("language")

    sources.edit_contract("v2", require)
    (problem,) = sources.build().problems
    covered = "request-body-required-property-added /components/schemas/PostCreate/properties/language"
    assert covered.replace(" ", "  ") in problem
    assert "POST /posts: `language` in the request is new and required" in problem
    assert f'add "{covered}" to the covers' in problem
    sources.edit("140-status.md", "covers = [", f'covers = [\n    "{covered}",')
    assert sources.build().problems == []


def test_a_warning_without_a_fragment_is_a_problem(sources: GuideSources) -> None:
    sources.edit(
        "020-sign-in.md",
        '    "request-body-default-added /components/schemas/TokenForm/properties/*/default",\n',
        "",
    )
    problems = sources.build().problems
    assert len(problems) == 2
    assert all("warning  request-body-default-added  /components/schemas/TokenForm" in one for one in problems)


def test_pointers_contain_the_names_of_parameters(sources: GuideSources) -> None:
    sources.edit_contract("v1", lambda document: document["paths"]["/posts"]["get"]["parameters"].reverse())
    assert sources.build().problems == []
    sources.edit("090-pages-of-posts.md", "parameters/page_size", "parameters/nothing")
    stale, missing = sorted(sources.build().problems, key=lambda one: "No fragment" in one)
    assert '"request-parameter-removed /paths/~1posts/get/parameters/nothing", which matches no change' in stale
    assert "request-parameter-removed  /paths/~1posts/get/parameters/page_size" in missing


def test_a_pattern_without_a_change_is_a_problem(sources: GuideSources) -> None:
    def restore_full_name(document: Json) -> None:
        document["components"]["schemas"]["User"]["properties"]["full_name"] = {"type": "string"}
        document["components"]["schemas"]["User"]["required"].append("full_name")

    sources.edit_contract("v2", restore_full_name)
    (problem,) = sources.build().problems
    assert '070-names.md covers "response-body-property-removed /components/schemas/UserResponse' in problem
    assert "Remove it from covers" in problem


def test_a_star_matches_one_step_of_a_pointer(sources: GuideSources) -> None:
    sources.edit("080-errors.md", "/paths/*/*/responses/[45]*/content/application~1json", "/paths/*")
    problems = sources.build().problems
    assert len(problems) > 200
    assert 'covers "response-media-type-removed /paths/*", which matches no change of the contracts' in problems[-1]
