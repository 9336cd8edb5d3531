"""The commands of the command line, one module each: a function that gathers plain data and one that shows it."""
