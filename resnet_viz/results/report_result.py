"""``CheckpointReport`` with its figures and its table."""

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from resnet_viz import records
from resnet_viz.core.text import Text

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, repr=False)
class CheckpointReport(records.CheckpointReport):
    """A diagnosis; the fields are those of ``records.CheckpointReport``."""

    def figure(self, check: str | None = None, *, language: str = "en") -> "go.Figure":
        """Return the plot of a check, by default of the worst finding that has one.

        Raises ``OptionError`` for a check that has no plot.
        """
        from resnet_viz.core.errors import OptionError
        from resnet_viz.figures.diagnosis_plots import finding_figure

        known = []
        for finding in self.findings:
            found = finding_figure(finding, self, Text(language))
            if found is not None and check in (None, finding.check):
                return found
            known += [finding.check] * (found is not None)
        names = ", ".join(dict.fromkeys(known)) or "-"
        raise OptionError("option_unknown", option="check", value=check or "figure", known=names)

    def _repr_html_(self) -> str:
        table = self.to_frame().drop(columns=["source"], errors="ignore")
        return f"<code>{escape(repr(self))}</code>{table.to_html(index=False, border=0)}"
