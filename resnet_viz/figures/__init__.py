"""From records to what the eye sees: Plotly figures, pictures and SVG. No torch, no Streamlit."""
