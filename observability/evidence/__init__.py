"""Summarises a sample of requests by the elements of the contract that they use, without their values.

See ``app/usage/adr/0002-evidence-of-usage.md``.
"""
