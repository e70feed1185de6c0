"""Glue between FastAPI and the core that no version owns."""
