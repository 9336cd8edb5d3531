"""Events over HTTP and from the inbox of the online store."""
