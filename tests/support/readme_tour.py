"""Runs the tour of README.md: its ``bash`` blocks in one shell, each followed by the documented output.

``python -m tests.support.readme_tour`` writes what the commands really print into README.md.
"""

import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.support.limits import VARIABLES
from tests.support.live import Strata, free_port, wait_until_ready

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
SECONDS = 240
_BLOCK = re.compile(
    r"^```bash\n(?P<script>.*?)^```\n(?:```(?:json|text)\n(?P<output>.*?)^```\n)?", re.DOTALL | re.MULTILINE
)
_SEPARATOR = "\x1e"
# What differs from run to run: identifiers, times, tokens, tags.
_VARYING = (
    (re.compile(r"(post|usr|key)_[0-9a-hjkmnp-tv-z]{26}"), r"\1_ID"),
    (re.compile(r"\d{4}-\d{2}-\d{2}T[\d:.]+Z"), "TIME"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "HEX"),
    (re.compile(r'"(id|v1_id|author_id)":\d+'), r'"\1":N'),
)


@dataclass(frozen=True)
class Step:
    """One block of commands, and the output that README shows below it; None where it shows none."""

    script: str
    output: str | None


def steps() -> list[Step]:
    """The blocks in their order."""
    return [Step(found["script"], found["output"]) for found in _BLOCK.finditer(README.read_text())]


def run(home: Path) -> list[str]:
    """The output of each block, run in a new home."""
    strata = Strata(home)
    # The tour runs with the default limits.
    strata.environment = {name: value for name, value in strata.environment.items() if name not in VARIABLES}
    port = free_port()
    with strata.running("up", PORT=str(port)) as process:
        wait_until_ready(f"http://127.0.0.1:{port}", process, lambda: strata.log("up"))
        _await_credentials(home)
        script = f"\nprintf '{_SEPARATOR}'\n".join(step.script for step in steps())
        done = subprocess.run(
            ["bash", "-euc", script.replace(".strata/credentials.json", f"{home}/credentials.json")],
            env=strata.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return [
        output.replace("\r", "").replace(f"127.0.0.1:{port}", "127.0.0.1:8000")
        for output in done.stdout.split(_SEPARATOR)
    ]


def _await_credentials(home: Path) -> None:
    # Written before the API starts; a file that is missing here is a defect, so there is no wait.
    assert json.loads((home / "credentials.json").read_text())


def comparable(output: str) -> str:
    """``output`` without values that differ between runs."""
    text = output.strip()
    for pattern, name in _VARYING:
        text = pattern.sub(name, text)
    return text


def rewrite(outputs: list[str]) -> None:
    """Write the outputs to README."""
    remaining = iter(outputs)

    def fill(found: re.Match[str]) -> str:
        output = next(remaining).strip()
        if found["output"] is None:
            return found[0]
        start, end = found.start("output") - found.start(), found.end("output") - found.start()
        return f"{found[0][:start]}{output}\n{found[0][end:]}"

    README.write_text(_BLOCK.sub(fill, README.read_text()))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="strata-tour-") as folder:
        rewrite(run(Path(folder) / "home"))
