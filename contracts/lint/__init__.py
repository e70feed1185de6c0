"""Lints the contracts with public linters from npm: ``python -m contracts.lint``."""
