"""Drift: whether inputs and scores of batches and of live answers are still distributed as in training, and alike."""
