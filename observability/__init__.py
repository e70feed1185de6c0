"""Metrics, traces, logs, contract checks and rate limits of ASGI requests. Independent of the product."""
