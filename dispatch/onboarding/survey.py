"""The survey of a compound: read, laid over the map, and every check made on the whole of it.

What is wrong so that nothing could be planned is a problem; what is likely a mistake, or will be
felt by people, is a warning.
"""

from dataclasses import dataclass
from pathlib import Path

from dispatch.onboarding import ground, roads, rosters
from dispatch.onboarding.folder import Onboarding, read_parts
from dispatch.onboarding.matching import Match, matches_of
from dispatch.onboarding.roads import Walk
from dispatch.sim.folder import DayError
from dispatch.sim.table import Calendar, Problems
from maps.compounds import Compound
from maps.land.compound_files import corrected
from maps.land.gated_land import marked
from maps.network import RoadNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was found.

    Attributes
    ----------
    onboarding
        What could be read; whole only where there are no problems.
    problems, warnings
        One line each, by file and line.
    compounds
        Those of the folder as they are once laid over the map; as given without one.
    network
        The map with the folder's compounds in it; None without a map, or where problems of the
        folder itself keep it from being laid over.
    matches
        What of the folder was found on the map, and how far it moved.
    walks
        From the nearest gate to each entrance, on foot.
    coverage
        How each post's roster keeps its minimum.
    """

    onboarding: Onboarding
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    compounds: tuple[Compound, ...]
    network: RoadNetwork | None = None
    matches: tuple[Match, ...] = ()
    walks: tuple[Walk, ...] = ()
    coverage: tuple[rosters.Coverage, ...] = ()


def read_compound(
    path: Path, network: RoadNetwork | None = None, *, calendar: Calendar | None = None
) -> Onboarding:
    """Read a compound's folder, all or nothing.

    Parameters
    ----------
    path, network
        As of `survey`.
    calendar
        The day on which clock times of the rosters are meant; by default that of
        ``compound.toml``, else a stand-in.

    Raises
    ------
    DayError
        With every problem, its file, line and column.
    """
    found = survey(path, network, calendar=calendar)
    if found.problems:
        raise DayError(found.problems)
    return found.onboarding


def survey(
    path: Path, network: RoadNetwork | None = None, *, calendar: Calendar | None = None
) -> Survey:
    """Read a compound's folder and check it whole.

    Parameters
    ----------
    path
        The folder.
    network
        The map it lies on; without one nothing is checked against roads.
    calendar
        As of `read_compound`.

    Raises
    ------
    DayError
        There is no folder, or nothing of a compound in it.
    """
    problems, warnings = Problems(), Problems()
    read = read_parts(path, problems, calendar)
    ground.check_land(read, problems, warnings)
    coverage = rosters.check_rosters(read, problems, warnings)
    compounds = read.compounds
    matches: tuple[Match, ...] = ()
    walks: tuple[Walk, ...] = ()
    merged = None
    if network is not None and not problems:
        every = corrected(network.compounds, read.compounds)
        merged = marked(network, every)
        own = {compound.id for compound in read.compounds}
        compounds = tuple(compound for compound in every if compound.id in own)
        matches = matches_of(network.compounds, read.compounds, every)
        ground.check_neighbours(read, every, warnings)
        ground.check_merged(read, compounds, problems, warnings)
        walks = roads.check_roads(read, merged, compounds, problems, warnings)
    elif network is None:
        ground.check_merged(read, compounds, problems, warnings)
    roads.check_ways_in(read, compounds, problems, warnings)
    return Survey(
        onboarding=read,
        problems=tuple(problems.lines()),
        warnings=tuple(warnings.lines()),
        compounds=compounds,
        network=merged,
        matches=matches,
        walks=walks,
        coverage=coverage,
    )
