"""The page at /docs: every operation, with a form to try it, without any outside host."""
