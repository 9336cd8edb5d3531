"""The typed client of the endpoint, for programs that want predictions and nothing else of the platform."""
