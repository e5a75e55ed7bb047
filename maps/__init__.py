"""Coordinates in, travel times, distances and routes out.

The package turns an OpenStreetMap file into arrays once, and answers questions
about them for four modes of travel. It knows nothing of parcels, couriers or
solvers, and imports nothing of ``dispatch``.
"""
