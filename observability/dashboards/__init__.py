"""Dashboards as code: ``python -m observability.dashboards`` writes what Grafana and Prometheus load."""
