"""What the platform learns about itself: the prediction log, drained into the lake."""
