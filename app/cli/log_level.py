"""``strata log-level``: changes the log level of running processes."""

from typing import Annotated, Literal

import typer

from app.cli.kit.environment import read_settings, runs_folder
from app.cli.kit.output import AsJson, CommandError, say, show_json
from observability.logs.level import broadcast_level
from observability.run_folder import running_in


def log_level(
    level: Annotated[
        Literal["debug", "info", "warning", "error", "configured"],
        typer.Argument(help="The level; `configured` restores STRATA_LOG__LEVEL."),
    ],
    as_json: AsJson = False,
) -> None:
    """Change the log level of all running processes of this STRATA_HOME, immediately and until they exit.

    SIGUSR1 to any of the processes selects the next level for all of them.
    """
    home = read_settings().home
    runs = running_in(runs_folder(home))
    if not runs:
        message = f"No process is running for {home}."
        raise CommandError(message, "Run `strata up`, or set STRATA_LOG__LEVEL before it starts.")
    notified = [pid for run in runs for pid in broadcast_level(run, None if level == "configured" else level)]
    if as_json:
        show_json({"level": level, "processes": notified})
    else:
        say(f"Set the log level of {len(notified)} processes: {level}.")
