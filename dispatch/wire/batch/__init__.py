"""Batches: a whole `Problem` as a message, and its plan as another one.

Every field of a `Problem` has a field of a message, so that whatever can be planned from a file can
be planned by a call, and both are the same problem by its digest. One thing cannot be said: how
many access classes there are where there are neither gates nor couriers of the higher ones.
"""

from dispatch.wire.batch.answer import answer
from dispatch.wire.batch.locks import lock_faults
from dispatch.wire.batch.request import LONGEST_S, Batch, Limits, batch_in, check_size

__all__ = ["LONGEST_S", "Batch", "Limits", "answer", "batch_in", "check_size", "lock_faults"]
