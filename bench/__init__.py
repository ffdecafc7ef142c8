"""How fast a call is, beside the same call made directly. Prints figures; asserts none."""
