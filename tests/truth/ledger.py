"""The truth about the ledger. Users pay from their own accounts to any account; only payees refund and capture."""

from decimal import Decimal

import httpx2

from tests.truth.table import Act, Effect, Table


def listed(response: httpx2.Response) -> int:
    """The number of listed objects."""
    body = response.json()
    return len(body if isinstance(body, list) else body["data"])


def balance(amount: str) -> Effect:
    """The balance of the account of the row."""
    return Effect("SELECT balance FROM accounts WHERE id = $1", Decimal(amount))


ZERO_SUM = Effect("SELECT sum(balance) FROM accounts", Decimal(0))
UNPAID = Act()
ACTS = {
    "accounts.list": Act(count=listed),
    "accounts.create": Act(
        [Effect("SELECT count(*) FROM accounts WHERE currency = 'JPY' AND floor = 0 AND balance = 0", 1)],
        ["account.opened"],
    ),
    "accounts.create_unknown_currency": Act(),
    "accounts.get": Act(),
    "accounts.list_entries": Act(count=listed),
    "transfers.create": Act([balance("87.50"), ZERO_SUM], ["transfer.created"]),
    "transfers.create_without_key": UNPAID,
    "transfers.create_zero": UNPAID,
    "transfers.create_negative": UNPAID,
    "transfers.create_too_precise": UNPAID,
    "transfers.create_too_large": UNPAID,
    "transfers.create_in_another_currency": UNPAID,
    "transfers.get": Act(),
    "transfers.reverse": Act([balance("0"), ZERO_SUM], ["transfer.created"]),
    "holds.create": Act([Effect("SELECT held FROM accounts WHERE id = $1", Decimal("12.50"))], ["hold.created"]),
    "holds.get": Act(),
    "holds.capture": Act([balance("40"), ZERO_SUM], ["hold.resolved", "transfer.created"]),
    "holds.capture_part": Act(
        [balance("25"), ZERO_SUM, Effect("SELECT sum(held) FROM accounts", Decimal(0))],
        ["hold.resolved", "transfer.created"],
    ),
    "holds.capture_more": UNPAID,
    "holds.release": Act([balance("0"), Effect("SELECT sum(held) FROM accounts", Decimal(0))], ["hold.resolved"]),
}

