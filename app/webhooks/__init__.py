"""Webhooks (Standard Webhooks 1.0.0): endpoints of users, their secrets, and the deliveries of events to them."""
