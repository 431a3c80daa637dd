"""The Streamlit side: workspace, filters, cached queries, cards; the only importer of streamlit."""
