"""``strata up`` publishes the next signing key, and records when."""

from collections.abc import Callable

import httpx2

from tests.support.live import Strata
from tests.support.strata_up import up
from tests.support.waiting import PATIENCE

Fresh = Callable[..., Strata]
ROTATE = ("auth", "rotate-signing-key")


def test_the_wait_for_the_next_step_begins_when_the_key_is_published(fresh: Fresh) -> None:
    strata = fresh()
    strata.run("migrate", "up")
    strata.run(*ROTATE)
    assert "not in use yet" in strata.run(*ROTATE, expect=1).stderr
    with up(strata) as run:
        (key,) = httpx2.get(f"{run.url}/.well-known/jwks.json", timeout=PATIENCE).json()["keys"]
        assert (key["crv"], key["alg"]) == ("Ed25519", "EdDSA")
        rejected = strata.run(*ROTATE, expect=1).stderr
        assert "The next step is possible from 20" in rejected
        assert "PRIVATE KEY" not in run.output
