"""The parts of the routing kernel: nodes, arcs and packed weights, never roads or modes.

`maps.hierarchy` is its door.
"""
