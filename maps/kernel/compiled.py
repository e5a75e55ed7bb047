"""How the kernels of this package are compiled.

Exists so that numba's untyped decorator is met in one place. Compiled code is kept on disk
(``NUMBA_CACHE_DIR``, else beside the module) and runs without the interpreter's lock.
Imports numba, which is slow: only the kernels' modules may import this one.

numba compiles a function again when its own file changes, not when another one does. So a
compiled function calls only compiled functions of its own file. The constants of
`maps.kernel.weight` are part of the compiled code: who changes them empties the cache, and so
does who renames a tuple that a compiled function takes, for the old code names the old one.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Return a function compiled at its first call."""
    return cast("Function", njit(cache=True, nogil=True, error_model="numpy")(function))
