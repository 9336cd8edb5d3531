"""Transactional records: artifacts, model versions, releases, publications, snapshots, drains."""
