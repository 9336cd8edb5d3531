"""GET /v1/products/{name}/published: the published batch of a product as an Arrow file, with its age in the headers."""
