"""Streamed features: events applied to the online store, and what the endpoint reads of them."""
