"""The quick way of a prediction: what can be answered without waiting is, for a whole turn of the event loop at once."""
