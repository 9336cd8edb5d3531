"""One address before several endpoints: HAProxy, configured and kept by us, spreads the requests over them."""
