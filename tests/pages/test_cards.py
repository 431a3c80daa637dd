"""What cards, headline numbers and tables have in common."""

from streamlit.testing.v1 import AppTest


def test_a_csv_file_is_written_when_it_is_asked_for():
    def script():
        import pandas as pd

        from spectra.ui import cards

        cards.download(pd.DataFrame({"team": ["web"]}), "teams")

    app = AppTest.from_function(script, default_timeout=60).run()
    (button,) = app.get("download_button")
    assert button.proto.deferred_file_id
    assert not button.proto.url
