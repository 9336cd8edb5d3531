"""The deploy API: a version gets traffic by a call, through the same moves as everything else that moves traffic."""
