"""SPECTRA: the frame of the app. Run with ``streamlit run Home.py``."""

from spectra.ui import frame

page = frame.navigate()
frame.build()
page.run()
