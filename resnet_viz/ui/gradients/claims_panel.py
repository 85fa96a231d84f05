"""Each formula of tutorials with its verdict: as written, the right one, and both numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import streamlit as st

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.records import (
    BottleneckFormula,
    Claim,
    ClaimCheck,
    Formulas,
    HeadFormula,
    Span,
)
from resnet_viz.spec import Order

EXACT = 1e-5  # relative, single precision

_LOSS_Y = r"\frac{\partial L}{\partial y}"
_SUM = r"y = F(x) + x"
_TELESCOPE = r"x_L = x_0 + \sum_l F(x_l)"
_GRADIENT = (
    rf"\frac{{\partial L}}{{\partial x}} = {_LOSS_Y}"
    r"\left(1 + \frac{\partial F}{\partial x}\right)"
)


_HEAD = r"p = \mathrm{softmax}(\mathrm{pool}(x_L))"
_HEAD_RIGHT = r"p = \mathrm{softmax}(W\,\mathrm{pool}(x_L) + b)"
_BOTTLENECK = r"F = W^{3 \times 3}_2\, \mathrm{ReLU}(W^{3 \times 3}_1 x)"
_BOTTLENECK_RIGHT = (
    r"F = W^{1 \times 1}_3\, \mathrm{ReLU}(W^{3 \times 3}_2\, \mathrm{ReLU}(W^{1 \times 1}_1 x))"
)


class Verdict(StrEnum):
    """What is said of a formula, with its colour."""

    HOLDS = "holds"
    DEPENDS = "depends"
    WRONG = "wrong"
    EMPTY = "empty"

    @property
    def colour(self) -> str:
        """A colour of Streamlit's badges."""
        return {"holds": "green", "depends": "orange", "wrong": "red", "empty": "gray"}[self]


@dataclass(frozen=True)
class Judged:
    """One formula on the page; ``right`` is "" where the formula as written is the right one."""

    verdict: Verdict
    written: str
    right: str
    sentence: str


#: The formula as tutorials write it, and the right one.
_FORMULAS = {
    Claim.HIDDEN: (r"H(x) = F(x) + x, \quad F = H - x", ""),
    Claim.CONFUSED: (r"F(Y) = X + F'(Y)", _SUM),
    Claim.GRADIENT: (_GRADIENT, ""),
    Claim.WEIGHTS: (
        rf"\frac{{\partial L}}{{\partial W}} = {_LOSS_Y}\,\frac{{\partial F}}{{\partial W}}", ""
    ),
    Claim.DOUBLE: (
        r"\frac{\partial L}{\partial x_l} = \frac{\partial L}{\partial y_l}"
        r"\frac{\partial y_l}{\partial x_l} + \frac{\partial L}{\partial x_{l+1}}",
        r"\frac{\partial L}{\partial x_l} = \frac{\partial L}{\partial y_l}"
        r"\left(1 + \frac{\partial F}{\partial x_l}\right)",
    ),
    Claim.TWO_BLOCKS: (
        r"y_2 = x + F_1(x) + F_2(x + F_1(x))",
        r"\begin{aligned} x_1 &= \mathrm{ReLU}(x + F_1(x)) \\"
        r" y_2 &= x_1 + F_2(x_1) \end{aligned}",
    ),
    Claim.TAYLOR: (
        r"\begin{aligned} F(x) &\approx F(x_0) + F'(x_0)(x - x_0) \\ x_0 &= x \\"
        r" F(x) &= F(x) \end{aligned}",
        r"W = 0 \;\Rightarrow\; F(x) = 0 \;\Rightarrow\; y = x",
    ),
    Claim.PENALTY: (
        r"y = F(x) + x + \lambda \lVert W \rVert^2",
        r"y = F(x) + x, \quad L' = L + \lambda \lVert W \rVert^2",
    ),
}  # fmt: skip
_NOT_IN_PRE = (Claim.GRADIENT, Claim.WEIGHTS, Claim.TWO_BLOCKS)  # exact without the last ReLU


