"""HTML documents from ``templates/``; every value is escaped, except drawings and plots."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from resnet_viz.core.text import Text


def render(template: str, text: Text, **values: object) -> str:
    """Return a document in the language of ``text``."""
    return _TEMPLATES.get_template(template).render(text=text, **values)


_TEMPLATES = Environment(
    loader=PackageLoader("resnet_viz.lessons.paper"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
