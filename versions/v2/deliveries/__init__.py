"""Deliveries of events to webhook endpoints in v2."""
