"""Outgoing mail: an interface with implementations for SMTP and a local mailbox."""
