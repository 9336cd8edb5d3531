"""Trace of a prediction back to raw files."""
