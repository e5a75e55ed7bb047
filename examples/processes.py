"""The service, phones and counters in processes of their own."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SETTINGS = """
map_file = "{map_file}"
data_dir = "{data}"
epoch_s = 1

[networks.local.zones.all]

[networks.local.merchants.default]

[policy]
{policy}
"""


class Hand:
    """A phone or a counter in a process of its own."""

    def __init__(self, who: str, module: str, token: str, *options: str) -> None:
        self._who = who
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"examples.{module}", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "ANTMILE_TOKEN": token},
        )

    def does(self, order: str) -> str:
        """Tell it what to do; print and return what came of it."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("it has no line to it")
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        if not answer:
            raise RuntimeError(f"{self._who}: {order}: no answer")
        print(f"  {self._who:<14} {answer}", flush=True)
        return answer

    def lets_go(self) -> None:
        """End its process."""
        self._process.communicate(timeout=30)


class Service:
    """The service in its own process, always on the same port and folder."""

    def __init__(self, map_file: Path, data: Path, policy: str) -> None:
        self._data = data
        self._data.mkdir(parents=True, exist_ok=True)
        self.secret = secrets.token_urlsafe(32)
        self._settings = self._data / "antmile.toml"
        text = SETTINGS.format(map_file=map_file.resolve(), data=data.resolve(), policy=policy)
        self._settings.write_text(text, encoding="utf-8")
        self._port = "0"
        self._process: subprocess.Popen[str] | None = None
        self.address = ""

    def start(self) -> None:
        """Start it and wait until it is ready."""
        command = [
            sys.executable, "-c", "from cli.main import app; app()", "serve",
            "--settings", str(self._settings), "--port", self._port,
        ]  # fmt: skip
        with (self._data / "service.log").open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
                env={**os.environ, "ANTMILE_TOKEN_SECRET": self.secret},
            )
        said = self._process.stdout.readline().split() if self._process.stdout else []
        if said[:1] != ["ready"]:
            raise RuntimeError(f"the service did not start: see {self._data / 'service.log'}")
        self.address = said[1]
        self._port = said[1].rpartition(":")[2]

    def end(self, how: signal.Signals) -> None:
        """End it, gently or not."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.communicate(timeout=30)

    def code_for(self, parcel: str) -> str:
        """Return the code that the recipient was sent last, out of the outbox's file."""
        for _ in range(100):
            outbox = self._data / "outbox.jsonl"
            lines = outbox.read_text(encoding="utf-8").splitlines() if outbox.exists() else []
            sent = [json.loads(line) for line in lines]
            codes = [one for one in sent if one.get("code") and one["parcel"].endswith(parcel)]
            if codes:
                print(f"  {'outbox':<14} to {codes[-1]['to']}: {codes[-1]['text']}", flush=True)
                return str(codes[-1]["code"])
            time.sleep(0.1)
        raise RuntimeError(f"no code was sent for {parcel}")
