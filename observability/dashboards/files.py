"""Lists the generated files, and compares them with the committed ones."""

from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from observability.dashboards import (
    auth,
    consumers,
    contract,
    endpoint,
    impact,
    jobs,
    ledger,
    lifecycle,
    limits,
    live,
    overview,
    saturation,
    transfers,
    webhooks,
)
from observability.dashboards.grafana import build
from observability.rules.files import rule_files

BOARDS: Final = (
    overview.BOARD,
    lifecycle.BOARD,
    consumers.BOARD,
    endpoint.BOARD,
    contract.BOARD,
    limits.BOARD,
    webhooks.BOARD,
    jobs.BOARD,
    live.BOARD,
    saturation.BOARD,
    auth.BOARD,
    transfers.BOARD,
    ledger.BOARD,
    impact.BOARD,
)
DASHBOARDS: Final = Path("grafana/dashboards")
RULES: Final = Path("grafana/prometheus/rules")


def generated() -> dict[Path, str]:
    """Return path below the repository -> text. The output is deterministic."""
    encoder = JSONEncoder(sort_keys=True, indent=2)
    boards = {DASHBOARDS / f"{board.uid.removeprefix('strata-')}.json": build(board) for board in BOARDS}
    return {path: encoder.encode(board) + "\n" for path, board in boards.items()} | {
        RULES / name: text for name, text in rule_files().items()
    }


def differences(root: Path) -> list[Path]:
    """Return the files that are missing, outdated, or no longer generated."""
    wanted = generated()
    stale = [path for path, text in wanted.items() if not (root / path).exists() or (root / path).read_text() != text]
    return sorted(stale + _leftovers(root, wanted))


def write(root: Path) -> list[Path]:
    """Update the files. Returns those that were outdated."""
    changed = differences(root)
    wanted = generated()
    for path in changed:
        if path in wanted:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(wanted[path])
        else:
            (root / path).unlink()
    return changed


def _leftovers(root: Path, wanted: dict[Path, str]) -> list[Path]:
    found = [*(root / DASHBOARDS).glob("*.json"), *(root / RULES).glob("*.yml")]
    return [path.relative_to(root) for path in found if path.relative_to(root) not in wanted]
