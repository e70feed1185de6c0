"""The recorded instructions of requests, one file per minor version of Python, whose instructions differ."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

RECORD_VARIABLE: Final = "TESTS_RECORD_REQUEST_COSTS"
"""Set to 1, the tests write the baseline of this Python."""
GROWTH: Final = 0.10
NOISE: Final = 25
"""Instructions that a layer may gain whatever its size: a line or two of code."""
MINOR: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
FILE: Final = Path(__file__).parent / f"python{MINOR}.json"

Costs = Mapping[str, Mapping[str, int]]
"""Instructions by request and layer."""


def read() -> Costs:
    """The recorded costs of this Python."""
    found: Costs = json.loads(FILE.read_text())
    return found


def write(costs: Costs) -> None:
    """Replace the recorded costs of this Python."""
    ordered = {name: dict(sorted(layers.items())) for name, layers in sorted(costs.items())}
    FILE.write_text(json.dumps(ordered, indent=1) + "\n")


def growth(recorded: Mapping[str, int], measured: Mapping[str, int]) -> list[str]:
    """The layers that grew, each with its instructions before and now; the sum counts as a layer."""
    pairs = [(layer, recorded.get(layer, 0), count) for layer, count in sorted(measured.items())]
    pairs.append(("all layers", sum(recorded.values()), sum(measured.values())))
    return [
        f"{layer}: {count} instructions instead of {before}"
        for layer, before, count in pairs
        if count > before * (1 + GROWTH) and count - before > NOISE
    ]
