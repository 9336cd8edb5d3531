"""Models in MLflow: the pair, its alias and its bundle."""
