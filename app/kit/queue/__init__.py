"""Background jobs on PgQueuer: enqueued in the transaction of the change, executed by the worker."""
