"""What the endpoint tells about itself: counts for Prometheus, the stages of a request, its budget, its process."""
