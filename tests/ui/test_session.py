"""One file owns the session and the address."""

import ast
from collections import Counter

import pytest
from streamlit.testing.v1 import AppTest

from resnet_viz.ui.frame import session
from resnet_viz.ui.frame.session import Key, Keys
from tests.source import modules, tree

OWNER = "resnet_viz.ui.frame.session"
KEYS = {value.name for value in vars(session).values() if isinstance(value, Key)}


def nodes(kind):
    """Every node of a kind in the package and the pages, with the module that it stands in."""
    for module, path in modules().items():
        for node in ast.walk(tree(path)):
            if isinstance(node, kind):
                yield module, node


def test_no_other_file_touches_the_session_or_the_address():
    owned = {"session_state", "query_params"}
    named = {module for module, node in nodes(ast.Attribute) if node.attr in owned}
    imported = {module for module, node in nodes(ast.alias) if node.name in owned}
    assert named | imported == {OWNER}


def test_a_widget_of_a_key_is_bound_by_the_key():
    """No widget has the name of a key written out, so each is found from the table."""
    written = {
        (module, node.value.value)
        for module, node in nodes(ast.keyword)
        if node.arg == "key" and isinstance(node.value, ast.Constant)
    }
    assert not {(module, name) for module, name in written if name in KEYS}


def test_a_written_name_belongs_to_one_folder():
    """A widget that keeps nothing has a name of its own; two pages never share one."""
    folders = {}
    for module, node in nodes(ast.keyword):
        if node.arg == "key" and isinstance(node.value, ast.Constant):
            folders.setdefault(node.value.value, set()).add(module.rpartition(".")[0])
    assert not {name: where for name, where in folders.items() if len(where) > 1}


def test_every_key_has_a_name_of_its_own():
    names = Counter(key.name for key in vars(session).values() if isinstance(key, Key))
    names |= Counter(keys.pattern for keys in vars(session).values() if isinstance(keys, Keys))
    assert names.most_common(1)[0][1] == 1


def _page():
    import streamlit as st

    from resnet_viz.ui.frame.session import Choice, Keys, Number

    fruit, count = Choice("fruit", ""), Number("count", 0)
    fruit.restore(["apple", "pear"], "apple")
    count.restore(9)
    fruit.publish("apple")
    count.publish(0)
    st.text(f"{fruit.get()} {count.get()} {Keys('of_{}', 'none')['fruit'].get()}")


@pytest.mark.parametrize(
    ("query", "shown", "left"),
    [
        ({}, "apple 0 none", {}),
        ({"fruit": "pear", "count": "3"}, "pear 3 none", {"fruit": "pear", "count": "3"}),
        ({"fruit": "plum", "count": "12"}, "apple 9 none", {"count": "9"}),
        ({"fruit": "apple", "count": "٣"}, "apple 0 none", {}),
        ({"fruit": "x" * 100_000, "count": "-1"}, "apple 0 none", {}),
    ],
)
def test_the_address_sets_what_is_allowed_and_holds_no_defaults(query, shown, left):
    app = AppTest.from_function(_page)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert app.text[0].value == shown
    assert {name: "".join(app.query_params[name]) for name in app.query_params} == left


def test_the_session_goes_before_the_address():
    app = AppTest.from_function(_page)
    app.query_params["fruit"] = "apple"
    app.session_state["fruit"] = "pear"
    app.session_state["of_fruit"] = "seed"
    assert app.run().text[0].value == "pear 0 seed"


def test_a_key_can_be_forgotten():
    def page():
        import streamlit as st

        from resnet_viz.ui.frame.session import Key

        key = Key("word", "usual")
        st.text(f"{key.get()} {key.is_set}")
        key.set("other")
        st.text(f"{key.pop()} {key.is_set} {key.get()}")

    app = AppTest.from_function(page).run()
    assert [text.value for text in app.text] == ["usual False", "other False usual"]


def test_every_key_is_used():
    tabled = {name for name, value in vars(session).items() if isinstance(value, Key | Keys)}
    used = {node.id for module, node in nodes(ast.Name) if module != OWNER}
    assert not tabled - used
