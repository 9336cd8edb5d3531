"""Parity proof: what the endpoint used and answered, beside what the offline path gives for the same instant."""
