"""What ``antmile serve`` says when it cannot start."""

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    return CliRunner()


def test_without_settings_the_way_to_try_it_is_named(run: CliRunner) -> None:
    """Who has no settings file learns of --dev; who has no map, of --map."""
    result = run.invoke(app, ["serve"])
    assert result.exit_code == 2
    assert "start with --dev to try it" in result.output
    result = run.invoke(app, ["serve", "--dev"])
    assert result.exit_code == 2
    assert "--map is required: name an OpenStreetMap file" in result.output


def test_a_port_in_use_is_one_line(run: CliRunner, grid_map: Path, tmp_path: Path) -> None:
    """The line names the port and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options = ["--port", str(port), "--map", str(grid_map), "--data", str(tmp_path / "data")]
        result = run.invoke(app, ["serve", "--dev", *options])
    assert result.exit_code == 2
    assert f"error: port {port} is in use: choose another with --port" in result.output
