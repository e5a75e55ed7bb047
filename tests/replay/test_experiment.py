"""An experiment goes on where it stopped, and says what it found with intervals."""

import csv
import dataclasses
import io
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from dispatch.sim.experiment import comparing, runs, tables
from dispatch.sim.experiment.picture import picture
from dispatch.sim.experiment.playing import Batch, Experiment, missing
from dispatch.sim.experiment.runs import Failure, Run
from dispatch.sim.experiment.settings import DEFAULT, SWEPT, Setting
from dispatch.sim.experiment.variants import ALL
from dispatch.sim.experiment.workers import DIED, played, unheard
from dispatch.sim.experiment.writing import write
from dispatch.sim.generate import Drawn
from tests.replay.deadly_days import BAD, DEADLY, draw, values

NAMES = ("ours", "one_rider")


def a_run(seed: int, variant: str = "ours", delivered: float = 0.9, **fields: object) -> Run:
    """Return a run with three figures."""
    figures = {"delivered_share": delivered, "cost_cents": 150.0 + seed, "custody_gaps": 0.0}
    given = {"setting": DEFAULT, "digest": "d", "figures": figures, **fields}
    return Run(seed=seed, variant=variant, **given)  # type: ignore[arg-type]


@pytest.fixture
def trial(tmp_path: Path) -> Experiment:
    """Return an experiment on a map that nobody reads."""
    map_file = tmp_path / "town.osm"
    map_file.write_text("a map")
    return Experiment(map_file=map_file, draw=never, values=lambda _: {"a": 1})


def never(*_: object) -> Drawn:
    """Refuse to draw."""
    raise AssertionError


def test_runs_survive_half_a_line(tmp_path: Path) -> None:
    """What a killed process left of a line is not read, and spoils no later one."""
    file = tmp_path / runs.FILE
    runs.append(file, a_run(0))
    with file.open("ab") as half:
        half.write(b'{"setting":"default","se')
    runs.append(file, a_run(1))
    assert [run.seed for run in runs.read(file)] == [0, 1]


def test_the_later_line_of_a_run_counts() -> None:
    """A run that was repeated with other values takes the place of the older one."""
    found = runs.latest([a_run(0, digest="old"), a_run(1), a_run(0, digest="new")])
    assert [(run.seed, run.digest) for run in found] == [(0, "new"), (1, "d")]


def test_only_what_is_missing_is_played(trial: Experiment) -> None:
    """A run is there if its values are the same; by others it is played again."""
    setting = Setting()
    digests = {name: trial.digest(setting, name) for name in NAMES}
    known = [
        a_run(0, "ours", digest=digests["ours"]),
        a_run(0, "one_rider", digest=digests["one_rider"]),
        a_run(1, "ours", digest=digests["ours"]),
        a_run(2, "ours", digest="of other values"),
    ]
    found = missing(trial, [setting], range(3), NAMES, known)
    assert [(its.seed, its.variants) for its in found] == [(1, ("one_rider",)), (2, NAMES)]


def test_the_digest_is_of_all_values(trial: Experiment) -> None:
    """Policy, price, setting, variant, drawn values and map: each makes another run of it."""
    others = [
        dataclasses.replace(trial, policy={"max_legs": 50}).digest(Setting(), "ours"),
        dataclasses.replace(trial, price_cents=150).digest(Setting(), "ours"),
        dataclasses.replace(trial, values=lambda _: {"a": 2}).digest(Setting(), "ours"),
        trial.digest(SWEPT[0], "ours"),
        trial.digest(Setting(), "no_relay"),
    ]
    first = trial.digest(Setting(), "ours")
    trial.map_file.write_text("another map")
    others.append(trial.digest(Setting(), "ours"))
    assert len({first, *others}) == len(others) + 1


def test_intervals_hold_the_mean_and_are_paired() -> None:
    """The same difference every day has no spread, however much the days differ."""
    days = [a_run(seed, delivered=0.5 + seed / 40) for seed in range(12)]
    others = [a_run(seed, "one_rider", delivered=0.4 + seed / 40) for seed in range(1, 12)]
    by_variant = comparing.by_variant([*days, *others], DEFAULT)
    found = comparing.means(by_variant)["ours"]["delivered_share"]
    assert found.low < found.mean < found.high
    less = comparing.differences(by_variant)["one_rider"]["delivered_share"]
    assert (less.mean, less.low, less.high) == pytest.approx((0.1, 0.1, 0.1))
    assert less.days == 11


