"""The numbers of pprof's fields that are written: https://github.com/google/pprof/blob/main/proto/profile.proto.

Written by hand: importing protobuf takes as long as a tenth of a short recording, and 5 MB.
"""

from __future__ import annotations

SAMPLE_TYPE, SAMPLE, MAPPING, LOCATION, FUNCTION, STRING = range(1, 7)
TIME, DURATION, PERIOD_TYPE, PERIOD, COMMENT, DEFAULT_TYPE = range(9, 15)
"""Of a profile."""

TYPE_KIND, TYPE_UNIT = 1, 2
"""Of a sample type."""

SAMPLE_LOCATIONS, SAMPLE_VALUES, SAMPLE_LABEL = 1, 2, 3
LABEL_KEY, LABEL_TEXT, LABEL_NUMBER, LABEL_UNIT = 1, 2, 3, 4

MAPPING_ID, MAPPING_START, MAPPING_LIMIT, MAPPING_OFFSET, MAPPING_FILE, MAPPING_BUILD_ID = range(1, 7)
HAS_FUNCTIONS, HAS_FILES, HAS_LINES, HAS_INLINE_FRAMES = range(7, 11)

LOCATION_ID, LOCATION_MAPPING, LOCATION_ADDRESS, LOCATION_LINE = 1, 2, 3, 4
LINE_FUNCTION, LINE_NUMBER = 1, 2

FUNCTION_ID, FUNCTION_NAME, FUNCTION_FILE, FUNCTION_START = 1, 2, 4, 5
