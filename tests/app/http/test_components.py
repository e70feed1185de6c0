"""Components that need a secret, subjects of limits, and the record of uses of keys."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from app.access.keys import digest
from app.errors import Unavailable
from app.http.auth import AuthComponent
from app.http.cursors import CursorCodec
from app.http.idempotency.keys import InvalidIdempotencyKey, ResponseCipher
from app.http.key_use import FLUSH_SECONDS, KeyUseComponent
from app.http.plans import PlansComponent
from app.http.rate_limit.throttle import Throttles
from app.http.runtime import Component, Runtime
from app.plans.queries import PlanQueries
from app.plans.views import PlanView
from app.settings.auth import AuthSettings
from app.settings.errors import SettingsError
from app.settings.http import HttpSettings
from app.settings.loading import load_settings
from observability.rate_limit.limiter import Limiter
from observability.rate_limit.local import LocalLimiter
from tests.support.app import TestApp
from tests.support.limits import BUILT_IN
from tests.support.rollback_database import RollbackDatabase
from tests.support.waiting import eventually


@pytest.mark.parametrize(
    ("component", "variable"),
    [
        (CursorCodec, "STRATA_HTTP__CURSOR_KEY"),
        (ResponseCipher, "STRATA_HTTP__CURSOR_KEY"),
        (AuthComponent, "STRATA_AUTH__SIGNING_KEY"),
    ],
)
def test_a_component_names_the_secret_that_it_lacks(component: type[Component], variable: str, tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    groups = {
        HttpSettings: settings[HttpSettings].model_copy(update={"cursor_key": None}),
        AuthSettings: settings[AuthSettings].model_copy(update={"signing_key": None}),
    }
    with pytest.raises(SettingsError, match=variable):
        component.build(cast("Runtime", SimpleNamespace(settings=groups)))


def test_an_invalid_idempotency_key_is_the_fault_of_a_header_field() -> None:
    (field,) = InvalidIdempotencyKey().fields
    assert (field.path, field.where, field.code) == (("Idempotency-Key",), "header", "invalid_idempotency_key")


async def test_the_subjects_of_the_limits_on_guessing_are_short_and_name_no_address() -> None:
    """They are keys in Redis."""
    limiter, subjects = LocalLimiter(100), list[str]()

    class Recording:
        async def charge(self, subject: str, *given: Any) -> Any:
            subjects.append(subject)
            return await limiter.charge(subject, *given)

    throttle = Throttles(5, 5, cast("Limiter", Recording())).of("192.0.2.1")
    address = f"{'a' * 60}@example.com"
    await throttle.charge(address)
    await throttle.rejection(address)
    await throttle.record_failure(address)
    user = subjects[1]
    assert subjects == [f"{user}:192.0.2.1", user, user]
    assert len(user) == len("account:") + 32
    assert user.startswith("account:")


async def test_uses_of_keys_are_written_when_the_process_ends(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    last_used = "SELECT last_used_at FROM api_keys WHERE digest = $1"
    driver = cast("RollbackDatabase", test_app.runtime.database).driver
    async with test_app.runtime.get(KeyUseComponent).running(), test_app.client(ada.headers) as client:
        assert (await client.get("/api/v2/me")).status_code == 200
        assert await driver.fetchval(last_used, digest(ada.key)) is None, "no request waits for the write"
    assert await driver.fetchval(last_used, digest(ada.key)) is not None


async def test_uses_of_keys_are_written_while_the_process_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    assert FLUSH_SECONDS <= 10, "a process that is killed loses the uses since the last time"
    monkeypatch.setattr("app.http.key_use.FLUSH_SECONDS", 0.01)
    component, flushed = KeyUseComponent(cast("Any", None)), list[int]()

    async def flush() -> None:
        flushed.append(1)

    async def repeated() -> bool:
        return len(flushed) > 2

    monkeypatch.setattr(component, "flush", flush)
    async with component.running():
        await eventually(repeated)


async def test_plans_are_read_before_the_first_request_and_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """An outage leaves the plans as they were."""
    reads: list[int] = []

    async def read(_queries: PlanQueries) -> Sequence[PlanView]:
        reads.append(len(reads) + 1)
        if len(reads) == 2:
            raise Unavailable
        return [replace(BUILT_IN[0], policies={"burst": f"{len(reads)}/day"})]

    async def read_again() -> bool:
        return len(reads) > 3

    monkeypatch.setattr(PlanQueries, "all", read)
    component = PlansComponent(cast("Any", SimpleNamespace(reads=None)), 0.01)
    with capture_logs() as lines:
        async with component.running():
            assert component.catalogue.get("free").rules.policies[0].quota == 1
            await eventually(read_again)
    assert component.catalogue.get("free").rules.policies[0].quota >= 3
    assert lines == [{"event": "plans_not_read", "log_level": "warning", "error": "unavailable"}]
