"""The last published batch predictions by entity: what a consumer reads that needs no new score."""
