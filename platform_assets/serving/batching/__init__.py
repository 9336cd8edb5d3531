"""Concurrent calls of one release share an engine call: what has arrived together is scored together."""
