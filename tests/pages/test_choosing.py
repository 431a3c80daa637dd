"""One thing of many, by hand or by the address of a page."""

from streamlit.testing.v1 import AppTest


def page():
    import streamlit as st

    from spectra.ui import choosing

    names = {"a": "A", "b": "B"} if st.toggle("without a filter") else {"a": "A"}
    st.text(str(choosing.one_of("Thing", names, key="thing", steps=())))


def chosen(app):
    return app.run().text[0].value


def test_what_the_address_names_is_waited_for_and_not_replaced():
    app = AppTest.from_function(page)
    app.query_params["thing"] = "b"
    assert chosen(app) == "None"
    assert "“b” of this page's address" in app.info[0].value
    app.toggle[0].set_value(True)
    assert chosen(app) == "b"
    app.toggle[0].set_value(False)
    assert chosen(app) == "None"
    app.toggle[0].set_value(True)
    assert chosen(app) == "b"
    app.selectbox(key="thing").set_value("a")
    assert chosen(app) == "a"
    assert app.query_params["thing"] in ("a", ["a"])
