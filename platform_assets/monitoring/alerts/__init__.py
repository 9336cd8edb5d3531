"""Alerts: what changed becomes news for those whom it concerns, kept in the outbox until each was taken."""
