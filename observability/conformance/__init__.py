"""Holds a sample of what is really sent and answered against the frozen contracts, off the response path: see ADR 5."""
