"""What a person sees when something is wrong: lines that say what to do, never a traceback.

Bad input ends with exit status 2, every bad row listed. Bugs are not caught here: a traceback
is right for those.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

BAD_INPUT = 2


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn what a user can mend into lines on stderr and exit status 2.

    Every command is decorated with it: ``@plain_errors()``.
    """
    # Loaded when a command runs, so that --help is quick.
    from dispatch.core.errors import DispatchError
    from dispatch.sim.folder import DayError
    from maps.network import MapError

    try:
        yield
    except DayError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        count = len(error.problems)
        noun = "problem" if count == 1 else "problems"
        fail(f"{count} {noun} in the day folder: nothing was written")
    except (MapError, DispatchError) as error:
        fail(str(error))
    except BrokenPipeError:
        # The reader of our output has left, which is its right.
        raise typer.Exit(1) from None
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        fail(f"{where}{error.strerror or error}: choose another path or make this one usable")


def fail(message: str) -> NoReturn:
    """End the program with one line on stderr.

    Raises
    ------
    typer.Exit
        Always, with status 2.
    """
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(BAD_INPUT)
