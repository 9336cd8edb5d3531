"""The five key figures of each product and mode, their history, and what of them the endpoint shows."""
