"""How the functions of this package are compiled.

Exists so that numba's untyped decorator is met in one place, and so that everything still runs
where numba is missing: then the same functions are interpreted, some hundred times slower, and
`AVAILABLE` says so.

numba keeps what it compiled on disk (`NUMBA_CACHE_DIR`, else beside the file) and compiles a
function again when its own file has changed, not when another one has, whose functions it has
swallowed. So every function here bears the stamp of the whole package: any change compiles all.
"""

import hashlib
import pkgutil
import sys
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


def _stamp() -> str:
    """Hash the sources of the package, and of the constants that it takes from outside."""
    sha = hashlib.sha256(pkgutil.get_data("dispatch.solver", "arrays.py") or b"")
    for module in pkgutil.iter_modules(sys.modules[__package__].__path__):
        sha.update(pkgutil.get_data(__package__, f"{module.name}.py") or b"")
    return sha.hexdigest()


_SOURCES = _stamp() if AVAILABLE else ""


def _dispatcher(function: Function, **options: object) -> Function:
    dispatcher = _njit(**_OPTIONS, **options)(function)
    # Not public, so it may be missing one day: then numba's own rule holds.
    index = getattr(getattr(dispatcher, "_cache", None), "_cache_file", None)
    if index is not None and hasattr(index, "_source_stamp"):
        index._source_stamp = _SOURCES  # noqa: SLF001
    return cast("Function", dispatcher)


def compiled(function: Function) -> Function:
    """Return a function compiled at its first call; without numba, the function itself."""
    return _dispatcher(function) if AVAILABLE else function


def borrowing(function: Function) -> Function:
    """Do as `compiled` for a function that makes no arrays: it counts no references to them.

    Counting costs two atomic additions for each array and call, which the search's short calls
    would pay millions of times: they took more than half of its time.
    """
    return _dispatcher(function, _nrt=False) if AVAILABLE else function
