"""The only Dagster code: assets, checks, sensors, schedules, partitions, resources."""
