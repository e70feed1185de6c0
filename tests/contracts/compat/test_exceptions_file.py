"""The file of exceptions: what is written to it, what is removed, and from which day an exception has expired."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from contracts.compat.exceptions import (
    ChangeException,
    ExceptionsFileError,
    add_exception,
    find_expired,
    read_exceptions,
    remove_exceptions,
)

DAY = date(2027, 1, 31)


def exception(version: str = "v901", pointer: str = "/a", reason: str = "Never worked.") -> ChangeException:
    return ChangeException(version, "request-body-removed", pointer, reason, DAY)


def test_the_exceptions_of_other_versions_and_comments_stay(tmp_path: Path) -> None:
    path = tmp_path / "exceptions.toml"
    path.write_text("# A comment.\n")
    added = [exception("v901", "/a"), exception("v902", "/b"), exception("v901", "/c")]
    for one in added:
        add_exception(path, one)
    assert read_exceptions(path) == added
    assert remove_exceptions(path, "v901") == 2
    assert read_exceptions(path) == [added[1]]
    assert path.read_text().startswith("# A comment.\n")
    assert remove_exceptions(path, "v901") == 0
    assert remove_exceptions(tmp_path / "absent.toml", "v901") == 0


def test_an_invalid_exception_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "exceptions.toml"
    add_exception(path, exception())
    before = path.read_bytes()
    with pytest.raises(ExceptionsFileError, match="must give a reason"):
        add_exception(path, exception(reason=" "))
    assert path.read_bytes() == before


@pytest.mark.parametrize(("days", "expired"), [(-1, False), (0, False), (1, True)])
def test_an_exception_is_valid_on_its_last_day(days: int, *, expired: bool) -> None:
    found = find_expired([exception()], DAY + timedelta(days=days))
    assert bool(found) == expired
    assert all(
        text.startswith("v901: the exception for request-body-removed at /a expired on 2027-01-31") for text in found
    )
