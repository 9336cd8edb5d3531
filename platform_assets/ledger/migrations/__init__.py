"""Migrations of the ledger, run by Alembic; the schema itself stands in the record modules."""
