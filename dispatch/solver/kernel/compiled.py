"""How the functions of this package are compiled.

Exists so that numba's untyped decorator is met in one place, and so that everything still runs
where numba is missing: then the same functions are interpreted, some hundred times slower, and
`AVAILABLE` says so.

numba compiles a function again when its own file changes, not when a function that it calls in
another file does: after a change in `kernel/` empty the cache (`NUMBA_CACHE_DIR`, else the
`__pycache__` beside the file).
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

try:
    from numba import njit

    AVAILABLE = True
except ImportError:
    AVAILABLE = False

Function = TypeVar("Function", bound=Callable[..., Any])

# The published types do not know `_nrt`.
_njit: Any = njit if AVAILABLE else None
_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


def compiled(function: Function) -> Function:
    """Return a function compiled at its first call; without numba, the function itself."""
    return cast("Function", _njit(**_OPTIONS)(function)) if AVAILABLE else function


def borrowing(function: Function) -> Function:
    """Do as `compiled` for a function that makes no arrays: it counts no references to them.

    Counting costs two atomic additions for each array and call, which the search's short calls
    would pay millions of times: they took more than half of its time.
    """
    return cast("Function", _njit(**_OPTIONS, _nrt=False)(function)) if AVAILABLE else function
