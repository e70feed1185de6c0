"""Errors of the ledger."""

from app.errors import Conflict, FieldError, Forbidden, InvalidValue, NotFound


class AccountNotFound(NotFound):
    """The account does not exist, or the caller does not own it."""

    code = "account_not_found"
    detail = "You have no such account."


class PayerNotFound(NotFound):
    """The account to debit does not exist, or the caller does not own it."""

    code = "payer_account_not_found"
    detail = "You have no such account to pay from."

    def __init__(self) -> None:
        super().__init__(fields=[FieldError(("from_account_id",), self.code, self.detail)])


class PayeeNotFound(NotFound):
    code = "payee_account_not_found"
    detail = "There is no such account to pay to."

    def __init__(self) -> None:
        super().__init__(fields=[FieldError(("to_account_id",), self.code, self.detail)])


class TransferNotFound(NotFound):
    """The transfer does not exist, or the caller owns neither of its accounts."""

    code = "transfer_not_found"
    detail = "There is no such transfer of an account of yours."


class HoldNotFound(NotFound):
    """The hold does not exist, or the caller owns neither of its accounts."""

    code = "hold_not_found"
    detail = "There is no such hold of an account of yours."


class NotThePayee(Forbidden):
    code = "not_the_payee"
    detail = "Only the owner of the account that receives the money may do this."


class MoneyNeedsLiveKey(Forbidden):
    code = "money_needs_live_key"
    detail = "A test key cannot move money. Use a session, or a key that begins with sk_live_."


class UnknownCurrency(InvalidValue):
    code = "unknown_currency"
    detail = "The currency must be a code of ISO 4217, such as EUR."

    def __init__(self) -> None:
        super().__init__(fields=[FieldError(("currency",), self.code, self.detail)])


class AmountError(InvalidValue):
    """An amount that no transfer can have."""

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, fields=[FieldError(("amount",), self.code, detail or self.detail)])


class AmountNotPositive(AmountError):
    code = "amount_not_positive"
    detail = "The amount must be greater than zero."


class AmountTooPrecise(AmountError):
    """``detail`` names the currency and its decimals."""

    code = "amount_too_precise"
    detail = "The amount has more decimals than its currency."


class AmountTooLarge(AmountError):
    code = "amount_too_large"
    detail = "The amount must be less than 1,000,000,000,000,000."


class AmountAboveHold(AmountError):
    code = "amount_above_hold"
    detail = "The amount must not be more than the amount of the hold."


class SameAccount(InvalidValue):
    code = "same_account"
    detail = "Money is transferred between two different accounts."

    def __init__(self) -> None:
        super().__init__(fields=[FieldError(("to_account_id",), self.code, self.detail)])


class CurrencyMismatch(InvalidValue):
    """``detail`` names the currencies."""

    code = "currency_mismatch"
    detail = "The amount and both accounts must have the same currency."


class InsufficientFunds(Conflict):
    code = "insufficient_funds"
    detail = "The available balance of the account is too low."


class BalanceTooLarge(Conflict):
    code = "balance_too_large"
    detail = "The account that receives the money would have 1,000,000,000,000,000 or more."


class AccountClosed(Conflict):
    code = "account_closed"
    detail = "One of the accounts is closed."


class AccountBusy(Conflict):
    """Other transfers of the account were executed for as long as this one could wait. Nothing was changed."""

    code = "account_busy"
    detail = "Many transfers of this account are being executed. Try again."

    def __init__(self) -> None:
        super().__init__(retry_after=1)


class TooManyAccounts(Conflict):
    code = "too_many_accounts"
    detail = "You have as many accounts as a user can have."


class AlreadyReversed(Conflict):
    code = "already_reversed"
    detail = "This transfer is reversed already."


class NotReversible(Conflict):
    code = "not_reversible"
    detail = "A reversal cannot be reversed. Make a new transfer."


class HoldResolved(Conflict):
    code = "hold_resolved"
    detail = "This hold is captured, released or expired already."


class AccountHoldsMoney(Conflict):
    """Refuses to delete a user."""

    code = "account_holds_money"
    detail = "The user has an account with money or pending holds. Transfer the money first."
