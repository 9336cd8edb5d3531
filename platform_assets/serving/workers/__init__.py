"""Several processes that answer on one port: their supervisor, what starts one, and how they share their counts."""
