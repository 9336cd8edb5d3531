"""Reuse of computed scores: the same model inputs under the same release and snapshot are scored once."""
