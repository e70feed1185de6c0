"""Prometheus rules as code: recorded ratios, burn rate alerts, alerts of single causes."""
