"""The requests of v2 about the ledger."""

from tests.truth.table import Call

BODY = {"from_account_id": "$account_id", "to_account_id": "$to_account_id", "amount": "12.50", "currency": "EUR"}
KEY = {"Idempotency-Key": '"a transfer"'}


def transfer(**changes: object) -> list[Call]:
    """A transfer with some other values."""
    return [Call("transfers.create", 201, json=BODY | changes, headers=KEY)]


CALLS = {
    "accounts.list": [Call("accounts.list")],
    "accounts.create": [Call("accounts.create", 201, json={"currency": "JPY"})],
    "accounts.create_unknown_currency": [Call("accounts.create", 201, json={"currency": "XXX"})],
    "accounts.get": [Call("accounts.get")],
    "accounts.list_entries": [Call("accounts.list_entries")],
    "transfers.create": transfer(),
    "transfers.create_without_key": [Call("transfers.create", 201, json=BODY)],
    "transfers.create_zero": transfer(amount="0.00"),
    "transfers.create_too_precise": transfer(amount="12.505"),
    "transfers.create_too_large": transfer(amount="999999999999999.99"),
    "transfers.create_in_another_currency": transfer(currency="USD"),
    "transfers.get": [Call("transfers.get")],
    "transfers.reverse": [Call("transfers.reverse", 201, headers=KEY)],
    "holds.create": [Call("holds.create", 201, json=BODY, headers=KEY)],
    "holds.get": [Call("holds.get")],
    "holds.capture": [Call("holds.capture", 201, json={}, headers=KEY)],
    "holds.capture_part": [Call("holds.capture", 201, json={"amount": "25.00"}, headers=KEY)],
    "holds.capture_more": [Call("holds.capture", 201, json={"amount": "40.01"}, headers=KEY)],
    "holds.release": [Call("holds.release")],
}
