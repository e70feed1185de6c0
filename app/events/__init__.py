"""Domain events, written as rows in the transaction of the change (outbox)."""
