"""A compound as a folder: land, gates, entrances, posts, booths and rosters, checked whole.

A day folder says what happened on one day; this says what a compound is, so that any day can be
played or any service run behind its gates. It is read with the columns of a day, laid over the
map, checked, told and drawn. Knows the map and the day's tables; plans and decides nothing.
"""

from dispatch.onboarding.folder import Onboarding
from dispatch.onboarding.survey import Survey, read_compound, survey

__all__ = ["Onboarding", "Survey", "read_compound", "survey"]
