"""The nightly side of streamed features: the log of events in the lake, reconciliation with the batch, rebuilding."""
