"""Commands of ``strata``, run in this process."""

from collections.abc import Callable

from click.testing import Result
from typer.testing import CliRunner

from app.cli.program import program

Run = Callable[..., str]
"""Runs a command with an expected exit ``code``, 0 by default, and returns its output."""


def result_of(*arguments: str, code: int = 0) -> Result:
    """The result of a command, which ends with ``code``. Raises ``CommandError`` as the command does."""
    result = CliRunner().invoke(program, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def output_of(*arguments: str, code: int = 0) -> str:
    """What a command writes. See ``result_of``."""
    return str(result_of(*arguments, code=code).output)
