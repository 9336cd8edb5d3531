"""The one scoring path of batch and online: bundle, preprocess, predict, guard."""
