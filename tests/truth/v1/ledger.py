"""The requests of v1 about the ledger."""

from tests.truth.table import Call

BODY = {"from_id": "$account_id", "to_id": "$to_account_id", "amount": 12.5}


def transfer(**changes: object) -> list[Call]:
    """A transfer with some other values."""
    return [Call("transfers.create", json=BODY | changes)]


CALLS = {
    "accounts.list": [Call("accounts.list")],
    "accounts.create": [Call("accounts.create", 201, json={"currency": "JPY"})],
    "accounts.create_unknown_currency": [Call("accounts.create", 201, json={"currency": "XXX"})],
    "transfers.create": [
        *transfer(),
        Call("transfers.create", json=BODY, headers={"Idempotency-Key": '"a transfer"'}),
    ],
    "transfers.create_zero": transfer(amount=0),
    "transfers.create_negative": transfer(amount=-12.5),
    "transfers.create_too_precise": transfer(amount=12.505),
    "transfers.create_too_large": transfer(amount=999_999_999_999_999),
}
