"""Distributed tracing: records every request and job cheaply, and builds and exports the spans of sampled ones."""
