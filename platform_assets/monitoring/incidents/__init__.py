"""Incidents: opened by broken promises, with who is hurt, a timeline and a drafted cause."""
