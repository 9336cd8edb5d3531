"""Cut the committed sample out of the full raw files; run once, the result is pinned by its hash."""

import argparse
import csv
import hashlib
import io
import lzma
from pathlib import Path

SEED = "platform-sample-1"
CUSTOMERS_ONE_IN = 20
ANONYMOUS_INVOICES_ONE_IN = 500
CAR_PARKS = (
    "BHMBCCMKT01",
    "BHMBCCTHL01",  # most readings above capacity
    "BHMBRCBRG01",  # above capacity, days missing
    "BHMBRTARC01",  # five days only
    "BHMEURBRD01",
    "Broad Street",
    "Bull Ring",
    "NIA North",  # negative readings, nine days only
    "Others-CCCPS133",  # largest
    "Shopping",
)


def _bucket(text: str, size: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{SEED}:{text}".encode(), digest_size=8).digest(), "big") % size


def _keeps(row: dict[str, str]) -> bool:
    if row["Customer ID"]:
        return _bucket(row["Customer ID"], CUSTOMERS_ONE_IN) == 0
    return _bucket(row["Invoice"], ANONYMOUS_INVOICES_ONE_IN) == 0


def cut_online_retail(raw: bytes) -> bytes:
    """Keep every raw line, repeated sheet rows too, of 1 in 20 customers and of a few invoices without customer."""
    source = csv.DictReader(io.StringIO(lzma.decompress(raw).decode("utf-8"), newline=""))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, source.fieldnames or (), lineterminator="\n")
    writer.writeheader()
    writer.writerows(row for row in source if _keeps(row))
    return lzma.compress(out.getvalue().encode("utf-8"), preset=9 | lzma.PRESET_EXTREME)


def cut_car_parks(raw: bytes) -> bytes:
    """Keep every raw line of ten car parks."""
    header, *lines = raw.decode("utf-8").splitlines(keepends=True)
    return (header + "".join(line for line in lines if line.split(",")[0] in CAR_PARKS)).encode("utf-8")


def main() -> None:
    """Write both sample files beside this script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("online_retail", type=Path)
    parser.add_argument("car_parks", type=Path)
    paths = parser.parse_args()
    here = Path(__file__).parent
    (here / "online_retail.csv.xz").write_bytes(cut_online_retail(paths.online_retail.read_bytes()))
    (here / "hourly_parking.csv").write_bytes(cut_car_parks(paths.car_parks.read_bytes()))


if __name__ == "__main__":
    main()
