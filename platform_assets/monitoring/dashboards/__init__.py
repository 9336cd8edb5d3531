"""Prometheus rules and Grafana dashboards, made from what the products declare."""
