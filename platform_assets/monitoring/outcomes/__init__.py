"""Outcomes: what came true of predictions, joined to them as it becomes known, and how good they were by it."""
