"""Settings that cannot be used are refused by name, before anything is started."""

from collections.abc import Callable

import pytest

from tests.support.live import Strata

Fresh = Callable[..., Strata]


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({}, "STRATA_AUTH__SIGNING_KEY"),
        ({"STRATA_AUTH__SIGNING_KEY": "x" * 20}, "STRATA_AUTH__SIGNING_KEY"),
        ({"STRATA_AUTH__SIGNING_KEY": "changeme" * 8}, "STRATA_AUTH__SIGNING_KEY"),
        ({"STRATA_AUTH__SIGNING_KEY": "7c9d0b1e" * 8}, "STRATA_HTTP__CURSOR_KEY"),
    ],
)
@pytest.mark.parametrize("command", ["up", "serve", "worker"])
def test_production_names_the_secret_that_is_missing(
    fresh: Fresh, command: str, variables: dict[str, str], named: str
) -> None:
    strata = fresh(STRATA_ENVIRONMENT="production", **variables)
    strata.home.mkdir()
    refused = strata.run(command, expect=1)
    assert named in refused.stderr
    assert not (strata.home / "secrets.json").exists()
    assert not any(value in refused.stderr + refused.stdout for value in variables.values())


def test_a_misspelt_setting_is_no_silent_default(fresh: Fresh) -> None:
    refused = fresh(STRATA_HTTP__PROT="9000").run("doctor", expect=1)
    assert "STRATA_HTTP__PROT" in refused.stdout + refused.stderr
