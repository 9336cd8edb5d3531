"""The Open Inference Protocol v2 over REST: tensors in, the answers of the heart as tensors out."""
