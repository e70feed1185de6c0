"""Lifecycle of API versions: their status, who still uses them, and when they may be retired."""
