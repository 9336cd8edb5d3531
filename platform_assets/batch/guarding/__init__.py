"""The guardrails of a staged batch, one concept per module, and the judge that runs them all."""
