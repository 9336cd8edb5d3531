"""The processes of the platform on one machine: start, health, stop, logs."""
