"""Numbers that no id and no page can have are rejected with a message."""

import pytest

from app.cli.kit.output import CommandError
from tests.support.commands import Run

HUGE = str(10**30)


@pytest.mark.parametrize("command", ["users list", "users pending", "jobs list", "ledger entries 1", "traces"])
def test_a_limit_is_bounded(run: Run, command: str) -> None:
    assert "Invalid value for '--limit'" in run(*command.split(), "--limit", HUGE, code=2)


@pytest.mark.parametrize("command", [f"ledger entries {HUGE}", f"ledger deposit {HUGE} 1", f"users list --skip {HUGE}"])
def test_a_number_is_bounded(run: Run, command: str) -> None:
    assert "Invalid value for" in run(*command.split(), code=2)


@pytest.mark.parametrize("command", ["ledger accounts", "usage show", "users deactivate --yes"])
def test_a_huge_number_is_the_id_of_no_user(run: Run, command: str) -> None:
    with pytest.raises(CommandError, match=f"There is no user {HUGE}"):
        run(*command.split(), HUGE)


def test_a_huge_amount_is_no_deposit(run: Run) -> None:
    with pytest.raises(CommandError):
        run("ledger", "deposit", "1", HUGE)
