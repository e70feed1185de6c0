"""Writes a guide as Markdown."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from contracts.compat import Finding
from contracts.guide import pairing as paired
from contracts.guide.coverage import Coverage
from contracts.guide.fragments import Fragment
from contracts.guide.pairing import Json, Pairing
from contracts.guide.recording import Recording, Run, failure_runs, fragment_runs
from versions.kit.version import ApiVersion

_LISTED: Final = 3


def prelude(old: str, new: str) -> str:
    """What every Python example begins with, given the names of two versions."""
    clients = "\n".join(
        f"{name} = httpx.Client(base_url=f\"{{os.environ['STRATA']}}/api/{name}\", headers=credentials)"
        for name in (old, new)
    )
    return f"""import os

import httpx

credentials = {{"Authorization": f"Bearer {{os.environ['TOKEN']}}"}}
as_admin = {{"Authorization": f"Bearer {{os.environ['ADMIN_TOKEN']}}"}}
{clients}"""


@dataclass(frozen=True, slots=True)
class Guide:
    """Everything that a guide is written from."""

    old: ApiVersion
    new: ApiVersion
    documents: tuple[Json, Json]
    coverage: Coverage
    fragments: list[Fragment]
    pairing: Pairing
    recording: Recording

    def markdown(self) -> str:
        """The guide. Raises ``GuideError`` where an example was never run."""
        parts = (_head, _dates, _subjects, _operations, _fields, _failures, _how_to_run, _sections, _new, _gone)
        return "\n".join(line for part in parts for line in part(self)).rstrip() + "\n"


def _head(guide: Guide) -> Iterator[str]:
    old, new = guide.old.name, guide.new.name
    yield f"# From {old} to {new}"
    yield ""
    yield f"[//]: # (Written by `strata contract guide` from contracts/changes/{old}-to-{new}: do not edit.)"
    yield ""
    yield (
        f"Both versions work on the same accounts and posts, so you can move one call at a time: what {old} writes, "
        f"{new} reads, and the other way round. Every example below was run, against {old} before and against {new} "
        f"after, over the same data; the answers are what came back. Nothing in {old} changes until it ends."
    )
    yield from ("", "## Checklist")


def _dates(guide: Guide) -> Iterator[str]:
    yield from ("", "| version | released | deprecated | ends |", "|---|---|---|---|")
    for one in (guide.old, guide.new):
        days = [f"{day:%d %B %Y}".lstrip("0") if day else "" for day in (one.deprecated_at, one.sunset_at)]
        yield f"| {one.name} | {one.released:%d %B %Y} | {days[0]} | {days[1]} |".replace("| 0", "| ")

    leaving = ", ".join(f"`{name}`" for name in _deprecated(guide.documents[1]))
    if leaving:
        yield from ("", f"Do not come to depend on what is deprecated in {guide.new.name} itself: {leaving}.")


def _deprecated(document: Json) -> Iterator[str]:
    for name, operation in paired.operations(document).items():
        if operation.get("deprecated"):
            yield name
    for name, schema in document["components"]["schemas"].items():
        for field, one in schema.get("properties", {}).items():
            if one.get("deprecated"):
                yield f"{name}.{field}"


def _subjects(guide: Guide) -> Iterator[str]:
    yield from ("", f"| what to change | {guide.old.name} | {guide.new.name} |", "|---|---|---|")
    for one in guide.fragments:
        yield f"| [{one.title}](#{one.anchor}) | {one.before} | {one.after} |"


def _operations(guide: Guide) -> Iterator[str]:
    yield from ("", "### Operation by operation", "", f"| {guide.old.name} | {guide.new.name} |", "|---|---|")
    for name, successor in paired.successors(guide.pairing, *guide.documents).items():
        if name not in guide.pairing.gone:
            yield f"| {_code(guide.old, name)} | {_code(guide.new, successor or '')} |"
    for name, why in guide.pairing.gone.items():
        yield f"| {_code(guide.old, name)} | none: {why} |"


def _fields(guide: Guide) -> Iterator[str]:
    yield from (
        "",
        "### Field by field",
        "",
        "What is not listed has the same name and form in both: times, for one, are RFC 3339 in UTC.",
        "",
    )
    yield from (f"| {guide.old.name} | {guide.new.name} |", "|---|---|")
    for name, target in guide.pairing.fields.items():
        none = target.startswith(paired.NONE)
        yield f"| `{name}` | {target if none else ', '.join(f'`{one}`' for one in target.split(', '))} |"


def _failures(guide: Guide) -> Iterator[str]:
    yield from ("", "### Failure by failure", "", "The same mistakes, made with both versions.", "")
    yield from (f"| mistake | {guide.old.name} | {guide.new.name}: `code`, also the end of `type` |", "|---|---|---|")
    for failure in guide.pairing.failures:
        before, after = (_essence(guide.recording.output(run)) for run in failure_runs(failure))
        yield f"| {failure.case} | {before} | {after} |"


def _essence(output: str) -> str:
    """The status of an answer, and the one member of its body by which a client tells failures apart."""
    head, _, body = output.partition("\n\n")
    status = head.split()[1]
    content = json.loads(body) if body else {}
    for member in ("code", "error", "detail", "message"):
        if isinstance(content.get(member), str):
            return f"{status} `{content[member]}`"
    return f"{status}, a list in `detail`" if "detail" in content else status


def _how_to_run(guide: Guide) -> Iterator[str]:
    yield from ("", "## How to run the examples", "")
    yield (
        "`STRATA` is the address of the API, `TOKEN` the access token of an author (here Ada), `ADMIN_TOKEN` that of "
        "an admin; tokens and API keys are good for both versions. An example shows the request as HTTP with its "
        "answer, then the same as curl and in Python, each followed by what it prints. Every Python example begins "
        "with these lines:"
    )
    yield from ("", "```python", prelude(guide.old.name, guide.new.name), "```", "")
    yield (
        "Answers are shown as they came, JSON of the HTTP examples on several lines. What differs from run to run is "
        "a fixed sample: the time now, ids of what an example makes, tokens, the digest in an `ETag`, "
        "request and trace ids, and how much of a quota is left. Headers that an example is not about are left out."
    )


def _sections(guide: Guide) -> Iterator[str]:
    for fragment in guide.fragments:
        yield from ("", f"## {fragment.title}", "", fragment.prose, "")
        yield from _side(guide, fragment, "before", f"Before, in {guide.old.name}")
        yield from _side(guide, fragment, "after", f"After, in {guide.new.name}")
        yield from _told(guide, fragment)


def _side(guide: Guide, fragment: Fragment, side: str, title: str) -> Iterator[str]:
    yield from (f"**{title}**", "")
    # Each request with its command below it, then the Python for all of them.
    for run in sorted(fragment_runs(fragment, side), key=lambda run: (run.language == "python", run.number)):
        yield from _run(guide, run)


def _run(guide: Guide, run: Run) -> Iterator[str]:
    language = {"curl": "bash"}.get(run.language, run.language)
    yield from (f"```{language}", run.text, "```", "")
    output = guide.recording.output(run)
    yield from (f"```{'http' if run.language == 'http' else 'text'}", output, "```", "")


def _told(guide: Guide, fragment: Fragment) -> Iterator[str]:
    yield f"The contracts say (in {guide.new.name} since {fragment.since:%d %B %Y}):".replace("since 0", "since ")
    yield ""
    for pattern in fragment.covers:
        yield from _alike(pattern.rule, guide.coverage.found[(fragment.name, pattern)])


def _alike(rule: str, findings: tuple[Finding, ...]) -> Iterator[str]:
    """A line for each thing that is said, or one for all where many say nearly the same."""
    said: dict[str, list[Finding]] = {}
    for finding in findings:
        said.setdefault(finding.message, []).append(finding)
    groups = list(said.values()) if len(said) <= _LISTED else [list(findings)]
    for group in groups:
        # What concerns the document as a whole has an operation without a name.
        operations = [name for name in dict.fromkeys(name for one in group for name in one.operations) if name]
        more = f" and {len(operations) - 1} more" if len(operations) > 1 else ""
        where = f", {operations[0]}{more}" if operations else ""
        others = f"; {len(group) - 1} more like it" if len(groups) == 1 and len(said) > 1 else ""
        yield f"* {group[0].message} (`{rule}`{where}{others})"


def _new(guide: Guide) -> Iterator[str]:
    old, new = guide.old.name, guide.new.name
    yield from ("", f"## What {new} can that {old} cannot", "", "| operation | does |", "|---|---|")
    known = set(paired.successors(guide.pairing, *guide.documents).values())
    for name, operation in paired.operations(guide.documents[1]).items():
        if name not in known:
            yield f"| {_code(guide.new, name)} | {_first_paragraph(operation['description'])} |"


def _first_paragraph(text: str) -> str:
    return text.partition("\n\n")[0].replace("\n", " ")


def _gone(guide: Guide) -> Iterator[str]:
    yield from ("", "## What has no successor", "")
    for name, why in guide.pairing.gone.items():
        yield f"* {_code(guide.old, name)}: {why}"
    for name, target in guide.pairing.fields.items():
        if target.startswith(paired.NONE):
            yield f"* `{name}`: {target.removeprefix(paired.NONE)}"


def _code(version: ApiVersion, operation: str) -> str:
    method, _, path = operation.partition(" ")
    return f"`{method} {version.prefix}{path}`"
