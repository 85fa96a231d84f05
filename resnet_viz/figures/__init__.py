"""From records to Plotly figures, pictures and SVG. No torch, no Streamlit."""
