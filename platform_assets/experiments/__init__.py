"""What rollouts and experiments measure, and what may be concluded from it at any moment: pure functions of sums."""
