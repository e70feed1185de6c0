"""A shutdown signal is never lost, and never interrupts a deferred block or the cleanup."""

# ruff: noqa: PT012 - these tests depend on the statement at which the signal arrives

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from app.cli.kit.signals import ShutdownRequested, ShutdownSignals
from tests.support.waiting import PATIENCE


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_a_signal_ends_the_block_and_the_handlers_are_restored() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ShutdownRequested), ShutdownSignals().handle():
        os.kill(os.getpid(), signal.SIGTERM)
        pytest.fail("the block continues after the signal")
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_deferred_block_finishes_before_the_shutdown() -> None:
    done = []
    signals = ShutdownSignals()
    with pytest.raises(ShutdownRequested), signals.handle():
        with signals.deferred():
            press_ctrl_c()
            done.append("finished")
        done.append("after")
    assert done == ["finished"]


def test_an_error_that_the_signal_caused_is_replaced_by_the_shutdown() -> None:
    signals = ShutdownSignals()
    with pytest.raises(ShutdownRequested), signals.handle(), signals.deferred():
        press_ctrl_c()
        message = "the server received the signal, too"
        raise OSError(message)


def test_an_error_without_a_signal_is_raised() -> None:
    signals = ShutdownSignals()
    with pytest.raises(OSError, match="disk"), signals.handle(), signals.deferred():
        message = "disk"
        raise OSError(message)


def test_a_signal_does_not_interrupt_the_cleanup() -> None:
    signals = ShutdownSignals()
    with signals.handle():
        signals.disarm()
        press_ctrl_c()
    with pytest.raises(ShutdownRequested):
        signals.check()


def test_check_raises_for_a_signal_that_a_library_swallowed() -> None:
    signals = ShutdownSignals()
    with pytest.raises(ShutdownRequested), signals.handle():
        with suppress(BaseException):
            press_ctrl_c()
        signals.check()


def test_a_signal_in_an_asyncio_callback_is_raised() -> None:
    async def wait() -> None:
        asyncio.get_running_loop().call_soon(press_ctrl_c)
        await asyncio.sleep(5)

    with pytest.raises(ShutdownRequested), ShutdownSignals().handle():
        asyncio.run(wait())


@pytest.mark.parametrize("module", ["app.cli.program", "app.cli.versions"])
def test_a_signal_during_the_imports_ends_the_process(module: str) -> None:
    script = """
import os, signal, sys
class Swallowing:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            try:
                os.kill(os.getpid(), signal.SIGINT)
            except BaseException:
                pass
sys.meta_path.insert(0, Swallowing())
sys.argv = ["strata", "versions"]
from app.cli import main
main()
""".replace("{module!r}", repr(module))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, b"", b"")
