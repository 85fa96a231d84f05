"""What the Train page says of the run it shows."""

from streamlit.testing.v1 import AppTest

from resnet_viz.core.text import Text
from resnet_viz.records import Role
from resnet_viz.training.class_demo import recorded_demo


def page(epochs, language):
    from resnet_viz.core.text import Text
    from resnet_viz.records import DataShown, ImageChanges
    from resnet_viz.training.config import training_config
    from resnet_viz.ui.train.run_facts import show_facts

    config = training_config(
        "resnet56", "class-demo", pair=True, changes={"epochs": epochs}, data="digits"
    )
    data = DataShown("digits", ("0", "1"), (3, 4), (1, 2), 7, 3, (), (), ImageChanges(1, flip=True))
    show_facts(config, data, Text(language))


def captions(epochs, language="en"):
    app = AppTest.from_function(page, args=(epochs, language)).run()
    assert not app.exception
    return [caption.value for caption in app.caption]


def test_the_class_demo_shows_how_far_its_errors_spread():
    facts, spread = captions(recorded_demo().recipe.epochs)
    assert "7 training and 3 test images" in facts
    assert "shifted by up to 1 px, half of them mirrored" in facts
    assert "2 CPU threads" in facts
    rows = recorded_demo().of(56, Role.PLAIN)
    assert (
        f"{100 * rows[0].train_error:.1f} to {100 * rows[-1].train_error:.1f} % (plain)" in spread
    )
    assert f"In {len(rows)} recorded runs" in spread
    _, chinese = captions(recorded_demo().recipe.epochs, "zh")
    assert Text("zh")("roles.plain")[:2] in chinese


def test_another_recipe_has_no_recorded_spread():
    assert len(captions(3)) == 1
