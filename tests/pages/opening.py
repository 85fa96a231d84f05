"""Open a page of the app without a browser and read its content."""

from streamlit.testing.v1 import AppTest

from resnet_viz.ui.frame.engines import measurements
from resnet_viz.ui.frame.session import SEEN
from tests.source import ROOT

TIMEOUT = 120  # seconds; a cold start imports torch


def opened(page, **query):
    """A page as somebody finds it who opens it at an address, and not for the first time."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT)
    app.session_state[SEEN.name] = True
    app.switch_page(page)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def measured(app):
    """The page once everything it asks for was measured."""
    for running in measurements().running():
        assert running.wait(TIMEOUT)
    return app.run()


def words(app):
    """Everything the page says."""
    shown = [*app.header, *app.subheader, *app.markdown, *app.caption, *app.warning, *app.error,
             *app.info]  # fmt: skip
    return "\n".join(str(element.value) for element in shown)
