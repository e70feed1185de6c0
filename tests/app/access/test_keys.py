"""API keys: their form and their scopes."""

import pytest

from app.access import keys
from app.access.commands import KeyDraft
from app.access.errors import UnknownScope
from app.access.service import ApiKeyService
from tests.support.app import TestApp
from tests.support.dialects import DIALECTS
from tests.support.operations import VERSIONS

ME = {name: dialect.me for name, dialect in DIALECTS.items()}
VALID = "sk_live_000000000000000000000000000000002UYg5A"


def mistyped(index: int) -> str:
    """The key with one character replaced."""
    return VALID[:index] + ("a" if VALID[index] != "a" else "b") + VALID[index + 1 :]


@pytest.mark.parametrize(
    "text",
    [
        *map(mistyped, (8, 20, 39, 40, 45)),
        VALID[:-1],
        VALID + "a",
        VALID.replace("live", "lime"),
        VALID[:-1] + "\u00e9",
        VALID[:8] + "\u00e9" * 38,
        VALID[:8] + "\udcff" * 38,
        "",
    ],
)
def test_a_malformed_key(text: str) -> None:
    assert keys.well_formed(VALID)
    assert not keys.well_formed(text)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("value", [b"sk_live_" + b"\xff" * 38, b"sk_live_" + "é".encode() * 19, b"\xff", b"\xe9\x00"])
async def test_bytes_outside_ascii(test_app: TestApp, version: str, value: bytes) -> None:
    async with test_app.client() as client:
        for name, prefix in ((b"X-API-Key", b""), (b"Authorization", b"Bearer "), (b"Authorization", b"")):
            response = await client.get(ME[version], headers=[(name, prefix + value)])
            assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')


@pytest.mark.parametrize("scope", ["credentials:write", "posts:burn", ""])
async def test_a_scope_that_no_key_can_have(test_app: TestApp, scope: str) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.runtime.database.write() as session:
        service = ApiKeyService(session)
        with pytest.raises(UnknownScope):
            await service.create(KeyDraft(ada.user.id, "k", ["posts:read", scope]))
