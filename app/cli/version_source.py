"""``strata versions new|promote|remove``: add, promote and remove versions in a checkout of the repository."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from app.cli.kit.confirmation import Force, Yes, confirm, ensure_forced_in_production
from app.cli.kit.environment import exclusive_home, read_settings
from app.cli.kit.output import AsJson, CommandError, say, show_json
from app.cli.kit.versions import existing_version

NewName = Annotated[str, typer.Argument(metavar="VERSION", help="The name of the new version, such as v9.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="List what would change, and change nothing.")]


def new(
    name: NewName,
    parent: Annotated[str, typer.Option("--from", metavar="VERSION", help="The version to copy.")],
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Add a preview of a version, as a copy of another one: code, tests, and an empty migration guide.

    A preview may change at any time. `strata versions promote` makes it a version that clients can rely on.
    """
    from contracts.scaffold import create  # noqa: PLC0415 - needs the sources, and builds the versions
    from contracts.scaffold.commands import run_module, run_strata  # noqa: PLC0415 - as above
    from contracts.scaffold.errors import ScaffoldError  # noqa: PLC0415 - as above
    from contracts.scaffold.places import ROOT  # noqa: PLC0415 - as above

    try:
        plan = create.plan_creation(name, parent)
        paths = [*plan.copies, plan.changes]
        if not dry_run:
            sources = [path for path in create.create(plan, datetime.now(UTC).date()) if path.suffix in {"", ".py"}]
            # A longer name can change where lines break.
            run_module(ROOT, "ruff", "format", "--quiet", *map(str, sources))
            run_strata(ROOT, "contract", "freeze")
    except ScaffoldError as error:
        raise CommandError(str(error), error.advice) from None
    created = [path.as_posix() for path in sorted({*paths, *create.contracts_of(name)})]
    if as_json:
        show_json({"name": name, "from": parent, "created": created, "dry_run": dry_run})
        return
    say(*(f"{'Would create' if dry_run else 'Created'}: {path}" for path in created))
    if not dry_run:
        say(f"{name} is a preview: `strata up` serves it at /api/{name}, and `make check` accepts it.")


def promote(
    name: Annotated[str, typer.Argument(metavar="VERSION", help="The name of a preview.")],
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make a preview the current version. Lists what its migration guide lacks, and writes a stub for each change.

    The examples of a stub are run on a server of their own, and their outputs recorded. Once every stub is written, the
    command declares the version current and its parent supported, and freezes the contract.
    """
    from contracts.guide.errors import GuideError  # noqa: PLC0415 - needs the sources, and builds the versions
    from contracts.scaffold import promote as promotion  # noqa: PLC0415 - as above
    from contracts.scaffold.commands import run_module, run_strata  # noqa: PLC0415 - as above
    from contracts.scaffold.errors import ScaffoldError  # noqa: PLC0415 - as above
    from contracts.scaffold.places import ROOT  # noqa: PLC0415 - as above
    from versions.registry import VERSIONS  # noqa: PLC0415 - as above

    today = datetime.now(UTC).date()
    try:
        plan = promotion.plan_promotion(name, VERSIONS)
        stubs = [] if dry_run else promotion.write_stubs(plan, today)
        if stubs:
            run_module(ROOT, "ruff", "format", "--quiet", *map(str, stubs))
            run_module(ROOT, "tests.support.guide", name)
        missing = [*(f"{one.rule} {one.pointer}: {one.message}" for one in plan.unexplained), *plan.unpaired]
        done = not missing and not plan.unwritten and not dry_run
        if done:
            promotion.promote(plan, today)
            run_strata(ROOT, "contract", "freeze")
            run_module(ROOT, "tests.support.guide")
    except (GuideError, ScaffoldError) as error:
        raise CommandError(str(error), error.advice) from None
    written = [path.relative_to(ROOT).as_posix() for path in stubs]
    if as_json:
        show_json({"name": name, "promoted": done, "missing": missing, "stubs": written, "unwritten": plan.unwritten})
    else:
        say(*(f"Missing: {one}" for one in missing), *(f"Stub written: {path}" for path in written))
        say(*(f"Not written yet: {one}" for one in plan.unwritten))
        if done:
            say(f"{name} is current, and its contract is frozen.")
    if missing or plan.unwritten:
        advice = f"Complete the files in contracts/changes/{plan.sources.pair}, then run the command again."
        raise CommandError(f"{name} is not promoted: its migration guide is not complete.", advice)


def remove(
    name: Annotated[str, typer.Argument(metavar="VERSION", help="A name from `strata versions list`.")],
    dry_run: DryRun = False,
    yes: Yes = False,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Remove the code, tests, contract and changes of a retired version, and leave a tombstone.

    The server then responds with 410 to every path of the version, and its migration guide stays readable. Rejected
    while a server or a worker uses this STRATA_HOME, and in production without --force.
    """
    from contracts.scaffold import remove as removal  # noqa: PLC0415 - needs the sources, and builds the versions
    from contracts.scaffold.commands import run_strata  # noqa: PLC0415 - as above
    from contracts.scaffold.errors import ScaffoldError  # noqa: PLC0415 - as above
    from contracts.scaffold.places import ROOT  # noqa: PLC0415 - as above

    version = existing_version(name)
    try:
        plan = removal.plan_removal(version, datetime.now(UTC).date())
        if not dry_run:
            settings = read_settings(generate=False)
            ensure_forced_in_production(settings, "strata versions remove", force=force)
            with exclusive_home(settings.home):
                confirm(f"This deletes {len(plan.deleted)} files and folders of {name}", yes=yes)
                removal.remove(plan)
                run_strata(ROOT, "contract", "freeze")
    except ScaffoldError as error:
        raise CommandError(str(error), error.advice) from None
    deleted, written = ([path.as_posix() for path in paths] for paths in (plan.deleted, plan.written))
    left = [] if dry_run else list(removal.find_mentions(name))
    if as_json:
        show_json({"name": name, "deleted": deleted, "written": written, "mentions": left, "dry_run": dry_run})
        return
    say(*(f"{'Would delete' if dry_run else 'Deleted'}: {path}" for path in deleted))
    say(*(f"{'Would write' if dry_run else 'Written'}: {path}" for path in written))
    if not dry_run:
        say(*(f"Still mentions {name}: {place}" for place in left))
        say(f"/api/{name}/* responds with 410, and {plan.tombstone.migration_guide} stays readable.")
