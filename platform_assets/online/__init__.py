"""The online store: key layout, snapshot writer, reader, prediction log stream, embedded server."""
