"""The audit trail: who did what that matters to security, and from where."""
