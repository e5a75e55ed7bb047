"""The files that an experiment leaves in its folder, beside its runs."""

import json
from collections.abc import Sequence
from pathlib import Path

from dispatch.sim.experiment.picture import picture
from dispatch.sim.experiment.runs import Run
from dispatch.sim.experiment.tables import markdown, summary, table_csv

TABLE, CSV, SUMMARY, PICTURE = "table.md", "table.csv", "summary.json", "picture.svg"


def write(out: Path, runs: Sequence[Run]) -> list[Path]:
    """Write tables, summary and picture of some runs, and return their paths."""
    contents = {
        TABLE: markdown(runs),
        CSV: table_csv(runs),
        SUMMARY: json.dumps(summary(runs), indent=1, sort_keys=True) + "\n",
        PICTURE: picture(runs),
    }
    written = []
    for name, content in contents.items():
        if content:
            path = out / name
            aside = path.with_suffix(path.suffix + ".part")
            aside.write_text(content, "utf-8")
            aside.replace(path)
            written.append(path)
    return written
