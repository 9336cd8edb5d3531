"""Delta tables: exactly-once append, write-audit-publish, quarantine, time travel."""