def test_tables_hold_every_variant_and_figure(tmp_path: Path) -> None:
    """Markdown, CSV, JSON and picture are written from the same runs; gaps are told."""
    its = [
        a_run(seed, variant.name, delivered=0.9 - number / 20)
        for seed in range(3)
        for number, variant in enumerate(ALL)
    ]
    its += [a_run(seed, "ours", setting="consent .2") for seed in range(3)]
    its += [a_run(seed, "one_rider", setting="consent .2", delivered=0.8) for seed in range(3)]
    its.append(a_run(3, gaps=["parcel p: held twice"], unserved={"ABSENT": 2}))
    written = {path.name: path.read_text() for path in write(tmp_path, runs.latest(its))}
    assert set(written) == {"table.md", "table.csv", "summary.json", "picture.svg"}
    text = written["table.md"]
    assert all(variant.says in text for variant in ALL)
    assert "| consent .2 | 3 | 90.0 |" in text
    assert "parcel p: held twice" in text
    rows = list(csv.DictReader(io.StringIO(written["table.csv"])))
    relay = [row for row in rows if row["variant"] == "no_relay"]
    assert {row["figure"] for row in relay} == {"delivered_share", "cost_cents", "custody_gaps"}
    assert float(relay[0]["ours_less_mean"]) == pytest.approx((len(ALL) - 1) / 20)


def test_the_picture_is_xml_and_empty_without_runs() -> None:
    """One dot for each variant that has both figures."""
    its = [a_run(seed, name) for seed in range(3) for name in NAMES]
    tree = ET.fromstring(picture(its))  # noqa: S314 - our own text
    assert len(tree.findall("{http://www.w3.org/2000/svg}circle")) == len(NAMES)
    assert not picture([])


def test_said_is_short() -> None:
    """Shares as percent, large numbers without decimals."""
    assert tables.said(0.123, "%") == "12.3"
    assert tables.said(123.4, "") == "123"
    assert tables.said(1.234, "") == "1.23"


@pytest.mark.slow
@pytest.mark.skipif("ANTMILE_DATA" not in os.environ, reason="ANTMILE_DATA is not set")
def test_a_process_that_dies_takes_no_other_day_with_it() -> None:
    """Days that kill their process are given up after two tries; the others are played."""
    map_file = Path(os.environ["ANTMILE_DATA"]) / "osm" / "jinan.osm.pbf"
    deadly = Experiment(map_file=map_file, draw=draw, values=values)
    batches = [Batch(Setting(), seed, ("ours", "no_relay")) for seed in (DEADLY, BAD)]
    found = list(played(deadly, batches, workers=2))
    told = sorted((its.seed, its.variant, its.why) for its in found if isinstance(its, Failure))
    assert told == [
        (seed, variant, why)
        for seed, why in ((DEADLY, DIED), (BAD, "ValueError: drawn badly"))
        for variant in ("no_relay", "ours")
    ]


def test_ctrl_c_reaches_no_process_that_plays() -> None:
    """What is started in its scope never hears the signal; whoever started it does, afterwards."""
    ask = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))"
    with unheard(signal.SIGINT):
        inside = subprocess.run([sys.executable, "-c", ask], capture_output=True, check=True)
    assert inside.stdout.strip() == b"True"
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_stopped_experiment_says_how_to_go_on(
    trial: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C ends it with its usual status and one line: where the runs are, and what to do."""

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dispatch.sim.experiment.workers.played", stopped)
    monkeypatch.setattr(Experiment, "check", lambda _: None)
    result = CliRunner().invoke(
        app, ["experiment", "--map", str(trial.map_file), "-o", str(tmp_path / "out")]
    )
    assert result.exit_code == 130
    assert "runs.jsonl; run it again to go on" in result.stderr
    assert "Traceback" not in result.output
