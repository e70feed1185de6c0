"""The functions that move money, and the triggers that check every transfer and keep the history.

The functions run with the rights of the owner of the tables (``SECURITY DEFINER``), so that a role of the application
needs no right to change a balance. They lock accounts in the order of their ids. A function that waits a second for an
account fails with SQLSTATE 55P03. What a caller can cause is a returned word; an exception is a defect.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "a90c5e7f2b41"
down_revision: str | None = "e4b7d1906c3a"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_OPTIONS = " LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, {schema}, pg_temp SET lock_timeout = '1s'"

_MOVE = """
CREATE FUNCTION ledger_move(
    transfer uuid, debit bigint, credit bigint, amount numeric, kind text, reverses bigint, hold bigint,
    released numeric, actor uuid, at timestamptz
) RETURNS text AS $$
DECLARE
    account public.accounts;
    payer public.accounts;
    payee public.accounts;
    number bigint;
BEGIN
    IF amount <= 0 OR amount >= 1000000000000000 OR amount <> round(amount, 4) THEN
        RAISE EXCEPTION 'the amount % is out of range or has more than 4 decimals', amount USING ERRCODE = '22003';
    END IF;
    FOR account IN
        SELECT * FROM public.accounts AS a WHERE a.id IN (debit, credit) ORDER BY a.id FOR NO KEY UPDATE
    LOOP
        IF account.id = debit THEN payer := account; ELSE payee := account; END IF;
    END LOOP;
    IF payer.closed_at IS NOT NULL OR payee.closed_at IS NOT NULL THEN
        RETURN 'account_closed';
    END IF;
    IF reverses IS NOT NULL AND EXISTS (SELECT FROM public.transfers AS t WHERE t.reverses_id = reverses) THEN
        RETURN 'already_reversed';
    END IF;
    IF payer.balance - amount - (payer.held - released) < payer.floor THEN
        RETURN 'insufficient_funds';
    END IF;
    IF payee.balance + amount >= 1000000000000000 THEN
        RETURN 'balance_too_large';
    END IF;
    UPDATE public.accounts AS a SET
        balance = a.balance + CASE WHEN a.id = debit THEN -ledger_move.amount ELSE ledger_move.amount END,
        held = a.held - CASE WHEN a.id = debit THEN released ELSE 0 END,
        revision = a.revision + 1
    WHERE a.id IN (debit, credit);
    INSERT INTO public.transfers
        (uid, debit_id, credit_id, currency, amount, kind, reverses_id, hold_id, created_by, created_at)
    VALUES (transfer, debit, credit, payer.currency, amount, kind, reverses, hold, actor, at)
    RETURNING id INTO number;
    INSERT INTO public.entries (transfer_id, account_id, currency, amount, balance_after) VALUES
        (number, debit, payer.currency, -amount, payer.balance - amount),
        (number, credit, payer.currency, amount, payee.balance + amount);
    RETURN 'done';
END $$
"""

_HOLD = """
CREATE FUNCTION ledger_hold(
    hold uuid, debit bigint, credit bigint, amount numeric, actor uuid, at timestamptz, expires timestamptz
) RETURNS text AS $$
DECLARE
    account public.accounts;
    payer public.accounts;
    payee public.accounts;
BEGIN
    IF amount <= 0 OR amount >= 1000000000000000 OR amount <> round(amount, 4) THEN
        RAISE EXCEPTION 'the amount % is out of range or has more than 4 decimals', amount USING ERRCODE = '22003';
    END IF;
    FOR account IN
        SELECT * FROM public.accounts AS a WHERE a.id IN (debit, credit) ORDER BY a.id FOR NO KEY UPDATE
    LOOP
        IF account.id = debit THEN payer := account; ELSE payee := account; END IF;
    END LOOP;
    IF payer.closed_at IS NOT NULL OR payee.closed_at IS NOT NULL THEN
        RETURN 'account_closed';
    END IF;
    IF payer.balance - payer.held - amount < payer.floor THEN
        RETURN 'insufficient_funds';
    END IF;
    UPDATE public.accounts AS a SET held = a.held + ledger_hold.amount, revision = a.revision + 1 WHERE a.id = debit;
    INSERT INTO public.holds (uid, debit_id, credit_id, currency, amount, created_by, created_at, expires_at)
    VALUES (hold, debit, credit, payer.currency, amount, actor, at, expires);
    RETURN 'done';
