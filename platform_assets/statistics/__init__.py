"""Pure comparisons of samples, for guardrails before publishing and for monitors after it: numpy alone."""
