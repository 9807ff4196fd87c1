"""From registers and stack bytes to return addresses: rows from CFI, and an unwinder that needs no kernel."""
