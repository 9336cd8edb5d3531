"""Observations of promises: what one look at the records finds, product by product; nothing is written here."""
