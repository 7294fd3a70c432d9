"""The report as one self-contained HTML file."""

from tauspeech.reporting.cells import grid
from tauspeech.reporting.content import ClaimVerdict, Figure, Output, PlayedExample, Report, Table
from tauspeech.reporting.inline import audio_uri, picture_uri, pieces, svg_markup, svg_width
from tauspeech.reporting.templates import environment

__all__ = ["ClaimVerdict", "Figure", "Output", "PlayedExample", "Report", "Table", "build_page"]

# Two figures stand side by side only while neither was drawn wider than this, in points.
_HALF_WIDTH = 420.0


def build_page(report: Report) -> str:
    templates = environment()
    templates.globals.update(
        grid=grid,
        pieces=pieces,
        audio_uri=audio_uri,
        picture_uri=picture_uri,
        svg_markup=svg_markup,
        is_wide=_is_wide,
        best_note=_best_note,
        has_hits=_has_hits,
    )
    return templates.get_template("page.html.jinja").render(report=report)


def _is_wide(figure: Figure) -> bool:
    return svg_width(figure.svg) > _HALF_WIDTH


def _best_note(table: Table) -> str:
    """Explanation of bold cells; empty if the table has none."""
    named = table.frame.iloc[:, 0].tolist() if table.best_in else list(table.frame.columns)
    among = [name for name in table.best_among if name in named]
    if len(among) < 2 or (table.best is None and not table.best_in):
        return ""
    rivals = f"best of {', '.join(among[:-1])} and {among[-1]}"
    if table.best_in:
        return f"Bold: {rivals} in the column."
    direction = "higher" if table.best == "max" else "lower"
    return f"Bold: {rivals} in the row ({direction} is better)."


def _has_hits(report: Report) -> bool:
    return any(output.hit is not None for example in report.examples for output in example.outputs)
