"""Outgoing mail: one port, SMTP and a local mailbox behind it."""
