"""Holds the contracts against public linters from npm: ``python -m contracts.lint``."""
