"""Confirmation of destructive commands: they delete data or end access, and no other command restores it."""

import sys
from typing import Annotated

import typer

from app.cli.kit.output import CommandError
from app.settings.root import Settings

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation; required without a terminal.")]
Force = Annotated[bool, typer.Option("--force", help="Also in production.")]


def confirm(consequence: str, *, yes: bool) -> None:
    """Ask on a terminal, and return if the user agrees. ``consequence`` is one sentence without a full stop.

    Call it before the first change. The question is on stderr, so that scripts can read stdout.

    Raises:
        CommandError: the user declined, or there is no terminal and ``yes`` is false.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        message = f"Confirmation is required: {consequence}."
        raise CommandError(message, "Nothing was changed. Without a terminal, add --yes.")
    try:
        agreed = typer.confirm(f"{consequence}. Continue?", err=True)
    except typer.Abort:  # Ctrl-C or the end of the input
        sys.stderr.write("\n")
        agreed = False
    if not agreed:
        raise CommandError("Not confirmed.", "Nothing was changed.")


def ensure_forced_in_production(settings: Settings, command: str, *, force: bool) -> None:
    """Raise ``CommandError`` in production, unless ``force`` is true. ``command`` is its name, as a user types it."""
    if settings.production and not force:
        message = f"`{command}` is rejected in production."
        raise CommandError(message, "Nothing was changed. If you are sure, stop every server and add --force.")
