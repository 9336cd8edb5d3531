"""Several processes that answer on one port: their supervisor, what starts one, and how they share their counts.

They share nothing else. Each follows the live pointers by itself, so a new release is everywhere within about a second;
a reload on request takes effect at once in the worker that the request reached. Each has a cache and a log of its own.
"""
