"""``strata plans``: the rate limits and the caps of API keys."""

from dataclasses import asdict, fields
from typing import Annotated, Any, Final

import typer

from app.cli.kit.confirmation import Yes, confirm
from app.cli.kit.environment import with_database
from app.cli.kit.output import AsJson, CommandError, say, show_json, show_table
from app.kit.db.database import Database
from app.plans.commands import PlanEdit
from app.plans.errors import PlanNotFound
from app.plans.queries import PlanQueries
from app.plans.service import PlanService
from app.plans.views import Caps, PlanView

_CAPS: Final = tuple(each.name for each in fields(Caps))
commands = typer.Typer(
    help="List, change and retire plans: the rate limits and the caps of API keys. Servers apply a change in seconds.",
    no_args_is_help=True,
)
PlanName = Annotated[str, typer.Argument(metavar="PLAN", help="A name from `strata plans list`.")]


@commands.command("list")
def list_plans(as_json: AsJson = False) -> None:
    """List the plans with their policies and caps, and the plans that are retired."""
    found = with_database(_all)
    if as_json:
        show_json([_plain(plan) for plan in found])
        return
    show_table(
        ("plan", "policies", *(cap.replace("_", " ") for cap in _CAPS), "state"),
        [
            (
                plan.name,
                ", ".join(f"{name}={text}" for name, text in plan.policies.items()),
                *(f"{getattr(plan.caps, cap):,}" for cap in _CAPS),
                "in use" if plan.retired_at is None else f"retired {plan.retired_at:%F}",
            )
            for plan in found
        ],
        empty="No plans: every key has the built-in limits. `strata plans set NAME` adds one.",
    )


@commands.command()
def show(name: PlanName, as_json: AsJson = False) -> None:
    """Show one plan."""
    plan = next((plan for plan in with_database(_all) if plan.name == name), None)
    if plan is None:
        raise PlanNotFound(name)
    _show(plan, as_json=as_json)


@commands.command("set")
def set_plan(
    name: Annotated[str, typer.Argument(metavar="PLAN", help="A plan to change, or the name of a new one.")],
    policy: Annotated[
        list[str] | None,
        typer.Option(help="NAME=QUOTA such as burst=100/minute. Repeatable; they replace all policies."),
    ] = None,
    cap: Annotated[list[str] | None, typer.Option(help=f"NAME=NUMBER. Repeatable. Names: {', '.join(_CAPS)}.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change a plan, or add one. Caps that are not given stay, or are those of the plan free."""
    edit = PlanEdit(name, _policies(policy), _caps(cap or []))

    async def run(database: Database) -> PlanView:
        async with database.write() as session:
            return await PlanService(session).set(edit)

    _show(with_database(run), as_json=as_json)


@commands.command()
def retire(name: PlanName, yes: Yes = False) -> None:
    """Let no further key be put on a plan. Keys on it keep it; `strata plans set` puts it in use again."""
    confirm(f"No key can be put on {name} any more", yes=yes)

    async def run(database: Database) -> None:
        async with database.write() as session:
            await PlanService(session).retire(name)

    with_database(run)
    say(f"Retired: {name}")


async def _all(database: Database) -> list[PlanView]:
    return list(await PlanQueries(database.reads).all())


def _policies(given: list[str] | None) -> dict[str, str] | None:
    return None if given is None else dict(_pair("--policy", text, "burst=100/minute") for text in given)


def _caps(given: list[str]) -> dict[str, int]:
    caps = {}
    for text in given:
        name, value = _pair("--cap", text, "keys=100")
        if name not in _CAPS:
            message = f"--cap must name one of {', '.join(_CAPS)}; got '{name}'."
            raise CommandError(message)
        if not (value.isascii() and value.isdecimal()):
            message = f"--cap {name} must be a number, got '{value}'."
            raise CommandError(message)
        caps[name] = int(value)
    return caps


def _pair(option: str, text: str, example: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        message = f"{option} must have the form {example}, got '{text}'."
        raise CommandError(message)
    return name, value


def _show(plan: PlanView, *, as_json: bool) -> None:
    if as_json:
        show_json(_plain(plan))
        return
    rows = {f"policy {name}": text for name, text in plan.policies.items()}
    rows |= {cap.replace("_", " "): f"{value:,}" for cap, value in asdict(plan.caps).items()}
    show_table((plan.name, ""), list(rows.items()), empty="")


def _plain(plan: PlanView) -> dict[str, Any]:
    return {"name": plan.name, "policies": plan.policies, "caps": asdict(plan.caps), "retired_at": plan.retired_at}
