"""``strata log-level``: how much a running server tells."""

from typing import Annotated, Literal

import typer

from app.cli.kit.environment import read_settings, runs_folder
from app.cli.kit.output import AsJson, CommandError, say, show_json
from observability.logs.level import broadcast_level
from observability.run_folder import running_in


def log_level(
    level: Annotated[
        Literal["debug", "info", "warning", "error", "configured"],
        typer.Argument(help="The level; `configured` goes back to STRATA_LOG__LEVEL."),
    ],
    as_json: AsJson = False,
) -> None:
    """Change the log level of everything that runs for this STRATA_HOME, at once and until it ends.

    SIGUSR1 to any of its processes steps through the levels in the same way.
    """
    home = read_settings().home
    runs = running_in(runs_folder(home))
    if not runs:
        message = f"Nothing runs for {home}."
        raise CommandError(message, "Run `strata up`, or set STRATA_LOG__LEVEL before it starts.")
    told = [pid for run in runs for pid in broadcast_level(run, None if level == "configured" else level)]
    if as_json:
        show_json({"level": level, "processes": told})
    else:
        say(f"Told {len(told)} processes: {level}.")
