"""The model: locations, stacks, series, time line, views, call tree, top table. Pure data and functions, no I/O."""
