"""A company's word and rosters from the command line, in a service in the same process."""

from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from google.type.latlng_pb2 import LatLng
from typer.testing import CliRunner, Result

from cli.main import app
from dispatch.auth import Role
from dispatch.v1 import compounds_pb2 as pb
from dispatch.v1 import compounds_pb2_grpc, couriers_pb2, couriers_pb2_grpc, types_pb2
from tests.cli.test_levers import NETWORK, Service, token

GARDEN = f"{NETWORK}/compounds/garden"
HEADER = "courier_id,opens_at,closes_at,post,duty\n"
Run = Callable[..., Result]


@pytest.fixture
def service() -> Iterator[Service]:
    """Serve a compound with a post and two guards."""
    made = Service()
    made.fill()
    metadata = [("authorization", f"Bearer {token()}")]
    with grpc.insecure_channel(made.address) as channel:
        compounds = compounds_pb2_grpc.CompoundServiceStub(channel)
        compounds.CreateCompound(
            pb.CreateCompoundRequest(
                parent=NETWORK, compound_id="garden", compound=pb.Compound(company="acme")
            ),
            metadata=metadata,
        )
        compounds.CreatePost(
            pb.CreatePostRequest(
                parent=GARDEN,
                post_id="gate",
                post=pb.Post(hub=f"{NETWORK}/hubs/booth", minimum=1),
            ),
            metadata=metadata,
        )
        for guard in ("ann", "ben"):
            couriers_pb2_grpc.CourierServiceStub(channel).CreateCourier(
                couriers_pb2.CreateCourierRequest(
                    parent=NETWORK,
                    courier_id=guard,
                    courier=couriers_pb2.Courier(
                        kind=couriers_pb2.Courier.Kind.GUARD,
                        home_anchor=types_pb2.Place(point=LatLng(latitude=60.17, longitude=24.94)),
                    ),
                ),
                metadata=metadata,
            )
    yield made
    made.stop()