def show_claims(formulas: Formulas, text: Text) -> None:
    """Show every formula in a box of its own."""
    for row in judged(formulas, text):
        with st.container(border=True):
            left, right = st.columns([2, 3], vertical_alignment="center")
            with left:
                colour = row.verdict.colour
                st.badge(text(f"formulas.verdict_{row.verdict}"), color=colour)  # type: ignore[arg-type]  # its literal type is private
                st.latex(row.written)
            with right:
                if row.right:
                    st.caption(text("formulas.right_one"))
                    st.latex(row.right)
                st.markdown(row.sentence)


def judged(formulas: Formulas, text: Text) -> Iterator[Judged]:
    """Yield the formulas of tutorials in the order of the page."""
    sums = max(block.sum_error for block in formulas.blocks)
    yield Judged(Verdict.HOLDS, _SUM, "", text("formulas.sum", error=readable(sums, 2)))
    checks = {check.claim: check for check in formulas.claims}
    first = (Claim.HIDDEN, Claim.CONFUSED)
    yield from (_judged(checks[claim], text) for claim in first if claim in checks)
    yield _telescope(formulas, text)
    yield from (_judged(check, text) for claim, check in checks.items() if claim not in first)
    yield _bottleneck(formulas.bottleneck, text)
    yield _head(formulas.head, text)


def _telescope(formulas: Formulas, text: Text) -> Judged:
    error = formulas.blocks[-1].telescope_error
    if error < EXACT:
        sentence = text("formulas.telescope_exact", error=readable(error, 2))
        return Judged(Verdict.HOLDS, _TELESCOPE, "", sentence)
    if formulas.spec.order is Order.POST:
        right = r"x_L = x_0 + \sum_l \left(F(x_l) + \mathrm{ReLU}(-y_l)\right)"
        return Judged(Verdict.DEPENDS, _TELESCOPE, right,
                      text("formulas.telescope_gap", error=readable(error, 2)))  # fmt: skip
    sentence = text("formulas.telescope_projected", error=readable(error, 2))
    return Judged(Verdict.DEPENDS, _TELESCOPE, "", sentence)


def _bottleneck(counted: BottleneckFormula, text: Text) -> Judged:
    sentence = text("formulas.bottleneck", channels=counted.channels,
                    two=f"{counted.two_3x3:,}", bottleneck=f"{counted.bottleneck:,}")  # fmt: skip
    return Judged(Verdict.WRONG, _BOTTLENECK, _BOTTLENECK_RIGHT, sentence)


def _head(head: HeadFormula, text: Text) -> Judged:
    sentence = text("formulas.head", channels=head.channels, classes=head.classes,
                    parameters=f"{head.parameters:,}", error=readable(head.error, 1))  # fmt: skip
    return Judged(Verdict.WRONG, _HEAD, _HEAD_RIGHT, sentence)


def _judged(check: ClaimCheck, text: Text) -> Judged:
    claim, written = check.claim, check.written
    formula, right = _FORMULAS[claim]
    exact = claim in _NOT_IN_PRE and written.high < EXACT
    name = f"formulas.claim_{claim}_exact" if exact else f"formulas.claim_{claim}"
    sentence = text(name, right=readable(check.right.high, 1), wrong=_percent(written))
    return Judged(_verdict(claim, exact=exact), formula, "" if exact else right, sentence)


def _verdict(claim: Claim, *, exact: bool) -> Verdict:
    match claim:
        case Claim.GRADIENT | Claim.WEIGHTS | Claim.TWO_BLOCKS:
            return Verdict.HOLDS if exact else Verdict.DEPENDS
        case Claim.HIDDEN:
            return Verdict.DEPENDS
        case Claim.TAYLOR:
            return Verdict.EMPTY
        case Claim.CONFUSED | Claim.DOUBLE | Claim.PENALTY:
            return Verdict.WRONG


def _percent(span: Span) -> str:
    """21% to 250%; one number where both print alike."""
    digits = 2 if span.low < 0.01 else 0
    low, high = (f"{value:.{digits}%}" for value in (span.low, span.high))
    return low if low == high else f"{low} – {high}"
