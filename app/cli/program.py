"""The command tree, built from the modules of this folder, and the messages of failed commands."""

import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pkgutil import iter_modules
from types import ModuleType
from typing import Annotated, Final

import typer

import app.cli
from app.cli.kit.output import CommandError, say, show_failure
from app.errors import DomainError
from app.kit.db.embedded import EmbeddedPostgresError
from app.lifecycle.errors import LifecycleError
from app.settings.errors import SettingsError

_EPILOG: Final = (
    "Settings are environment variables (STRATA_HOME, STRATA_HTTP__PORT, STRATA_DATABASE__URL, ...) or lines of .env. "
    "Exit codes: 0 done, 1 failed, 2 misused."
)

program = typer.Typer(
    name="strata",
    help="Serves several versions of one API from one core. Start with `strata up`.",
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_ORDER: Final = (
    *("up", "serve", "worker", "migrate", "seed", "users", "keys", "plans", "usage", "mail"),
    *("traces", "versions", "contract", "impact", "traffic", "top", "log-level", "doctor"),
)
"""The order of the commands in ``--help``; a command that is not listed comes last."""


def _commands() -> Iterator[tuple[str, ModuleType]]:
    """The modules of this folder that define a command, by the command's name."""
    names = [info.name for info in iter_modules(app.cli.__path__) if info.name not in {"kit", "program"}]
    found = {name.replace("_", "-"): import_module(f"app.cli.{name}") for name in names if not name.startswith("_")}
    for name in sorted(found, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)):
        yield name, found[name]


for name, module in _commands():
    # A module has a group named `commands`, or one function with the name of the command.
    if (group := getattr(module, "commands", None)) is not None:
        program.add_typer(group, name=name)
    elif (function := getattr(module, name.replace("-", "_"), None)) is not None:
        program.command(name)(function)


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