END $$
"""

_CAPTURE = """
CREATE FUNCTION ledger_capture(transfer uuid, hold bigint, amount numeric, actor uuid, at timestamptz)
RETURNS text AS $$
DECLARE
    resolved public.holds;
    outcome text;
BEGIN
    UPDATE public.holds AS h SET state = 'captured', resolved_at = at
    WHERE h.id = hold AND h.state = 'pending' AND h.expires_at > at RETURNING * INTO resolved;
    IF NOT FOUND THEN
        RETURN 'hold_resolved';
    END IF;
    IF amount > resolved.amount THEN
        RAISE EXCEPTION 'the amount % is more than the hold', amount USING ERRCODE = '22003';
    END IF;
    outcome := public.ledger_move(
        transfer, resolved.debit_id, resolved.credit_id, amount, 'capture', NULL, hold, resolved.amount, actor, at
    );
    IF outcome <> 'done' THEN
        UPDATE public.holds AS h SET state = 'pending', resolved_at = NULL WHERE h.id = hold;
    END IF;
    RETURN outcome;
END $$
"""

_RELEASE = """
CREATE FUNCTION ledger_release(hold bigint, outcome text, at timestamptz) RETURNS text AS $$
DECLARE
    resolved public.holds;
BEGIN
    UPDATE public.holds AS h SET state = outcome, resolved_at = at
    WHERE h.id = hold AND h.state = 'pending' RETURNING * INTO resolved;
    IF NOT FOUND THEN
        RETURN 'hold_resolved';
    END IF;
    UPDATE public.accounts AS a SET held = a.held - resolved.amount, revision = a.revision + 1
    WHERE a.id = resolved.debit_id;
    RETURN 'done';
END $$
"""

_CLOSE = """
CREATE FUNCTION ledger_close(owner bigint, at timestamptz) RETURNS boolean AS $$
BEGIN
    PERFORM FROM public.accounts AS a WHERE a.owner_id = owner ORDER BY a.id FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM public.accounts AS a WHERE a.owner_id = owner AND (a.balance <> 0 OR a.held <> 0)) THEN
        RETURN false;
    END IF;
    UPDATE public.accounts AS a SET closed_at = at, revision = a.revision + 1
    WHERE a.owner_id = owner AND a.closed_at IS NULL;
    RETURN true;
END $$
"""

_CHECK = """
CREATE FUNCTION ledger_check_transfer() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, {schema}, pg_temp AS $$
BEGIN
    PERFORM FROM {schema}.entries AS e WHERE e.transfer_id = NEW.id HAVING count(*) = 2 AND sum(e.amount) = 0
        AND bool_and(e.currency = NEW.currency)
        AND bool_or(e.account_id = NEW.debit_id AND e.amount = -NEW.amount)
        AND bool_or(e.account_id = NEW.credit_id AND e.amount = NEW.amount);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the entries of transfer % do not balance', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$
"""

_CALLED = {
    "ledger_move": "uuid, bigint, bigint, numeric, text, bigint, bigint, numeric, uuid, timestamptz",
    "ledger_hold": "uuid, bigint, bigint, numeric, uuid, timestamptz, timestamptz",
    "ledger_capture": "uuid, bigint, numeric, uuid, timestamptz",
    "ledger_release": "bigint, text, timestamptz",
    "ledger_close": "bigint, timestamptz",
}
_APPEND_ONLY = ("transfers", "entries")


def upgrade() -> None:
    """Create the functions, which PUBLIC may not call, and the triggers."""
    schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
    options = _OPTIONS.format(schema=schema)
    for statement in (_MOVE, _HOLD, _CAPTURE, _RELEASE, _CLOSE):
        op.execute(statement.replace("public.", f"{schema}.") + options)
    op.execute(_CHECK.format(schema=schema))
    for name, arguments in _CALLED.items():
        op.execute(f"REVOKE ALL ON FUNCTION {name}({arguments}) FROM PUBLIC")
    op.execute(
        "CREATE CONSTRAINT TRIGGER transfer_balances AFTER INSERT ON transfers DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION ledger_check_transfer()"
    )
    for table in _APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION reject_change()"
        )


def downgrade() -> None:
    """Drop them."""
    for table in _APPEND_ONLY:
        op.execute(f"DROP TRIGGER append_only ON {table}")
    op.execute("DROP TRIGGER transfer_balances ON transfers")
    for name in (*_CALLED, "ledger_check_transfer"):
        op.execute(f"DROP FUNCTION {name}")
