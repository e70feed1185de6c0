"""A proof of an address in v1 names the address and the token."""

from tests.support.app import PASSWORD, TestApp, token_of

REGISTRATION = {"email": "bob@example.com", "password": PASSWORD, "name": "Bob"}


async def test_a_token_of_another_address_is_invalid(test_app: TestApp) -> None:
    async with test_app.client() as client:
        await client.post("/api/v1/auth/register", json=REGISTRATION)
        (mail,) = await test_app.deliver()
        proof = {"email": "ada@example.com", "token": token_of(mail)}
        assert (await client.post("/api/v1/auth/verify", json=proof)).status_code == 400
        proven = await client.post("/api/v1/auth/verify", json=proof | {"email": "bob@example.com"})
        assert (proven.status_code, proven.json()) == (200, {"message": "Email verified successfully"})
        again = await client.post("/api/v1/auth/verify", json=proof | {"email": "bob@example.com"})
    assert (again.status_code, again.json()) == (200, {"message": "Email already verified"})


async def test_a_token_verifies_the_address_of_its_own_user_only(test_app: TestApp) -> None:
    for email in ("ada@example.com", "eve@example.com"):
        await test_app.person(email, verified=False)
    async with test_app.client() as client:
        await client.post("/api/v2/auth/verifications/resend", json={"email": "eve@example.com"})
        (mail,) = await test_app.deliver()
        for email, status in (("ada@example.com", 400), ("eve@example.com", 200)):
            found = await client.post("/api/v1/auth/verify", json={"email": email, "token": token_of(mail)})
            assert found.status_code == status
        for email, status in (("ada@example.com", 403), ("eve@example.com", 200)):
            found = await client.post("/api/v1/auth/login", data={"username": email, "password": PASSWORD})
            assert found.status_code == status
