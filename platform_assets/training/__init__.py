"""Splits, recipes, evaluation and gates against baselines."""
