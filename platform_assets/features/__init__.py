"""Feature views in Feast: point-in-time history, training sets, parity."""
