"""Background work on PgQueuer: enqueued in the transaction of the change, run by the worker."""
