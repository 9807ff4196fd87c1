"""CPython from outside: its interpreter state, its threads' stacks, the names of its code objects."""
