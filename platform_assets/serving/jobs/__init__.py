"""Batch prediction jobs: a file of rows in, a file of predictions out, scored by a process of its own."""
