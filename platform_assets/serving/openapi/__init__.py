"""The published description of the endpoint: one table of operations, and the OpenAPI document made from it."""
