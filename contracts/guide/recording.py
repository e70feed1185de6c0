"""What the examples answered when they were run last: the suite runs them, and compares."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.guide.errors import GuideError
from contracts.guide.fragments import Fragment
from contracts.guide.pairing import Failure, Pairing
from contracts.guide.requests import Request

FILE: Final = "recorded.json"
RECORD: Final = "python -m tests.support.guide"


@dataclass(frozen=True, slots=True)
class Run:
    """Something to run and to record: where it belongs, its number in that language, and what a reader would type."""

    owner: str
    side: str
    language: str
    number: int
    text: str
    request: Request | None = None


def runs(fragments: list[Fragment], pairing: Pairing) -> Iterator[Run]:
    """Everything that a guide shows, in its order."""
    for failure in pairing.failures:
        yield from failure_runs(failure)
    for fragment in fragments:
        for side in fragment.snippets:
            yield from fragment_runs(fragment, side)


def failure_runs(failure: Failure) -> list[Run]:
    """A failure in both versions, as HTTP."""
    sides = {"before": failure.before, "after": failure.after}
    return [Run(failure.case, side, "http", 0, one.text, one) for side, one in sides.items()]


def fragment_runs(fragment: Fragment, side: str) -> Iterator[Run]:
    """One side of a fragment: each request as HTTP and as curl, then the Python."""
    snippets = fragment.snippets[side]
    asked = [one.request for one in snippets if one.request is not None]
    code = [one.text for one in snippets if one.language == "python"]
    yield from (Run(fragment.name, side, "http", number, one.text, one) for number, one in enumerate(asked))
    yield from (Run(fragment.name, side, "curl", number, one.curl) for number, one in enumerate(asked))
    yield from (Run(fragment.name, side, "python", number, text) for number, text in enumerate(code))


class Recording:
    """Outputs by what was run."""

    def __init__(self, outputs: Mapping[Run, str]) -> None:
        self._outputs = {_key(run): output for run, output in outputs.items()}

    @classmethod
    def read(cls, folder: Path) -> "Recording":
        """The recording of a folder of fragments; an empty one where there is none."""
        recording = cls({})
        path = folder / FILE
        if path.exists():
            listed = json.loads(path.read_text(encoding="utf-8"))
            recording._outputs = {tuple(one["run"]): one["output"] for one in listed}
        return recording

    def write(self, folder: Path) -> None:
        """Put the recording down."""
        listed = [{"run": key, "output": output} for key, output in self._outputs.items()]
        (folder / FILE).write_text(json.dumps(listed, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def output(self, run: Run) -> str:
        """What this run printed. Raises ``GuideError`` for what was never run as it stands."""
        output = self._outputs.get(_key(run))
        if output is None:
            raise GuideError(
                f"{run.owner}, {run.side}: the {run.language} example was never run as it stands",
                f"Run every example and record the answers with `.venv/bin/{RECORD}`.",
            )
        return output


def _key(run: Run) -> tuple[str, str, str, int, str]:
    return (run.owner, run.side, run.language, run.number, run.text)
