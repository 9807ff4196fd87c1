"""Waits while it is imported."""

import module_that_waits

module_that_waits.wait()
