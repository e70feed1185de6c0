"""Dashboards as code: ``python -m observability.dashboards`` writes the files that Grafana and Prometheus load."""
