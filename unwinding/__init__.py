"""From registers and stack bytes to return addresses: rows from a binary's CFI, and an unwinder that needs no kernel."""
