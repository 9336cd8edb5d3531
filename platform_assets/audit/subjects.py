"""What a person may call a thing in the chain: a raw file, a build, a snapshot, a model, a release, a publication."""

import re
from collections.abc import Sequence

from platform_assets.errors import AmbiguousRecordError, UnknownRecordError
from platform_assets.ledger.artifacts import Artifact, artifact_id, find_artifacts, get_artifact
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.models import find_model_version
from platform_assets.ledger.publications import get_publication

_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{6,64})")
_VERSION = re.compile(r"([a-z][a-z0-9_]*)/([0-9]{1,9})")
_NUMBER = re.compile(r"publication:([0-9]{1,9})")


def find_subject(ledger: Ledger, text: str) -> Artifact:
    """Return the artifact that a text names, and never one of several.

    It may be an id as a trace shows it, the name of a raw file, the beginning of a digest, a release or a snapshot id,
    `<kind>:<name>`, `<product>/<model version>` or `publication:<number>`. Raises UnknownRecordError, and
    AmbiguousRecordError naming all that it may mean.
    """
    found = list(dict.fromkeys(_meant(ledger, text.strip())))
    if not found:
        remedy = "name a raw file, a digest, a release, a snapshot, <product>/<version> or an id that a trace shows"
        raise UnknownRecordError(kind="thing called", key=text, remedy=remedy)
    if len(found) > 1:
        raise AmbiguousRecordError(name=text, known=found)
    return get_artifact(ledger, found[0])


def _meant(ledger: Ledger, text: str) -> Sequence[str]:
    if match := _VERSION.fullmatch(text):
        known = find_model_version(ledger, match[1], int(match[2]))
        return find_artifacts(ledger, kind="bundle", name=match[1], digest=known.bundle_digest) if known else []
    if match := _NUMBER.fullmatch(text):
        publication = get_publication(ledger, int(match[1]))
        return [artifact_id("publication", publication.product, publication.digest)]
    match = _DIGEST.fullmatch(text.lower())
    if raw := find_artifacts(ledger, kind="raw_file", name=text):
        return raw
    if match:
        return find_artifacts(ledger, digest=match[1])
    kind, _, name = text.partition(":")
    name, _, digest = name.partition("@")
    return find_artifacts(ledger, kind=kind, name=name, digest=digest)
