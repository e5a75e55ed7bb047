"""What is kept of why a plan left a leg out: the code, who came nearest, and the smallest fix.

Values of the log: ids in place of the solver's numbers, instants in place of its ticks.
"""

from dispatch.core.model import Instant, Value


class SmallestFix(Value):
    """One limit that would have to give way; see `dispatch.solver.fixes`.

    Attributes
    ----------
    kind
        Of `dispatch.solver.fixes.FixKind`.
    courier
        Whose limit it is, or whom one more would have to resemble; empty for nobody's.
    subject
        Id of the hub, post, compound or leg that it is about, or ``grams`` or ``ml``; else empty.
    amount
        By how much: seconds, pieces, compartments, people, minor currency units.
    until
        The instant or the value that results, where it is one; else 0.
    needs
        What one more courier would have to have beyond the one named.
    """

    kind: str
    courier: str = ""
    subject: str = ""
    amount: int = 1
    until: Instant = 0
    needs: "tuple[SmallestFix, ...]" = ()


class Explained(Value):
    """Why a leg is not served, or not by somebody.

    Attributes
    ----------
    reason
        A code of `dispatch.solver.plan.Reason`.
    courier
        Who comes nearest; empty for nobody.
    slack
        What that courier misses in the limit that the code names: seconds, pieces, minor currency
        units; 0 where it is no number.
    fix
        The smallest change that would serve the leg; None where none is known.
    served_by
        Who serves it instead, where somebody asks why it is not him.
    """

    leg: str
    reason: str
    courier: str = ""
    slack: int = 0
    fix: SmallestFix | None = None
    served_by: str = ""


class Judgement(Value):
    """What was last found out about a leg, and by the plan of which epoch."""

    epoch: int
    at: Instant
    explained: Explained
