"""What predictions and trainings cost: measured use of processor, memory and GPU, times the configured prices."""
