"""Records an exception for one change of a contract that the gate rejects."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from app.cli.kit.output import CommandError, say
from app.kit.clock import utc_now

if TYPE_CHECKING:
    from contracts.compat.findings import Cause


def accept(
    refused: "Mapping[str, list[Cause]]", version: str | None, rule: str, pointer: str, reason: str, last_day: date
) -> None:
    """Add an exception for the rejected change with this rule at this pointer to contracts/exceptions.toml.

    Raises ``CommandError`` with the candidates unless exactly one version has the change.
    """
    from contracts import kinds  # noqa: PLC0415 - builds every version, and other commands do not need it
    from contracts.compat.exceptions import ChangeException, add_exception  # noqa: PLC0415 - the same
    from contracts.freeze import EXCEPTIONS  # noqa: PLC0415 - the same

    if not reason.strip():
        raise CommandError("An exception needs its reason.", 'Add the reason: --reason "No client ever sent it."')
    if last_day < utc_now().date():
        raise CommandError(f"--until must not be in the past, got {last_day}.")
    found = [
        ChangeException(name, rule, pointer, reason.strip(), last_day)
        for name, causes in refused.items()
        if version in {None, name}
        and any(ChangeException(name, rule, pointer, reason, last_day).matches(cause) for cause in causes)
    ]
    if len(found) > 1:
        names = " and ".join(one.version for one in found)
        raise CommandError(f"{names} have this change.", "Choose one of them with --version.")
    if not found:
        say(*_candidates(refused))
        message = f"No rejected change has the rule {rule} at {pointer}."
        advice = (
            "The lines above list the rejected changes." if refused else "`strata contract freeze` accepts the code."
        )
        raise CommandError(message, advice)
    add_exception(kinds.FOLDER / EXCEPTIONS, found[0])
    say(f"Recorded in contracts/{EXCEPTIONS}, until {last_day}: {rule} at {pointer} in {found[0].version}.")


def _candidates(refused: "Mapping[str, list[Cause]]") -> Iterator[str]:
    for name, causes in refused.items():
        for cause in causes:
            yield f"{name}: {cause.first.rule} {cause.first.pointer}"
