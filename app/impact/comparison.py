"""Runs the comparison of two documents in a child process, which can be killed and whose memory is limited (ADR 1)."""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from app.impact.errors import AnalysisTooLarge, InvalidContract

_COMMAND: Final = (sys.executable, "-P", "-m", "app.impact.child")
_ENVIRONMENT: Final = {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
"""Nothing else: the child works on the document of a client, and needs none of the settings."""
_LOG: Final = structlog.get_logger()


async def compare(given: bytes, seconds: float) -> bytes:
    """The output of the child for an input. Raises ``AnalysisTooLarge`` after so many seconds, and ``InvalidContract``.

    The child is gone when this returns or raises, also if the task is cancelled.
    """
    child = await asyncio.create_subprocess_exec(
        *_COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # a traceback could show the document
        env=_ENVIRONMENT,
    )
    try:
        async with asyncio.timeout(seconds):
            output, _ = await child.communicate(given)
    except TimeoutError:
        raise AnalysisTooLarge from None
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    if child.returncode != 0:
        _LOG.error("impact_comparison_failed", exit_code=child.returncode)
        raise InvalidContract("the comparison ended unexpectedly")
    return output
