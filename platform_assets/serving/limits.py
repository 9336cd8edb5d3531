"""How much a caller may send; all limits of the endpoint in one place. Rows per request are declared per product."""

MAX_BODY_BYTES = 1024 * 1024
MAX_HEAD_BYTES = 64 * 1024
MAX_CONNECTIONS = 4096  # per process, and a last resort: before it, calls are refused one by one
MAX_TEXT_LENGTH = 200
MAX_NAME_LENGTH = 64
MAX_INTEGER = 2**53  # beyond it a float64 no longer holds every integer
EARLIEST_YEAR = 1970
LATEST_YEAR = 2200
MAX_REQUEST_ID_LENGTH = 128
MAX_EXPLAINED_ROWS = 100  # of one call: contributions cost a hundred times as much as scores
