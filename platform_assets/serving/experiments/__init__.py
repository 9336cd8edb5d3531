"""Experiments by API: one is created, started and stopped by a call, through the same changes as by everybody else."""
