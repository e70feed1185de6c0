"""The command tree, built from the modules of this folder, and the messages of failed commands."""

import gc
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_group

import app.cli
from app.cli.kit.output import CommandError, say, show_failure
from app.errors import DomainError
from app.kit.db.embedded import EmbeddedPostgresError
from app.lifecycle.errors import LifecycleError
from app.settings.errors import SettingsError
from observability.concurrency.garbage import collect_rarely

if TYPE_CHECKING:
    from typer._click import Command

_EPILOG: Final = (
    "Settings are environment variables (STRATA_HOME, STRATA_HTTP__PORT, STRATA_DATABASE__URL, ...) or lines of .env. "
    "Exit codes: 0 done, 1 failed, 2 misused."
)

_ORDER: Final = (
    *("up", "serve", "worker", "migrate", "seed", "users", "keys", "plans", "usage", "mail"),
    *("traces", "versions", "contract", "impact", "traffic", "top", "log-level", "doctor"),
)
"""The order of the commands in ``--help``; a command that is not listed comes last."""


@cache
def _names() -> Sequence[str]:
    """The names that commands can have: those of the modules of this folder."""
    names = [info.name.replace("_", "-") for info in iter_modules(app.cli.__path__)]
    found = [name for name in names if name not in {"kit", "program"} and not name.startswith("-")]
    return sorted(found, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))


@cache
def _command(name: str) -> "Command | None":
    module = import_module(f"app.cli.{name.replace('-', '_')}")
    parent = typer.Typer()
    # A module has a group named `commands`, or one function with the name of the command.
    if (group := getattr(module, "commands", None)) is not None:
        parent.add_typer(group, name=name)
    elif (function := getattr(module, name.replace("-", "_"), None)) is not None:
        parent.command(name)(function)
    return get_group(parent).commands.get(name)


class _Commands(Mapping[str, "Command"]):
    """The commands by name. A command is imported when it is looked up: together they need three seconds."""

    def __getitem__(self, name: str) -> "Command":
        if name not in _names() or (command := _command(name)) is None:
            raise KeyError(name)
        return command

    def __iter__(self) -> Iterator[str]:
        return (name for name in _names() if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


COMMANDS: Final = _Commands()


class _Program(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes | {"commands": COMMANDS})


program = typer.Typer(
    cls=_Program,
    name="strata",
    help="Serves several versions of one API from one core. Start with `strata up`.",
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - the signature that typer calls
    if wanted:
        say(f"strata {version('strata')}")
        raise typer.Exit


@program.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Define the options of ``strata`` itself."""


def main() -> None:
    """Run the command line. An expected failure is a line on stderr and exit code 1; a defect keeps its traceback."""
    try:
        COMMANDS.get("".join(sys.argv[1:2]))
        # The command is imported: from here on it handles Ctrl-C, and creates garbage.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        collect_rarely()
        gc.enable()
        program()
    except CommandError as error:
        show_failure(str(error), error.advice)
    except SettingsError as error:
        show_failure(str(error), "Change the environment or .env; `strata doctor` checks the other settings.")
    except LifecycleError as error:
        show_failure(str(error), "Correct versions/*/version.py, then run `strata versions check`.")
    except EmbeddedPostgresError as error:
        show_failure(str(error))
    except DomainError as error:
        show_failure(error.message)
    except OSError as error:
        if error.filename is None:
            raise
        show_failure(
            f"{error.filename}: {error.strerror}", "Check its permissions, or set STRATA_HOME to another folder."
        )
    sys.exit(1)
