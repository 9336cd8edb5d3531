"""What runs made of what, told to lineage catalogues as events of the OpenLineage standard."""
