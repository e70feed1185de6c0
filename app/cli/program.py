"""The tree of commands, and what becomes of their failures."""

import sys
from importlib.metadata import version
from typing import Annotated, Final

import typer

from app.cli import (
    contract,
    doctor,
    keys,
    log_level,
    mail,
    migrate,
    seed,
    serve,
    top,
    traces,
    traffic,
    up,
    users,
    versions,
    worker,
)
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
    help="Several versions of one API, served at once from one core. Start with `strata up`.",
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
program.command("up")(up.up)
program.command("serve")(serve.serve)
program.command("worker")(worker.worker)
program.add_typer(migrate.commands, name="migrate")
program.command("seed")(seed.seed)
program.add_typer(users.commands, name="users")
program.add_typer(keys.commands, name="keys")
program.command("mail")(mail.mail)
program.command("traces")(traces.traces)
program.add_typer(versions.commands, name="versions")
program.add_typer(contract.commands, name="contract")
program.command("traffic")(traffic.traffic)
program.command("top")(top.top)
program.command("log-level")(log_level.log_level)
program.command("doctor")(doctor.doctor)


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
    """Hold the options of ``strata`` itself."""


def main() -> None:
    """Run the command line. An expected failure is a line on stderr and exit code 1; a defect keeps its traceback."""
    try:
        program()
    except CommandError as error:
        show_failure(str(error), error.advice)
    except SettingsError as error:
        show_failure(str(error), "Change the environment or .env; `strata doctor` checks the rest.")
    except LifecycleError as error:
        show_failure(str(error), "Mend versions/registry.py; `strata versions check` says when it is sound.")
    except EmbeddedPostgresError as error:
        show_failure(str(error))
    except DomainError as error:
        show_failure(error.message)
    except OSError as error:
        if error.filename is None:
            raise
        show_failure(f"{error.filename}: {error.strerror}", "Check its permissions, or give another STRATA_HOME.")
    sys.exit(1)
