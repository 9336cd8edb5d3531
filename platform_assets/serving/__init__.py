"""The Starlette endpoint: wiring, routes, the transport-free heart, reload, journal."""
