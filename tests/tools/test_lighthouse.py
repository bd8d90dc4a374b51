"""What counts of a measurement that a busy machine spoils."""

import json
import sys
from pathlib import Path

import pytest

from tools.lighthouse import CATEGORIES, scores


def reporting(performances: list[float], folder: Path) -> list[str]:
    """A command that says one of these at each run, and all else is perfect."""
    (folder / "left").write_text(json.dumps(performances))
    script = folder / "report.py"
    script.write_text(f"""
import json, pathlib
left = pathlib.Path({str(folder / "left")!r})
now, *later = json.loads(left.read_text())
left.write_text(json.dumps(later))
found = dict.fromkeys({CATEGORIES!r}, {{"score": 1}}) | {{"performance": {{"score": now}}}}
print(json.dumps({{"categories": found}}))
""")
    return [sys.executable, str(script)]


@pytest.mark.parametrize(
    ("said", "counts", "unused"),
    [([0.95, 0.1], 95, [0.1]), ([0.6, 0.96, 0.97], 96, []), ([0.94, 0.93, 1], 94, [])],
    ids=["good at once", "spoilt once", "too low"],
)
def test_what_falls_short_is_measured_twice_more_and_the_middle_counts(
    tmp_path: Path, said: list[float], counts: int, unused: list[float]
) -> None:
    assert scores(reporting(said, tmp_path)) == [100, 100, counts]
    assert json.loads((tmp_path / "left").read_text()) == unused


def test_a_lighthouse_that_does_not_run_ends_the_tool_with_its_words() -> None:
    with pytest.raises(SystemExit, match="no such browser"):
        scores([sys.executable, "-c", "import sys; sys.exit('no such browser')"])
