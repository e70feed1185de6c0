"""Prometheus rules as code: recorded ratios, burn rate alerts, and alerts for single causes."""
