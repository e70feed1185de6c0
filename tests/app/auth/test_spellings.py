"""Spellings of one address identify one user, in every use case."""

import pytest

from tests.app.auth.test_credentials import login
from tests.support.app import PASSWORD, TestApp, token_of
from tests.support.operations import VERSIONS

DORA = ("dora@m\u00fcnchen.example", "dora@xn--mnchen-3ya.example", "DORA@M\u00dcNCHEN.example")
JUERGEN = ("j\u00fcrgen@example.com", "ju\u0308rgen@example.com", "J\u00fcrgen@EXAMPLE.com")


@pytest.mark.parametrize("spellings", [DORA, JUERGEN])
@pytest.mark.parametrize("version", VERSIONS)
async def test_every_spelling_signs_in_and_none_registers_again(
    test_app: TestApp, version: str, spellings: tuple[str, ...]
) -> None:
    await test_app.person(spellings[0])
    async with test_app.client() as client:
        for spelling in spellings:
            assert (await login(client, version, spelling)).status_code == 200, spelling
            body = {"email": spelling, "password": PASSWORD, "name": "Again"}
            assert (await client.post("/api/v1/auth/register", json=body)).status_code == 400
            reset = await client.post("/api/v2/auth/password-resets", json={"email": spelling})
            assert reset.status_code == 202
    (mail,) = await test_app.deliver()
    assert mail.to == spellings[0], "mail is sent to the address as entered"
    assert token_of(mail)


@pytest.mark.parametrize("version", VERSIONS)
async def test_letters_outside_ascii_are_another_mailbox(test_app: TestApp, version: str) -> None:
    await test_app.person("ivi@example.com")
    async with test_app.client() as client:
        assert (await login(client, version, "\u0130vi@example.com")).status_code == 401
        body = {"email": "\u0130vi@example.com", "password": PASSWORD, "name": "Another"}
        assert (await client.post("/api/v1/auth/register", json=body)).status_code == 201
