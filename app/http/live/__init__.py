"""Connections that stay open: streams and WebSockets."""
