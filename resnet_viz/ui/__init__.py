"""The pages' building blocks. The only place that imports Streamlit."""
