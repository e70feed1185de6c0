"""``strata contract``: the frozen promises."""

from typing import Any

import typer

from app.cli.output import AsJson, CommandError, say, show_json

commands = typer.Typer(help="Freeze what each version promises, or check that the code still keeps it.")


def _contracts() -> Any:
    from contracts import freeze  # noqa: PLC0415 - builds every version, and nothing else needs it

    return freeze


@commands.command()
def freeze() -> None:
    """Write the OpenAPI document of each version to contracts/, to be reviewed and committed."""
    changed = _contracts().freeze()
    say(*(f"Written: {path}" for path in changed), *([] if changed else ["Nothing has changed."]))


@commands.command()
def check(as_json: AsJson = False) -> None:
    """Compare the code with the frozen documents. The exit code is 1 when they differ."""
    differences: dict[str, list[str]] = _contracts().check()
    if as_json:
        show_json(differences)
    elif not differences:
        say("Every version says what it promised.")
    for lines in () if as_json else differences.values():
        say(*lines)
    if differences:
        message = f"Code and contract differ: {', '.join(differences)}."
        raise CommandError(message, "If the change is meant, run `strata contract freeze` and commit the result.")
