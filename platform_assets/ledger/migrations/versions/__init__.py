"""One numbered file per schema revision."""
