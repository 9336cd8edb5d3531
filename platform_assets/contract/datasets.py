"""The raw data sets and the business instant that replay mode pins for each."""

import datetime as dt
from typing import Literal

import msgspec

DatasetName = Literal["online_retail", "car_parks"]


class Dataset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One raw data set: its name, what it holds and until when replay mode may look.

    `events` is the staging model of its raw events and `event_column` the instant of each; null where none arrived.
    """

    name: DatasetName
    title: str
    replay_now: dt.datetime
    events: str
    event_column: str


DATASETS: dict[DatasetName, Dataset] = {
    "online_retail": Dataset(
        name="online_retail",
        title="Online Retail II: every order line of a UK gift wholesaler",
        replay_now=dt.datetime(2011, 12, 10, tzinfo=dt.UTC),  # the midnight after the last order
        events="orders",
        event_column="ordered_at",
    ),
    "car_parks": Dataset(
        name="car_parks",
        title="Birmingham car parks: occupancy about every 30 minutes",
        replay_now=dt.datetime(2016, 12, 19, 12, 0, tzinfo=dt.UTC),  # noon of the last day: slots remain to predict
        events="parking_slots",
        event_column="observed_at",
    ),
}
