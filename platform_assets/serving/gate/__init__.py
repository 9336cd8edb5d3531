"""The gate before every route: who calls, whether a page of another site makes them call, and what the route asks."""
