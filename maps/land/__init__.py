"""Finding compounds among land, walls and gates, and reading them from files.

`maps.compounds` holds the values, `maps.grounds` answers questions about them.
"""
