"""Measured figures into the pages that show them, so that none is typed by hand."""

from collections.abc import Iterable
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"
CARD = DOCS / "model-card.md"


def renew(page: Path, name: str, lines: Iterable[str]) -> None:
    """Replace what stands between `<!-- name: begin -->` and `<!-- name: end -->` on a page, which must be there.

    Raises ValueError where a marker is missing.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    text = page.read_text("utf-8")
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{page.name} has no section between {begin} and {end}: put both there.")
    body = "\n".join(lines)
    page.write_text(f"{before}{begin}\n\n{body}\n\n{end}{after}", "utf-8")
