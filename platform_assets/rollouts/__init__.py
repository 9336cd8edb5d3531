"""New releases on their way: moves of the live pointer from the first share of the traffic to all of it, or back."""
