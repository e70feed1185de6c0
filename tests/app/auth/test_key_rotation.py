"""The signing key is rotated in three steps, and libraries of resource servers verify the tokens of each."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest

from app.auth.key_rotation import Algorithm, Rotation, RotationStep, RotationTooEarly, waiting_times
from app.auth.tokens import TokenSigner, TokenType
from app.http.runtime import Runtime
from app.main import create_app
from app.settings.auth import JWKS_MAX_AGE, AuthSettings
from app.settings.generated import change_stored_secrets, stored_secrets
from app.settings.loading import load_settings
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.dialects import DIALECTS
from tests.support.node_packages import NODE_FOLDER, node_with
from tests.support.waiting import PATIENCE

START = datetime(2026, 11, 28, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ADDRESS = "ada@example.com"
pytestmark = pytest.mark.usefixtures("bare_environment")


@pytest.fixture
def bare_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("SIGNING_KEY", "NEXT_SIGNING_KEY", "PREVIOUS_SIGNING_KEYS"):
        monkeypatch.delenv(f"STRATA_AUTH__{name}", raising=False)


def auth(home: Path) -> AuthSettings:
    return load_settings(home=home)[AuthSettings]


def rotation(home: Path) -> Rotation:
    return Rotation(home, auth(home))


def take(home: Path, at: datetime, algorithm: Algorithm = Algorithm.EDDSA) -> tuple[RotationStep, datetime]:
    """Take the next step, restart, and return the first moment at which the step after it is possible."""
    step = rotation(home).advance(algorithm, at)
    rotation(home).record_use(at)
    after = {RotationStep.PUBLISH: RotationStep.SIGN, RotationStep.SIGN: RotationStep.DROP}.get(step)
    return step, at if after is None else at + waiting_times(auth(home))[after]


def issue(home: Path) -> str:
    return TokenSigner(auth(home)).issue(TokenType.ACCESS, subject=uuid4(), session=uuid4())


def published(home: Path) -> list[str]:
    """The key ids of the JWK set."""
    keys = TokenSigner(auth(home)).public_keys()
    return [] if keys is None else [key["kid"] for key in keys["keys"]]


def test_a_step_waits_until_caches_and_tokens_have_expired(tmp_path: Path) -> None:
    waits = waiting_times(auth(tmp_path))
    assert waits == {RotationStep.SIGN: timedelta(seconds=JWKS_MAX_AGE), RotationStep.DROP: timedelta(days=30)}
    at = START
    for expected in (RotationStep.PUBLISH, RotationStep.SIGN, RotationStep.DROP, RotationStep.PUBLISH):
        step, due = take(tmp_path, at)
        assert step is expected
        before = stored_secrets(tmp_path)
        if due > at:
            with pytest.raises(RotationTooEarly) as early:
                rotation(tmp_path).advance(Algorithm.EDDSA, due - SECOND)
            assert early.value.at == due
            assert stored_secrets(tmp_path) == before
        assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
        at = due


def test_a_step_counts_from_the_start_of_the_servers_that_use_the_keys(tmp_path: Path) -> None:
    old = rotation(tmp_path)
    old.advance(Algorithm.EDDSA, START)
    old.record_use(START)  # A server that started before the step does not publish the key.
    with pytest.raises(RotationTooEarly) as early:
        rotation(tmp_path).advance(Algorithm.EDDSA, START + timedelta(days=365))
    assert early.value.at is None
    restarted = START + timedelta(days=365)
    for later in range(3):  # Further restarts do not begin the wait again.
        rotation(tmp_path).record_use(restarted + later * SECOND)
    due = restarted + timedelta(seconds=JWKS_MAX_AGE)
    assert rotation(tmp_path).advance(Algorithm.EDDSA, due) is RotationStep.SIGN


def test_without_a_rotation_nothing_is_recorded(tmp_path: Path) -> None:
    before = rotation(tmp_path), stored_secrets(tmp_path)
    before[0].record_use(START)
    assert stored_secrets(tmp_path) == before[1]


def test_a_longer_life_of_access_tokens_is_waited_for(tmp_path: Path) -> None:
    settings = auth(tmp_path).model_copy(update={"access_ttl": 5000, "refresh_ttl": 60})
    assert waiting_times(settings)[RotationStep.DROP] == timedelta(seconds=5000)


def test_a_key_of_the_environment_has_no_stored_companions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take(tmp_path, START)
    assert auth(tmp_path).next_signing_key is not None
    monkeypatch.setenv("STRATA_AUTH__SIGNING_KEY", "f1c5" * 16)
    assert auth(tmp_path).next_signing_key is None


@pytest.mark.parametrize("algorithm", Algorithm)
def test_the_jwk_set_contains_a_key_before_it_signs_and_until_its_tokens_expire(
    tmp_path: Path, algorithm: Algorithm
) -> None:
    at, sets, signing = START, [published(tmp_path)], []
    for _ in range(6):
        _, at = take(tmp_path, at, algorithm)
        sets.append(published(tmp_path))
        signing.append(jwt.get_unverified_header(issue(tmp_path)))
    (first,), (second,) = sets[1], sets[4][1:]
    assert sets == [[], [first], [first], [first], [first, second], [second, first], [second]]
    assert [header["kid"] for header in signing[1:]] == [first, first, first, second, second]
    assert [header["alg"] for header in signing] == ["HS256", *[algorithm.value] * 5]


@pytest.mark.parametrize("version", DIALECTS)
async def test_tokens_from_before_during_and_after_a_rotation_are_accepted(
    settings: Settings, test_app: TestApp, tmp_path: Path, version: str
) -> None:
    await test_app.person(ADDRESS)
    dialect, at = DIALECTS[version], START
    tokens: list[str] = []

    def restarted() -> TestApp:
        changed = settings.with_groups(auth(tmp_path))
        return TestApp(create_app(changed), Runtime.build(changed, test_app.runtime.database))

    async def statuses(app: TestApp) -> list[int]:
        async with app.client() as client:
            headers = [{"Authorization": f"Bearer {token}"} for token in tokens]
            return [(await client.get(dialect.me, headers=each)).status_code for each in headers]

    async def sign_in(app: TestApp) -> None:
        async with app.client() as client:
            body = (await dialect.login(ADDRESS).send(client)).json()
            tokens.append(body["access_token"])

    servers = [restarted()]
    await sign_in(servers[0])
    for _ in range(2):
        _, at = take(tmp_path, at)
        servers.append(restarted())
        await sign_in(servers[-1])
        assert await statuses(servers[-1]) == [200] * len(tokens)
    # A server that has not been restarted yet accepts tokens of one that already signs with the next key.
    assert await statuses(servers[1]) == [200, 200, 200]
    take(tmp_path, at)
    assert await statuses(restarted()) == [401, 401, 200]
    async with servers[2].client() as client:
        response = await client.get("/.well-known/jwks.json")
    assert response.headers["Cache-Control"] == f"public, max-age={JWKS_MAX_AGE}"
    assert [key["kid"] for key in response.json()["keys"]] == published(tmp_path)


def with_pyjwt(jwks: dict[str, Any], token: str, settings: AuthSettings) -> dict[str, Any]:
    header = jwt.get_unverified_header(token)
    key = jwt.PyJWKSet.from_dict(jwks)[header["kid"]]
    claims = jwt.decode(token, key, audience=settings.audience, issuer=settings.issuer, algorithms=[header["alg"]])
    return {"header": header, "claims": claims}


def with_jose(jwks: dict[str, Any], token: str, settings: AuthSettings) -> dict[str, Any]:
    given = {"jwks": jwks, "token": token, "issuer": settings.issuer, "audience": settings.audience}
    done = subprocess.run(
        [node_with("jose"), str(NODE_FOLDER / "verify.js")],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("verify", [with_pyjwt, with_jose])
@pytest.mark.parametrize("algorithm", Algorithm)
def test_libraries_verify_with_a_jwk_set_from_before_the_key_signed(
    tmp_path: Path, algorithm: Algorithm, verify: Any
) -> None:
    _, at = take(tmp_path, START, algorithm)
    early = TokenSigner(auth(tmp_path)).public_keys()
    take(tmp_path, at, algorithm)
    token = issue(tmp_path)
    assert early is not None
    found = verify(early, token, auth(tmp_path))
    assert found["header"]["alg"] == algorithm
    assert found["claims"]["type"] == "access"
    damaged = token[:-8] + ("AAAAAAAA" if not token.endswith("AAAAAAAA") else "BBBBBBBB")
    with pytest.raises((jwt.InvalidSignatureError, AssertionError), match="ignature"):
        verify(early, damaged, auth(tmp_path))


def test_a_change_without_effect_writes_nothing(tmp_path: Path) -> None:
    auth(tmp_path)
    before = (tmp_path / "secrets.json").stat().st_ino
    change_stored_secrets(tmp_path, lambda stored: stored)
    assert (tmp_path / "secrets.json").stat().st_ino == before
