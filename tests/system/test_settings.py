"""Commands reject unusable settings by the name of the variable, before they start a process."""

from collections.abc import Callable

import pytest

from tests.support.live import Strata

Fresh = Callable[..., Strata]


# tests/app/settings/test_loading.py covers which secrets are weak; these tests cover the commands that use them.
@pytest.mark.parametrize(
    ("command", "variables", "named"),
    [
        ("up", {"STRATA_AUTH__SIGNING_KEY": "7c9d0b1e" * 8}, "STRATA_HTTP__CURSOR_KEY"),
        ("serve", {}, "STRATA_AUTH__SIGNING_KEY"),
        ("worker", {"STRATA_AUTH__SIGNING_KEY": "changeme" * 8}, "STRATA_AUTH__SIGNING_KEY"),
    ],
)
def test_production_names_the_missing_secret(fresh: Fresh, command: str, variables: dict[str, str], named: str) -> None:
    strata = fresh(STRATA_ENVIRONMENT="production", **variables)
    rejected = strata.run(command, expect=1)
    assert named in rejected.stderr.splitlines()[0]
    assert not strata.home.exists()
    assert not any(value in rejected.stderr + rejected.stdout for value in variables.values())


def test_a_misspelt_setting_is_an_error(fresh: Fresh) -> None:
    rejected = fresh(STRATA_HTTP__PROT="9000").run("doctor", expect=1)
    assert "STRATA_HTTP__PROT" in rejected.stdout + rejected.stderr
