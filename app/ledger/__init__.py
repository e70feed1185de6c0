"""The ledger: accounts, and transfers of money between them in double entry."""
