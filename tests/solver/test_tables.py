import re
from pathlib import Path

from dispatch.solver.kernel import columns


def test_no_two_columns_of_a_table_are_one() -> None:
    """Within a table every column has a number of its own, below the table's width."""
    text = Path(columns.__file__).read_text(encoding="utf-8")
    tables = re.split(r"^# --- ", text, flags=re.MULTILINE)[1:]
    assert len(tables) >= 7
    for table in tables:
        named = re.findall(r"^([A-Z_]+) = (\d+)", table.partition("# kinds of")[0], re.MULTILINE)
        numbers = [int(number) for name, number in named if not name.endswith(("COLUMNS", "ERS"))]
        assert len(set(numbers)) == len(numbers), table.splitlines()[0]
        width = [int(number) for name, number in named if name.endswith(("COLUMNS", "ERS"))]
        assert all(max(numbers) < most for most in width), table.splitlines()[0]
