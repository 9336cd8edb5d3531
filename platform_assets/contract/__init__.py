"""The words of the platform: what a product declares, as pure data."""
