"""The hot core: arrays in, plan out.

Nothing here sees the service's state, a clock, a file or a log. Import the modules by name:
`problem` and `plan` are light, `routing` (and `solve`, the front door) load OR-Tools.
"""