@pytest.fixture
def run(service: Service, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs ``antmile`` as the company."""
    monkeypatch.setenv("ANTMILE_TOKEN", token(Role.PROPERTY_COMPANY, "acme"))
    monkeypatch.setenv("ANTMILE_ADDRESS", service.address)

    def ran(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    return ran


def _permitted(run: Run) -> None:
    for guard in ("ann", "ben"):
        made = run("company", "permit", "garden", guard)
        assert made.output == f"{NETWORK}/couriers/{guard}: permitted in {GARDEN}\n"


def test_a_roster_is_imported_listed_swapped_and_dropped(run: Run, tmp_path: Path) -> None:
    """Times are local to the zone that is named; a second import changes nothing."""
    _permitted(run)
    file = tmp_path / "june.csv"
    lines = [
        "ann,2090-06-01T08:00+08:00,2090-06-01T16:00+08:00,gate,POST",
        "ben,16:00,23:00,gate,PATROL",
    ]
    file.write_text(HEADER + "\n".join(lines), encoding="utf-8")
    local = ("--date", "2090-06-01", "--timezone", "Asia/Shanghai")
    checked = run("roster", "import", str(file), *local, "--check")
    assert checked.output == (
        "june.csv: 2 slots would be added, 0 were there already, 2 couriers\n"
    )
    assert run("roster", "import", str(file), *local).output == (
        "june.csv: 2 slots added, 0 were there already, 2 couriers\n"
    )
    assert "0 slots added, 2 were there" in run("roster", "import", str(file), *local).output
    listed = run("roster", "list", "garden", "--timezone", "Asia/Shanghai").output.splitlines()
    assert listed == [
        "2090-06-01 08:00  2090-06-01 16:00  gate  POST    ann",
        "2090-06-01 16:00  2090-06-01 23:00  gate  PATROL  ben",
    ]
    swapped = run("roster", "swap", "ann", "08:00", "ben", "--for", "16:00", *local)
    assert swapped.output == (
        f"{NETWORK}/couriers/ben has the slot of 08:00, and {NETWORK}/couriers/ann that of 16:00\n"
    )
    dropped = run("roster", "drop", "ben", "08:00", *local, "--why", "moved away")
    assert dropped.output == f"{NETWORK}/couriers/ben: 0 slots left\n"
    gone = run("roster", "swap", "ben", "08:00", "ann", *local)
    assert gone.exit_code == 2
    assert "PERMISSION_DENIED" not in gone.output
    assert gone.output.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEADER + "ann,8,9,gate,POST\n", "roster.csv:2: opens_at: '8' is not a time"),
        (HEADER + "ann,08:00,09:00,gate,NAP\n", "roster.csv:2: duty: 'NAP' is none of"),
        (HEADER + ",08:00,09:00,gate,POST\n", "roster.csv:2: courier_id: is missing"),
        ("who\nann\n", "courier_id: the column is missing"),
        (HEADER, "holds no row below its header"),
        ("", "has no header"),
        (
            HEADER + "\nann,08:00,09:00,gate,POST\n\nzoe,08:00,09:00,lodge,POST\n",
            "roster.csv:5: courier_id: is not permitted in your compounds",
        ),
        (
            HEADER + "ann,08:00,09:00,gate,POST\nann,08:30,09:30,gate,POST\n",
            "roster.csv:3: opens_at: overlaps line 2: courier ann is not at two places at once",
        ),
        (HEADER + "ann,09:00,08:00,gate,POST\n", "roster.csv:2: opens_at: the window closes"),
    ],
)
def test_a_bad_roster_is_told_by_line_and_column(
    run: Run, service: Service, tmp_path: Path, text: str, said: str
) -> None:
    """What the file does wrong and what the service refuses read alike; nothing is added."""
    _permitted(run)
    file = tmp_path / "roster.csv"
    file.write_text(text, encoding="utf-8")
    made = run("roster", "import", str(file), "--date", "2090-06-01")
    assert made.exit_code == 2
    assert said in made.output
    assert not service.state.availability


def test_files_and_zones_that_are_none(run: Run, tmp_path: Path) -> None:
    """Each is told in a line."""
    assert "the file is missing" in run("roster", "import", str(tmp_path / "no.csv")).output
    (tmp_path / "latin.csv").write_bytes(b"\xff\xfe")
    assert "is not UTF-8" in run("roster", "import", str(tmp_path / "latin.csv")).output
    (tmp_path / "a.csv").write_text(HEADER, encoding="utf-8")
    nowhere = run("roster", "import", str(tmp_path / "a.csv"), "--timezone", "Mars")
    assert "'Mars' is no time zone" in nowhere.output
    assert "is not a time" in run("roster", "swap", "ann", "soon", "ben").output


def test_a_company_says_its_word(run: Run, service: Service) -> None:
    """Minimum, gate, permits, stop, resume, absences: who said it and why stands in the log."""
    _permitted(run)
    assert run("company", "minimum", "garden", "gate", "2").output == (
        f"{GARDEN}/posts/gate: at least 2; there: nobody\n"
    )
    assert run("company", "posts", "garden").output == (
        f"{GARDEN}/posts/gate: at least 2; there: nobody\n"
    )
    ruled = run("company", "gate", "garden", "sign-in", "--mode", "ebike", "--sign-in-s", "20")
    assert ruled.output == f"{GARDEN}: all gates SIGN_IN for ebike, from the next plan on\n"
    [ruling] = service.state.gate_rulings.values()
    assert ruling.sign_in_s == 20
    stopped = run("company", "stop", "garden", "--why", "a burst pipe")
    assert stopped.output == (
        f"{GARDEN}: stopped; {NETWORK}/hubs/booth rests until it is resumed\n"
    )
    assert service.state.stopped["garden"].actor == f"{NETWORK}/propertyCompanies/acme"
    twice = run("company", "stop", "garden", "--why", "again")
    assert (twice.exit_code, twice.output.count("\n")) == (2, 1)
    assert run("company", "resume", "garden").output == f"{GARDEN}: goes on\n"
    assert not service.state.stopped
    forbidden = run("company", "forbid", "garden", "ben", "--why", "left us")
    assert forbidden.output == f"{NETWORK}/couriers/ben: not permitted in {GARDEN} any more\n"
    assert run("company", "absences", "garden").output == f"{GARDEN}: nobody was away\n"
    strange = run("company", "stop", "park", "--why", "mine")
    assert strange.exit_code == 2
    assert "moves its own compounds" in strange.output


def test_all_bad_rows_are_told_at_once(run: Run, tmp_path: Path) -> None:
    """Two places at once and another one's post, each by its line."""
    _permitted(run)
    file = tmp_path / "june.csv"
    rows = [
        "ann,08:00,16:00,gate,POST",
        "ann,15:00,17:00,gate,POST",
        "",
        "ben,08:00,09:00,west,POST",
    ]
    file.write_text(HEADER + "\n".join(rows), encoding="utf-8")
    made = run("roster", "import", str(file), "--date", "2026-06-01", "--timezone", "Asia/Shanghai")
    assert made.output == (
        "june.csv:3: opens_at: overlaps line 2: courier ann is not at two places at once\n"
        "june.csv:5: post: 'west' is no post of your compounds\n"
        "error: 2 bad fields (FIELD_INVALID)\n"
    )