ROWS = """
                                               | anonymous unverified reader author admin deactivated
accounts.list            own account           | 401       ok:1       ok:1   ok:1   ok:1  401t
                         foreign account       | 401       ok:1       ok:1   ok:1   ok:1  401t
accounts.create          -                     | 401       ok         ok     ok     ok    401t
accounts.create_unknown_currency -             | 401       422u       422u   422u   422u  401t
accounts.get             own account           | 401       ok         ok     ok     ok    401t
                         foreign account       | 401       404a       404a   404a   404a  401t
                         system account        | 401       404a       404a   404a   404a  401t
                         missing account       | 401       404a       404a   404a   404a  401t
accounts.list_entries    own account           | 401       ok:1       ok:1   ok:1   ok:1  401t
                         empty account         | 401       ok:0       ok:0   ok:0   ok:0  401t
                         foreign account       | 401       404a       404a   404a   404a  401t
                         missing account       | 401       404a       404a   404a   404a  401t
transfers.create         own account           | 401       ok         ok     ok     ok    401t
                         empty account         | 401       409f       409f   409f   409f  401t
                         account of another currency | 401 422c       422c   422c   422c  401t
                         same account          | 401       422s       422s   422s   422s  401t
                         foreign account       | 401       404p       404p   404p   404p  401t
                         system account        | 401       404p       404p   404p   404p  401t
                         missing account       | 401       404p       404p   404p   404p  401t
                         no account to pay to  | 401       404r       404r   404r   404r  401t
transfers.create_without_key own account       | 401       400k       400k   400k   400k  401t
transfers.create_zero    own account           | 401       422z       422z   422z   422z  401t
transfers.create_negative own account          | 401       422n       422n   422n   422n  401t
transfers.create_too_precise own account       | 401       422d       422d   422d   422d  401t
transfers.create_too_large own account         | 401       409f       409f   409f   409f  401t
transfers.create_in_another_currency own account | 401     422c       422c   422c   422c  401t
transfers.get            own transfer          | 401       ok         ok     ok     ok    401t
                         received transfer     | 401       ok         ok     ok     ok    401t
                         foreign transfer      | 401       404t       404t   404t   404t  401t
                         missing transfer      | 401       404t       404t   404t   404t  401t
transfers.reverse        received transfer     | 401       ok         ok     ok     ok    401t
                         own transfer          | 401       403p       403p   403p   403p  401t
                         reversed transfer     | 401       409v       409v   409v   409v  401t
                         own reversal          | 401       409n       409n   409n   409n  401t
                         spent transfer        | 401       409f       409f   409f   409f  401t
                         foreign transfer      | 401       404t       404t   404t   404t  401t
                         missing transfer      | 401       404t       404t   404t   404t  401t
holds.create             own account           | 401       ok         ok     ok     ok    401t
                         empty account         | 401       409f       409f   409f   409f  401t
                         foreign account       | 401       404p       404p   404p   404p  401t
                         same account          | 401       422s       422s   422s   422s  401t
                         no account to pay to  | 401       404r       404r   404r   404r  401t
holds.get                own hold              | 401       ok         ok     ok     ok    401t
                         received hold         | 401       ok         ok     ok     ok    401t
                         foreign hold          | 401       404h       404h   404h   404h  401t
                         missing hold          | 401       404h       404h   404h   404h  401t
holds.capture            received hold         | 401       ok         ok     ok     ok    401t
                         own hold              | 401       403p       403p   403p   403p  401t
                         released hold         | 401       409h       409h   409h   409h  401t
                         expired hold          | 401       409h       409h   409h   409h  401t
                         foreign hold          | 401       404h       404h   404h   404h  401t
                         missing hold          | 401       404h       404h   404h   404h  401t
holds.capture_part       received hold         | 401       ok         ok     ok     ok    401t
holds.capture_more       received hold         | 401       422h       422h   422h   422h  401t
holds.release            received hold         | 401       ok         ok     ok     ok    401t
                         own hold              | 401       403p       403p   403p   403p  401t
                         released hold         | 401       409h       409h   409h   409h  401t
                         foreign hold          | 401       404h       404h   404h   404h  401t
                         missing hold          | 401       404h       404h   404h   404h  401t
"""

KEYS = """
accounts.list            own account           | author ok:1  ledger:read 403
accounts.create          -                     | author ok    ledger:write 403  ledger:read 403
accounts.get             own account           | author ok    ledger:read 403
                         missing account       | admin  404a  ledger:read 403
accounts.list_entries    own account           | author ok:1  ledger:read 403
                         missing account       | admin  404a  ledger:read 403
transfers.create         own account           | author ok    ledger:write 403  ledger:read 403
                         foreign account       | admin  404p  ledger:write 403  ledger:read 403
transfers.get            own transfer          | author ok    ledger:read 403
                         missing transfer      | admin  404t  ledger:read 403
transfers.reverse        received transfer     | author ok    ledger:write 403  ledger:read 403
                         missing transfer      | admin  404t  ledger:write 403  ledger:read 403
holds.create             own account           | author ok    ledger:write 403  ledger:read 403
holds.get                own hold              | author ok    ledger:read 403
                         missing hold          | admin  404h  ledger:read 403
holds.capture            received hold         | author ok    ledger:write 403  ledger:read 403
                         missing hold          | admin  404h  ledger:write 403  ledger:read 403
holds.release            received hold         | author ok    ledger:write 403  ledger:read 403
                         missing hold          | admin  404h  ledger:write 403  ledger:read 403
"""

OUTCOMES = {
    "400k": "idempotency_key_required",
    "403p": "not_the_payee",
    "404a": "account_not_found",
    "404h": "hold_not_found",
    "404p": "payer_account_not_found",
    "404r": "payee_account_not_found",
    "404t": "transfer_not_found",
    "409f": "insufficient_funds",
    "409h": "hold_resolved",
    "409n": "not_reversible",
    "409v": "already_reversed",
    "422c": "currency_mismatch",
    "422d": "amount_too_precise",
    "422h": "amount_above_hold",
    "422n": "amount_not_positive",
    "422s": "same_account",
    "422u": "unknown_currency",
    "422z": "amount_not_positive",
}
TABLE = Table(ACTS, OUTCOMES, ROWS, KEYS)
