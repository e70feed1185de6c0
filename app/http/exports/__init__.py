"""Responses that stream exports."""
