"""Parcel dispatch for people who are already there: guards, shopkeepers, neighbours, riders.

This file stays empty of imports, so that importing one module of the engine never loads the rest.
"""

__version__ = "0.1.0"
