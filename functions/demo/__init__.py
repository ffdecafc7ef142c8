"""A small company to look at: a service of its own, a solution that calls it, two people."""
