"""A Chinese compound day, drawn: compounds behind gates, guards on a roster, parcels in bulk.

The streets are a real map's, everything on them is drawn; `values` says from what. The parts:
`sites` puts compounds, booths, shops and the station on the map, `people` draws rosters and riders,
`drawing` households and parcels, and puts the day together.
"""

from dispatch.sim.compound_day.drawing import Own, draw_compound_day
from dispatch.sim.compound_day.values import CompoundDay

__all__ = ["CompoundDay", "Own", "draw_compound_day"]
