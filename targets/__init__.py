"""Who runs and whom to look at: processes, control groups, containers, and the machine's vital signs."""
