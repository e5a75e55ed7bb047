"""Who may be away from a post, and when.

A post's members are few, so every question is answered by looking at all of them.
"""

from dispatch.solver.kernel.columns import DEPARTS, ENDS, LEFT, LENGTH, NEVER, POST
from dispatch.solver.kernel.compiled import borrowing
from dispatch.solver.kernel.tables import Table

# columns of `posts`, one row for each vehicle: its commitments alone keep it away from .. to
ALONE_FROM = 0
ALONE_TO = 1
# columns of `steps`, one row for each step of all posts
STEP_POST = 0
STEP_FROM = 1
STEP_MOST = 2


@borrowing
def _fits(
    posts: Table, steps: Table, vehicles: Table, heads: Table, k: int, post: int, at: int
) -> bool:
    """Say whether vehicle k may be away at a moment, everybody else being where he is."""
    most = NEVER
    for step in range(steps.shape[0]):
        if steps[step, STEP_POST] == post and steps[step, STEP_FROM] <= at:
            most = steps[step, STEP_MOST]
    away = 1
    alone = 0
    for other in range(vehicles.shape[0]):
        if vehicles[other, POST] != post:
            continue
        if posts[other, ALONE_FROM] <= at < posts[other, ALONE_TO]:
            alone += 1
        if other == k or (heads[other, LENGTH] == 0 and vehicles[other, LEFT] > 0):
            continue
        since = heads[other, DEPARTS] if vehicles[other, LEFT] > 0 else -NEVER
        if since <= at < heads[other, ENDS]:
            away += 1
    return away <= max(most, alone)


@borrowing
def post_allows(
    posts: Table, steps: Table, vehicles: Table, heads: Table, k: int, departs: int, ends: int
) -> bool:
    """Say whether vehicle k may be away from `departs` until before `ends`, ticks.

    The count of those away grows, or the number allowed falls, only where somebody departs, where
    a step begins and where commitments end: those moments are looked at.
    """
    post = vehicles[k, POST]
    if departs >= ends:
        return True
    if departs > -NEVER and not _fits(posts, steps, vehicles, heads, k, post, departs):
        return False
    for step in range(steps.shape[0]):
        at = steps[step, STEP_FROM]
        if (
            steps[step, STEP_POST] == post
            and departs < at < ends
            and not _fits(posts, steps, vehicles, heads, k, post, at)
        ):
            return False
    for other in range(vehicles.shape[0]):
        if vehicles[other, POST] != post:
            continue
        at = posts[other, ALONE_TO]
        if departs < at < ends and not _fits(posts, steps, vehicles, heads, k, post, at):
            return False
        if other == k or heads[other, LENGTH] == 0 or vehicles[other, LEFT] <= 0:
            continue
        at = heads[other, DEPARTS]
        if departs < at < ends and not _fits(posts, steps, vehicles, heads, k, post, at):
            return False
    return True
