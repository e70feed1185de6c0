"""``strata auth``: the keys that sign tokens."""

import json
from datetime import timedelta
from typing import Annotated, Final

import typer

from app.auth.key_rotation import Algorithm, Rotation, RotationStep, RotationTooEarly, new_key, waiting_times
from app.cli.kit.environment import read_settings, with_database
from app.cli.kit.output import CommandError, say
from app.events.audit import AuditRecorder
from app.kit.clock import rfc3339, utc_now
from app.kit.db.database import Database
from app.settings.auth import AuthSettings
from app.settings.errors import variable

commands = typer.Typer(help="Rotate the key that signs tokens.", no_args_is_help=True)
_ACTION: Final = "signing_key.rotated"
_CURRENT: Final = variable("auth", "signing_key")
_NEXT: Final = variable("auth", "next_signing_key")
_PREVIOUS: Final = variable("auth", "previous_signing_keys")
_DONE: Final = {
    RotationStep.PUBLISH: "The next signing key is stored.",
    RotationStep.SIGN: "The next signing key is now the signing key, and the old one is a previous key.",
    RotationStep.DROP: "The previous signing key is deleted. The rotation is complete.",
}
_EFFECT: Final = {
    RotationStep.PUBLISH: "Restart `strata up`, which then publishes the key.",
    RotationStep.SIGN: "Restart `strata up`, which then signs with the key. Users repeat sign-ins with providers and"
    " requests for mails that are in progress then.",
    RotationStep.DROP: "Restart `strata up`, which then rejects tokens of the deleted key.",
}
_FOLLOWING: Final = {RotationStep.PUBLISH: RotationStep.SIGN, RotationStep.SIGN: RotationStep.DROP}


@commands.callback()
def _group() -> None:
    """Make `rotate-signing-key` a command of a group, although it is the only one."""


@commands.command()
def rotate_signing_key(
    algorithm: Annotated[
        Algorithm, typer.Option("--algorithm", help="The algorithm of a new key.", case_sensitive=False)
    ] = Algorithm.EDDSA,
) -> None:
    """Take the next step of a rotation: publish a next key, sign with it, delete the previous key.

    The keys are stored in STRATA_HOME, and each step takes effect at the next start of `strata up`. A step that would
    invalidate tokens is rejected. The audit trail records each step. If STRATA_AUTH__SIGNING_KEY is set, nothing is
    changed: the command prints the new values of the settings, which are secret, and the order of the steps.
    """
    configured = read_settings(generate=False)[AuthSettings]
    if configured.signing_key is not None:
        _print_settings(configured, configured.signing_key.get_secret_value(), algorithm)
        return
    if configured.next_signing_key is not None or configured.previous_signing_keys:
        message = f"{_NEXT} or {_PREVIOUS} is set, but {_CURRENT} is not."
        raise CommandError(message, f"Set {_CURRENT}, too, or remove them: the stored keys are then rotated.")
    settings = read_settings()
    rotation = Rotation(settings.home, settings[AuthSettings])

    async def advance(database: Database) -> RotationStep:
        async with database.write() as session:
            # Within the transaction: the step is not taken if the database is down, nor recorded if it is too early.
            step = rotation.advance(algorithm, utc_now())
            AuditRecorder(session).record(_ACTION, None, {"step": step.value, **_algorithm(step, algorithm)})
        return step

    try:
        step = with_database(advance)
    except RotationTooEarly as error:
        raise _too_early(error, settings[AuthSettings]) from None
    say(_DONE[step], _EFFECT[step])
    if (following := _FOLLOWING.get(step)) is not None:
        wait = waiting_times(settings[AuthSettings])[following]
        say(f"{_text(wait)} after the restart, run `strata auth rotate-signing-key` again for the next step.")


def _algorithm(step: RotationStep, algorithm: Algorithm) -> dict[str, str]:
    """The algorithm of the new key, if the step creates one."""
    return {"algorithm": algorithm.value} if step is RotationStep.PUBLISH else {}


def _too_early(error: RotationTooEarly, settings: AuthSettings) -> CommandError:
    wait = _text(waiting_times(settings)[error.step])
    reason = (
        "caches may lack the next key"
        if error.step is RotationStep.SIGN
        else "tokens of the previous key may still be valid"
    )
    if error.at is None:
        message = f"The keys of the last step are not in use yet, so {reason}."
        return CommandError(message, f"Restart `strata up`, and run this command again {wait} later.")
    at = rfc3339(error.at.replace(microsecond=0) + timedelta(seconds=1))
    return CommandError(f"The next step is possible from {at} on: {reason}.", "Run this command again then.")


def _print_settings(settings: AuthSettings, current: str, algorithm: Algorithm) -> None:
    sign, drop = (_text(waiting_times(settings)[step]) for step in (RotationStep.SIGN, RotationStep.DROP))
    if settings.next_signing_key is None:
        following = new_key(algorithm)
        say(
            f"{_CURRENT} is set, so nothing was changed. These lines of .env contain secrets.",
            "",
            "1. Publish the next key: add this line, and restart every API process and worker.",
            _line(_NEXT, following),
            "",
            f"2. {sign} after the last restart, run this command again with these settings.",
            "   It prints the lines with which the next key signs.",
        )
        return
    previous = [current, *(key.get_secret_value() for key in settings.previous_signing_keys)]
    say(
        f"{_NEXT} is set, so it can sign {sign} after all processes were restarted with it.",
        "Nothing was changed. These lines of .env contain secrets.",
        "",
        f"2. Sign with the next key: replace {_CURRENT} and {_PREVIOUS},",
        f"   remove {_NEXT}, and restart every API process and worker.",
        _line(_CURRENT, settings.next_signing_key.get_secret_value()),
        f"{_PREVIOUS}='{json.dumps(previous)}'",
        "",
        f"3. {drop} after the last restart, when the last token of the old key has expired:",
        f"   remove {_PREVIOUS}, and restart every API process and worker.",
    )


def _line(name: str, value: str) -> str:
    """A line of ``.env``, where an escaped line break between double quotes is a line break."""
    escaped = value.replace("\n", "\\n")
    return f'{name}="{escaped}"'


def _text(wait: timedelta) -> str:
    seconds = int(wait.total_seconds())
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} seconds"
