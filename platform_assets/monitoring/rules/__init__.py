"""Alert rules: each declared measure is taken from the endpoint or the prediction log and held against its level."""
