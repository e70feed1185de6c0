"""``strata versions``: lists versions, checks their lifecycles and manages the end of a version."""

import typer

from app.cli import version_lifecycle, version_notices, version_source
from app.cli.kit.output import AsJson, CommandError, say, show_json, show_table

commands = typer.Typer(help="List the versions of the API and manage their lifecycles.", no_args_is_help=True)


@commands.command("list")
def list_versions(as_json: AsJson = False) -> None:
    """List the versions with the lifecycle dates that each versions/vN/version.py declares."""
    from versions.registry import VERSIONS  # noqa: PLC0415 - other commands start faster without it

    fields = ("released", "deprecated_at", "sunset_at", "retired_at", "successor")
    found = [
        {
            "name": version.name,
            "status": version.status.value,
            **{name: getattr(version, name) for name in fields},
            "prefix": version.prefix,
            "contract": f"contracts/{version.name}.openapi.json",
        }
        for version in VERSIONS
    ]
    if as_json:
        show_json(found)
        return
    columns = ("name", "status", *fields, "prefix")
    show_table(
        [column.removesuffix("_at") for column in columns],
        [
            ["-" if (value := one[column]) is None else f"{value}".removesuffix("+00:00") for column in columns]
            for one in found
        ],
        empty="No version is registered.",
    )


@commands.command()
def check(as_json: AsJson = False) -> None:
    """Validate the lifecycles in versions/vN/version.py, also against versions/lifecycle.json, which was published.

    The exit code is 1 when a lifecycle is invalid, withdraws a published promise, or is not recorded yet.
    """
    from app.kit.clock import utc_now  # noqa: PLC0415 - as above
    from app.lifecycle.rules import lifecycle_errors, promise_violations  # noqa: PLC0415 - as above
    from contracts.scaffold.orphans import find_orphans  # noqa: PLC0415 - as above
    from versions.kit.lifecycle_record import (  # noqa: PLC0415 - as above
        RECORD,
        baselines_of,
        channel_baselines_of,
        read_record,
        recorded_form,
    )
    from versions.registry import VERSIONS  # noqa: PLC0415 - as above

    record = read_record()
    faults = [*lifecycle_errors(VERSIONS, utc_now()), *promise_violations(record, VERSIONS)]
    advice = "Correct versions/*/version.py."
    form = recorded_form(VERSIONS, baselines_of(record), channel_baselines_of(record))
    if not faults and (not RECORD.exists() or RECORD.read_bytes() != form):
        faults = ["versions/lifecycle.json differs from versions/*/version.py."]
        advice = "If the change is intended, run `strata contract freeze` and commit the result."
    if not faults and (orphans := find_orphans()):
        faults, advice = (
            orphans,
            "Delete or restore these files: CONTRIBUTING.md describes how versions are added and removed.",
        )
    if as_json:
        show_json({"faults": faults})
    elif not faults:
        say("Every version keeps its published lifecycle.")
    else:
        say(*faults)
    if faults:
        raise CommandError("The declared lifecycles are not valid.", advice)


commands.command()(version_source.new)
commands.command()(version_source.promote)
commands.command()(version_lifecycle.status)
commands.command()(version_lifecycle.brownout)
commands.command()(version_notices.notify)
commands.command()(version_lifecycle.consent)
commands.command()(version_lifecycle.retire)
commands.command()(version_source.remove)
