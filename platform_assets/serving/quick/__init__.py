"""The quick way of a prediction: what needs no waiting is answered for a whole turn of the event loop at once."""
