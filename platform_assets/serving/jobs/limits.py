"""How much a batch prediction job may ask for, and how many there may be; all limits of jobs in one place."""

MIN_CHUNK_ROWS = 1000  # below that, committing a chunk costs more than scoring it
DEFAULT_BATCH_SIZE = 1000
MAX_BATCH_SIZE = 100_000
MAX_UNFINISHED_JOBS = 16
MAX_KEPT_JOBS = 1000
MAX_LISTED_JOBS = 200
DEFAULT_LISTED_JOBS = 50
MAX_URI_LENGTH = 1024
MAX_STARTS_PER_CHUNK = 5
MAX_LINE_LENGTH = 1024 * 1024  # of a CSV file, in characters
