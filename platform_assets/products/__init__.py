"""One file per product; the package discovers and validates them."""
