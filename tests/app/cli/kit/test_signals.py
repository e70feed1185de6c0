"""A signal that asks for the end is never lost, and never leaves a job half done."""

# ruff: noqa: PT012 - where in a block the signal strikes is what these tests are about

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from app.cli.kit.signals import ShutdownRequested, ShutdownSignals


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_block_ends_and_the_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ShutdownRequested), ShutdownSignals().handle():
        os.kill(os.getpid(), signal.SIGTERM)
        pytest.fail("goes on after the signal")
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_must_be_whole_is_finished_first() -> None:
    done = []
    signals = ShutdownSignals()
    with pytest.raises(ShutdownRequested), signals.handle():
        with signals.deferred():
            press_ctrl_c()
            done.append("whole")
        done.append("after")
    assert done == ["whole"]


def test_what_the_signal_broke_is_no_error() -> None:
    signals = ShutdownSignals()
    with pytest.raises(ShutdownRequested), signals.handle(), signals.deferred():
        press_ctrl_c()
        message = "the server was told to end, too"
        raise OSError(message)


def test_an_error_of_its_own_stays_one() -> None:
    signals = ShutdownSignals()
    with pytest.raises(OSError, match="disk"), signals.handle(), signals.deferred():
        message = "disk"
        raise OSError(message)


def test_nothing_interrupts_the_cleanup() -> None:
    signals = ShutdownSignals()
    with signals.handle():
        signals.disarm()
        press_ctrl_c()
    with pytest.raises(ShutdownRequested):
        signals.check()


def test_a_signal_that_a_library_swallowed_is_found_again() -> None:
    signals = ShutdownSignals()
    with pytest.raises(ShutdownRequested), signals.handle():
        with suppress(BaseException):
            press_ctrl_c()
        signals.check()


def test_asyncio_lets_it_through_from_a_callback() -> None:
    async def wait() -> None:
        asyncio.get_running_loop().call_soon(press_ctrl_c)
        await asyncio.sleep(5)

    with pytest.raises(ShutdownRequested), ShutdownSignals().handle():
        asyncio.run(wait())


def test_loading_the_command_swallows_no_signal() -> None:
    script = """
import os, signal, sys
class Swallowing:
    def find_spec(self, name, path=None, target=None):
        if name == "app.cli.program":
            try:
                os.kill(os.getpid(), signal.SIGINT)
            except BaseException:
                pass
sys.meta_path.insert(0, Swallowing())
sys.argv = ["strata", "versions"]
from app.cli import main
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, b"", b"")
