"""What legs, couriers, times and costs of a problem file are called where plans are explained.

It loads the solver: commands import it when they run.
"""

from cli.problem_files import Case, DepotCase, OgcCase, VroomCase
from dispatch.sim.plan_sheet import Ticks
from dispatch.solver.explain import Explanation
from dispatch.solver.plan import Reason
from dispatch.solver.wording import Indices

OGC_COST = 1000
"""So many of the problem's costs are one of the Grand Challenge's."""

MINUTE_S = 60

IN_TICKS = (Reason.WINDOW, Reason.NO_COURIER_IN_RANGE, Reason.HOURS, Reason.LEASH)


class FileNames(Indices):
    """Names and units of a problem file.

    Parameters
    ----------
    case : Case
        The file.
    ticks : Ticks
        What its ticks are.
    """

    def __init__(self, case: Case, ticks: Ticks) -> None:
        super().__init__((ticks.unit_s or 0) / ticks.per_unit)
        self._case, self._ticks = case, ticks

    def leg(self, leg: int) -> str:
        """Return the leg's name in the file."""
        name = self._case.name(leg)
        return name if isinstance(self._case, VroomCase) else f"leg {name}"

    def courier(self, courier: int) -> str:
        """Return the vehicle, one of some that are alike, or the type of rider."""
        case = self._case
        if isinstance(case, VroomCase):
            first, *others = (its.id for its in case.model.classes[courier])
            return f"vehicle {first}" + f" (or {len(others)} like it)" * bool(others)
        if isinstance(case, OgcCase):
            return f"a {case.orders.riders[courier].type} rider"
        if isinstance(case, DepotCase):
            return "a vehicle"
        return super().courier(courier)

    def option(self, option: int) -> str:
        """Return whose drop-off it is, and which where there are several."""
        problem = self._case.problem
        leg = int(problem.option_leg[option])
        its = problem.options_of(leg)
        number = f" {option - its.start + 1}" if len(its) > 1 else ""
        return f"drop-off{number} of {self.leg(leg)}"

    def load(self, dimension: int, amount: int) -> str:
        """Return the number, and of which dimension where there are several."""
        if self._case.problem.load_dimension_count == 1:
            return f"{amount}"
        return super().load(dimension, amount)

    def skills(self, bits: int) -> str:
        """Return the bits in our own files; others number skills otherwise."""
        if not isinstance(self._case, VroomCase):
            return super().skills(bits)
        return "the skills that it asks for"

    def instant(self, tick: int) -> str:
        """Return a time of the file, to the second where it has any."""
        ticks = self._ticks
        value = tick / ticks.per_unit + ticks.origin
        if ticks.unit_s is None:
            return f"{value:.10g}"
        seconds = round(value * ticks.unit_s) % MINUTE_S
        return ticks.moment(tick) + (f":{seconds:02}" if seconds else "")

    def span(self, ticks: int) -> str:
        """Return a length of time in units, or in minutes, of which a started one counts."""
        if self._ticks.unit_s is None:
            return f"{ticks / self._ticks.per_unit:.10g}"
        return super().span(ticks)

    def cost(self, cost: int) -> str:
        """Return a cost in the file's own units."""
        case = self._case
        if isinstance(case, VroomCase):
            return f"{-(-cost // case.unit)}"
        if isinstance(case, OgcCase):
            return f"{cost / OGC_COST:.10g}"
        if isinstance(case, DepotCase):
            return f"{cost / self._ticks.per_unit:.10g}"
        return super().cost(cost)

    def missing(self, explanation: Explanation) -> str:
        """Return how much is missed."""
        slack, reason = explanation.slack, explanation.reason
        if not slack:
            return ""
        if reason in IN_TICKS:
            return self.span(slack)
        return self.cost(slack) if reason is Reason.NOT_WORTH_IT else f"{slack}"
