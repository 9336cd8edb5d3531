"""Replay: a past prediction is computed again from its records and compared bit for bit."""
