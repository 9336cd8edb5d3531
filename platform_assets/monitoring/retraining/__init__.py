"""From a broken rule that asks for a new model to its request: what is broken, whether it is asked for, who is told."""
