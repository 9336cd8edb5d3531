"""The five-step batch flow and its publication."""
