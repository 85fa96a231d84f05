"""Attribution methods, how faithful their maps are, and the channels behind them."""
