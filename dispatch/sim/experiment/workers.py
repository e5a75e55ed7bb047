"""Processes that play batches of days side by side; one that dies loses one day.

Each has a pipe of its own: a batch goes in, its runs come out one by one, then None.
"""

import dataclasses
import multiprocessing
import signal
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from dispatch.sim.experiment.playing import Batch, Experiment, Stage
from dispatch.sim.experiment.runs import Failure, Run
from dispatch.solver.warmup import warm_up

TRIES = 2
"""A run whose process dies so often is given up."""
DIED = "its process died"


@dataclasses.dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    batch: Batch | None = None


def work(experiment: Experiment, pipe: Connection) -> None:
    """Play what comes, until nothing comes any more: the body of a process."""
    warm_up("routing")
    stage = Stage(experiment)
    while True:
        try:
            batch: Batch = pipe.recv()
        except EOFError:
            return
        for outcome in outcomes(stage, batch):
            pipe.send(outcome)
        pipe.send(None)


def outcomes(stage: Stage, batch: Batch) -> Iterator[Run | Failure]:
    """Yield the runs of a batch; a run that fails takes no other with it."""
    for variant in batch.variants:
        try:
            yield stage.play(batch.setting, batch.seed, variant)
        except Exception as error:  # noqa: BLE001 - the outermost loop: the next day goes on
            why = f"{type(error).__name__}: {error}"
            yield Failure(
                setting=batch.setting.name, seed=batch.seed, variant=variant, why=why[:500]
            )


def played(
    experiment: Experiment, batches: Sequence[Batch], *, workers: int
) -> Iterator[Run | Failure]:
    """Yield the runs of all batches as they come in."""
    if workers < 1:
        stage = Stage(experiment)
        for batch in batches:
            yield from outcomes(stage, batch)
        return
    crew = _Crew(experiment, batches)
    try:
        crew.hire(min(workers, len(batches)))
        while crew.is_busy():
            yield from crew.listen()
    finally:
        crew.dismiss()


@contextmanager
def unheard(number: signal.Signals) -> Iterator[None]:
    """Start processes that a signal never reaches; this one hears it after all.

    A terminal sends ctrl-C to all of them, and each would tell of it in a traceback of its own.
    """
    # Starting it later, as the first process would, lets ctrl-C through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Crew:
    """The processes, what each is at, and what waits."""

    def __init__(self, experiment: Experiment, batches: Sequence[Batch]) -> None:
        self._experiment = experiment
        self._context = multiprocessing.get_context("spawn")
        self._waiting = deque(batches)
        self._workers: list[_Worker] = []
        self._deaths: Counter[tuple[str, int, str]] = Counter()

    def hire(self, count: int) -> None:
        """Start so many processes and give each something to do."""
        for _ in range(count):
            ours, theirs = self._context.Pipe()
            process = self._context.Process(
                target=work, args=(self._experiment, theirs), daemon=True
            )
            with unheard(signal.SIGINT):
                process.start()
            # Or the end of the process would not be seen as the end of its pipe.
            theirs.close()
            self._workers.append(_Worker(process, ours))
            self._give(self._workers[-1])

    def _give(self, worker: _Worker) -> None:
        worker.batch = self._waiting.popleft() if self._waiting else None
        if worker.batch is not None:
            worker.pipe.send(worker.batch)

    def is_busy(self) -> bool:
        """Whether anything is still to come."""
        return any(worker.batch is not None for worker in self._workers)

    def listen(self) -> Iterator[Run | Failure]:
        """Yield what comes in next."""
        by_pipe = {its.pipe: its for its in self._workers if its.batch is not None}
        for pipe in wait(list(by_pipe)):
            worker = next(its for its in by_pipe.values() if its.pipe is pipe)
            try:
                outcome = worker.pipe.recv()
            except (EOFError, OSError):
                yield from self._bury(worker)
                continue
            if outcome is None:
                self._give(worker)
                continue
            if worker.batch is not None:
                worker.batch = worker.batch.without(outcome.variant)
            yield outcome

    def _bury(self, worker: _Worker) -> Iterator[Failure]:
        """Put another in the place of a process that died; its batch goes on where it was."""
        self._workers.remove(worker)
        worker.process.join()
        batch = worker.batch
        if batch is not None and batch.variants:
            at = (batch.setting.name, batch.seed, batch.variants[0])
            self._deaths[at] += 1
            if self._deaths[at] >= TRIES:
                yield Failure(setting=at[0], seed=at[1], variant=at[2], why=DIED)
                batch = batch.without(at[2])
            if batch.variants:
                self._waiting.appendleft(batch)
        if self._waiting:
            self.hire(1)

    def dismiss(self) -> None:
        """End all processes."""
        for worker in self._workers:
            worker.pipe.close()
            if worker.batch is not None:
                worker.process.terminate()
            worker.process.join()
