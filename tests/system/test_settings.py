"""Invalid settings are rejected by name before a process is started."""

from collections.abc import Callable

import pytest

from tests.support.live import Strata

Fresh = Callable[..., Strata]


# tests/app/settings/test_loading.py covers which secrets are weak; here every command that uses them fails.
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
    refused = strata.run(command, expect=1)
    assert named in refused.stderr.splitlines()[0]
    assert not strata.home.exists()
    assert not any(value in refused.stderr + refused.stdout for value in variables.values())


def test_a_misspelt_setting_is_rejected(fresh: Fresh) -> None:
    refused = fresh(STRATA_HTTP__PROT="9000").run("doctor", expect=1)
    assert "STRATA_HTTP__PROT" in refused.stdout + refused.stderr
