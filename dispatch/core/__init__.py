"""The rules: frozen values, integers, pure functions. No I/O, no clock, no randomness."""
