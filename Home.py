"""SPECTRA: the frame of the app. Run with ``streamlit run Home.py``."""

from spectra.ui import frame

frame.run(frame.navigate())
