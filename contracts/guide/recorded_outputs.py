"""The recorded outputs of the examples. The tests run the examples again and compare the outputs."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.guide.errors import GuideError
from contracts.guide.example_request import ExampleRequest
from contracts.guide.fragments import Fragment
from contracts.guide.pairing import FailureExample, Pairing

FILE: Final = "recorded.json"
RECORD: Final = "python -m tests.support.guide"


@dataclass(frozen=True, slots=True)
class ExampleRun:
    """One run of an example. `number` counts the runs of a language; `text` is what the guide shows to the reader."""

    owner: str
    side: str
    language: str
    number: int
    text: str
    request: ExampleRequest | None = None


def example_runs(fragments: list[Fragment], pairing: Pairing) -> Iterator[ExampleRun]:
    """All runs of a guide, in the order of the guide."""
    for failure in pairing.failures:
        yield from failure_runs(failure)
    for fragment in fragments:
        for side in fragment.snippets:
            yield from fragment_runs(fragment, side)


def failure_runs(failure: FailureExample) -> list[ExampleRun]:
    """The HTTP requests of a failure: one for each version."""
    sides = {"before": failure.before, "after": failure.after}
    return [ExampleRun(failure.case, side, "http", 0, one.text, one) for side, one in sides.items()]


def fragment_runs(fragment: Fragment, side: str) -> Iterator[ExampleRun]:
    """The runs of one side of a fragment: each request as HTTP and as curl, then the Python code."""
    snippets = fragment.snippets[side]
    requests = [one.request for one in snippets if one.request is not None]
    code = [one.text for one in snippets if one.language == "python"]
    yield from (ExampleRun(fragment.name, side, "http", number, one.text, one) for number, one in enumerate(requests))
    yield from (ExampleRun(fragment.name, side, "curl", number, one.curl) for number, one in enumerate(requests))
    yield from (ExampleRun(fragment.name, side, "python", number, text) for number, text in enumerate(code))


class RecordedOutputs:
    """The output of each run."""

    def __init__(self, outputs: Mapping[ExampleRun, str]) -> None:
        self._outputs = {_key(run): output for run, output in outputs.items()}

    @classmethod
    def read(cls, folder: Path) -> "RecordedOutputs":
        """Read the outputs of a folder of fragments. Without a file there are none."""
        recorded = cls({})
        path = folder / FILE
        if path.exists():
            listed = json.loads(path.read_text(encoding="utf-8"))
            recorded._outputs = {tuple(one["run"]): one["output"] for one in listed}
        return recorded

    def write(self, folder: Path) -> None:
        """Write the outputs to the folder."""
        listed = [{"run": key, "output": output} for key, output in self._outputs.items()]
        (folder / FILE).write_text(json.dumps(listed, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def output(self, run: ExampleRun) -> str:
        """The output of a run. Raises ``GuideError`` if this text was never run."""
        output = self._outputs.get(_key(run))
        if output is None:
            raise GuideError(
                f"{run.owner}, {run.side}: the {run.language} example has changed and was not run again",
                f"Run all examples and record their outputs with `.venv/bin/{RECORD}`.",
            )
        return output


def _key(run: ExampleRun) -> tuple[str, str, str, int, str]:
    return (run.owner, run.side, run.language, run.number, run.text)
