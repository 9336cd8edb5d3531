"""The console: pages for people who would rather look, in a process of its own beside the endpoint."""
