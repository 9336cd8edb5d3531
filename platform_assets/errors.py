"""The whole tree of errors.

PlatformError
├── DeclarationError            a product file is wrong: fails at once
│   ├── InvalidProductError
│   ├── UnknownFeatureError
│   └── OfflineOnlyViewError    a product is served with a feature view that is for batch alone
├── InvalidSettingError         an environment variable is wrong
├── MissingToolError            something the environment must offer is absent
├── RawDataError                raw files
│   ├── DownloadFailedError
│   ├── HashMismatchError
│   └── SchemaChangedError
├── FeatureError                feature views and training sets
│   ├── UnknownFeatureViewError
│   ├── ViewContractError       a contract in dbt is wrong, or what was built does not match it
│   ├── HistoryConflictError    a backfill differs from what is already known
│   ├── DbtFailedError          dbt did not build the models
│   ├── NotMaterializedError    an upstream asset has not been built yet
│   └── InputsUnusableError     recorded inputs are gone, or not those that were recorded
├── TrainingError
│   ├── EmptyTrainingSetError
│   ├── LabelLeakError
│   ├── GateRefusedError        a baseline or the champion wins: the model is not released
│   ├── ApprovalRefusedError    a person may not decide so about this version, or decided against it
│   └── RetrainingHeldError     a new model cannot be asked for as things are
├── BundleError                 bundles and releases
│   ├── DigestMismatchError
│   ├── MissingInputError
│   ├── NoReleaseError
│   ├── FeaturesChangedError    the stored features are not those that a pair was trained on
│   ├── VersionNotLiveError     a batch was asked for with a model version that is not in force
│   ├── BundleExistsError       another bundle lies where one is to be written
│   ├── OutputVersionUnavailableError  the release that answers in an earlier version cannot be loaded
│   ├── ModelUnusableError      a file of a pair cannot be loaded or used
│   ├── EngineFailedError       an engine or its device does not work; the model is well
│   ├── ReleaseConflictError    somebody else moved the live pointer first
│   ├── AlreadyInForceError     a product is already where it was to go back to
│   ├── VersionRefusedError     a version that a person rejected is to get traffic
│   ├── RolloutStateError       a rollout is not where a move would begin
│   ├── PromotionHeldError      a severe incident or an overdue action keeps a product from being promoted
│   ├── ExperimentStateError    an experiment cannot be created, started or stopped as things are
│   ├── InvalidExperimentError  an experiment contradicts itself or its product
│   ├── UnknownExperimentError
│   ├── ExperimentNotKeptError  a change of an experiment cannot be written
│   ├── RollbackRefusedError    there is nothing sound to go back to
│   ├── RollbackBusyError       another rollback of the product is at work
│   └── RollbackUnfinishedError the release is back, and something that goes with it is not yet
├── PublicationError
│   ├── GuardrailRefusedError   a batch went to quarantine
│   ├── ContractBrokenError     a batch is not what consumers of its output version rely on
│   ├── FutureAsOfError         a batch was asked for before its as-of has come
│   ├── ConcurrentCommitError
│   ├── SchemaMismatchError     rows do not fit the table they are for
│   ├── OutOfOrderCommitError
│   ├── LakeWriteError          the disk or the table refused a write
│   ├── NothingBeforeError      a withdrawal would leave consumers without a batch
│   ├── TableUnreadableError    a file of a table is damaged or gone
│   └── QuarantineDamagedError  a batch in quarantine is not what was refused
├── LedgerError                 the transactional records
│   ├── UnknownRecordError
│   ├── RecordConflictError     a record is there with another content
│   ├── AlreadyDecidedError     somebody decided this before
│   ├── AmbiguousRecordError    several records go by that name
│   ├── RecalledError           something that was recalled is to be used
│   ├── IncidentStateError      an incident is not where a step of it would begin
│   ├── RetrainingStateError    a request for a new model has ended
│   ├── LedgerUnavailableError  its database is away, locked or full
│   └── LedgerVersionError
├── RegistryUnavailableError    MLflow is away
├── LineageNotTakenError        the catalogue or the file of lineage events is away
├── OnlineStoreError
│   ├── OnlineStoreUnavailableError
│   ├── SnapshotBusyError       another writer publishes the same service
│   ├── SnapshotMissingError    nothing is published under that name
│   ├── SnapshotCorruptError
│   ├── LastBatchUnavailableError  neither the store nor a copy has the last published batch
│   └── DirectWriteRefusedError online rows are written as whole snapshots only
├── RequestError                what a caller sent
│   ├── MalformedRequestError
│   ├── UnreadableBodyError     a body is not JSON
│   ├── BodyTooLargeError
│   ├── UnknownRouteError
│   ├── MethodNotAllowedError
│   ├── LoopbackOnlyError       an operator's route was called from another machine
│   ├── UnauthenticatedError    no credential, or one that proves nothing
│   ├── AccessDeniedError       no grant allows the caller that
│   ├── ForeignOriginError      a page of another site made a browser call
│   ├── NothingPublishedError   no batch of a product was published yet
│   ├── UnknownProductError
│   ├── UnknownPredictionError
│   ├── NotExplainableError     a product declares no explanation, or its model has no contributions
│   ├── NoExperimentError       no experiment of the product is running
│   ├── NoEventsError           a product takes in no events
│   ├── ForeignFormError        a page of another site sent a form to the console
│   ├── ConsoleBusyError        too much is asked of the console at once
│   ├── ConsoleDeadlineError    a page of the console takes too long
│   ├── NoRolloutError          no rollout of a product is under way
│   ├── UnknownModelVersionError   a version in a URL is not the one in force
│   ├── BatchOnlyError          a product without an online block: its predictions are in its table
│   ├── RouteRetiredError       an alias is past its sunset date
│   ├── UnknownOutputVersionError  a product has no output of that version to read
│   ├── OutputVersionRetiredError  an earlier version of an output is past its sunset
│   ├── UnknownJobError
│   ├── PathRefusedError        a batch job may not read or write there
│   ├── OutputExistsError       a batch job never overwrites
│   ├── KeyReusedError          an Idempotency-Key came with another request
│   ├── UnknownVersionError     no approved version of a model has that number
│   ├── UnknownDeploymentError
│   ├── DeploymentRefusedError  a version cannot be deployed as it was asked for
│   └── TooManyJobsError
├── JobError                    a batch prediction job cannot go on
│   ├── JobInputError
│   ├── JobStorageError
│   └── JobStuckError           its worker ends at the same chunk again and again
├── AccessError                 credentials, policies and the log of accesses
│   ├── CredentialsExposedError a file of credentials may be touched by others
│   ├── KeysUnusableError       the file of API keys is damaged
│   ├── PolicyUnusableError     the compiled policy is damaged
│   ├── UnknownKeyError         no usable key has that id
│   ├── UnknownSubjectError     a key is asked for somebody who is not declared
│   ├── TrustUnusableError      what declares the trusted issuer is wrong
│   ├── IssuerKeysUnavailableError  the keys of the trusted issuer cannot be had
│   ├── UnguardedRouteError     a route is served without a rule who may call it
│   ├── AccessLogKeyError       the key that signs the access log is away
│   └── AccessLogBlockedError   nothing is allowed that could not be accounted for
├── ClientError                 a call of the client has no answer
│   ├── EndpointRefusedError    the caller has to change something
│   ├── EndpointUnavailableError  the endpoint said: not now
│   ├── EndpointUnreachableError
│   ├── UnreadableAnswerError   what came back is no such answer
│   └── JobUnfinishedError      a job still runs after the time that its caller waits
├── OverloadedError             the endpoint has more to do than it can answer in time
├── ProcessError                a process of the platform on this machine
│   ├── UnknownServiceError
│   ├── PortTakenError
│   └── ServiceFailedError
├── AlertNotTakenError          a receiver of alerts did not take one
├── DemoRunningError            another demo is at work in the same home
├── RunFailedError              a job of the platform did not succeed
└── DeploymentError             the endpoint did not take a release

Each class carries `code`, HTTP `status` and `retryable`, and builds its message from typed arguments: what is wrong
with which value, where, and what to do.
"""

from collections.abc import Sequence
from typing import ClassVar


class PlatformError(Exception):
    """Base of every error that the platform raises on purpose."""

    code: ClassVar[str] = "platform_error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False


class DeclarationError(PlatformError):
    """A product file declares something impossible."""

    code = "declaration_error"


class InvalidProductError(DeclarationError):
    """A declaration has a wrong type, an unknown field or a contradiction."""

    code = "invalid_product"

    def __init__(self, *, product: str, where: str, problem: str, remedy: str) -> None:
        """Name the product file, the path inside the declaration, what is wrong and the remedy."""
        super().__init__(f"products/{product}.py: {where}: {problem}. {remedy}")


class UnknownFeatureError(DeclarationError):
    """A product names a feature that no view offers."""

    code = "unknown_feature"

    def __init__(self, *, product: str, feature: str, known: str) -> None:
        """Name the product, the missing feature and what exists."""
        super().__init__(
            f"products/{product}.py: feature {feature!r} is in no feature view; use one of {known}, "
            f"or add it to dbt_project/models/features."
        )


class OfflineOnlyViewError(DeclarationError):
    """A product that is served uses a feature view that is for batch alone."""

    code = "offline_only_view"

    def __init__(self, *, product: str, view: str, reason: str) -> None:
        """Name the product, the view and why the view is offline only."""
        super().__init__(
            f"products/{product}.py: feature view {view!r} is offline only ({reason}). Leave the view or the online "
            f"block out, or justify its last snapshot: online.approximations=(Approximation(view={view!r}, why=...),)."
        )


class InvalidSettingError(PlatformError):
    """An environment variable has an unusable value."""

    code = "invalid_setting"

    def __init__(self, *, name: str, value: str, allowed: str) -> None:
        """Name the variable, its value and what is allowed."""
        super().__init__(f"{name}={value!r} is not usable: set it to {allowed}, or unset it for the default.")


class MissingToolError(PlatformError):
    """A program or package that the platform needs is absent."""

    code = "missing_tool"

    def __init__(self, *, tool: str, remedy: str) -> None:
        """Name the tool and how to get it."""
        super().__init__(f"{tool} is not available: {remedy}")


class RawDataError(PlatformError):
    """Raw data cannot be used; the previous raw data stays in place."""

    code = "raw_data_error"


class DownloadFailedError(RawDataError):
    """A data package could not be fetched."""

    code = "download_failed"
    retryable = True

    def __init__(self, *, package: str, reason: str) -> None:
        """Name the package and what the client said."""
        super().__init__(
            f"{package} could not be downloaded: {reason}. The previous raw data stays usable; "
            f"check the network and run again, or set PLATFORM_DATA=sample to work offline."
        )


class HashMismatchError(RawDataError):
    """A raw file is not the file that was pinned."""

    code = "hash_mismatch"

    def __init__(self, *, path: str, expected: str, actual: str) -> None:
        """Name the file with both sha256 digests."""
        super().__init__(
            f"{path} has sha256 {actual}, expected {expected}. The file is not used and the previous raw data stays; "
            f"delete it and download again, or pin the new digest after checking where it comes from."
        )


class SchemaChangedError(RawDataError):
    """A raw file no longer has the columns of its contract."""

    code = "schema_changed"

    def __init__(self, *, dataset: str, problem: str) -> None:
        """Name the data set and the difference."""
        super().__init__(
            f"raw data set {dataset!r} does not match its contract: {problem}. The previous raw data stays; "
            f"change the contract in features/contracts_raw.py if the change is wanted."
        )


class FeatureError(PlatformError):
    """Feature views or training sets cannot be built or read."""

    code = "feature_error"


class UnknownFeatureViewError(FeatureError):
    """A feature view has no contract in dbt."""

    code = "unknown_feature_view"

    def __init__(self, *, view: str, known: str) -> None:
        """Name the view and those that exist."""
        super().__init__(f"feature view {view!r} does not exist; known views: {known}. Add its .sql and .yml.")


class ViewContractError(FeatureError):
    """The contract of a feature view is wrong, or what was built does not match it."""

    code = "view_contract"

    def __init__(self, *, view: str, problem: str) -> None:
        """Name the view and the difference."""
        super().__init__(
            f"feature view {view!r}: {problem}. Correct dbt_project/models/features/{view}.yml or {view}.sql; "
            f"what is known already stays as it is."
        )


class HistoryConflictError(FeatureError):
    """A backfill brings other values than the history already knows for those days."""

    code = "history_conflict"
    status = 409

    def __init__(self, *, view: str, rows: int, first_day: str) -> None:
        """Name the view, how many rows differ and the first day among them."""
        super().__init__(
            f"feature view {view!r}: {rows} rows from {first_day} on differ from the history, and a backfill does not "
            f"say when they became known. Append them with known_at if the data was corrected, or raise `version` in "
            f"{view}.yml if the definition changed: a new version starts a history of its own."
        )


class NotMaterializedError(FeatureError):
    """An upstream asset has not been built yet."""

    code = "not_materialized"

    def __init__(self, *, what: str, asset: str) -> None:
        """Name what is missing and the asset that makes it."""
        super().__init__(f"{what} does not exist yet: materialize {asset} first.")


class DbtFailedError(FeatureError):
    """dbt ended with an error; Parquet that it had not written yet is as before."""

    code = "dbt_failed"

    def __init__(self, *, command: str, reason: str, log: str) -> None:
        """Name the dbt command, its last words and the log."""
        super().__init__(f"`dbt {command}` failed: {reason}. Read {log}, correct the model or its input, run again.")


class InputsUnusableError(FeatureError):
    """Recorded inputs are gone, or are not those that were recorded."""

    code = "inputs_unusable"

    def __init__(self, *, path: str, problem: str) -> None:
        """Name the file and what is wrong with it."""
        super().__init__(f"{path}: {problem}. Nothing is computed from other inputs; restore it from a backup.")


class TrainingError(PlatformError):
    """A model cannot be trained or may not be released."""

    code = "training_error"


class EmptyTrainingSetError(TrainingError):
    """No row is left to train on."""

    code = "empty_training_set"

    def __init__(self, *, product: str, reason: str) -> None:
        """Name the product and why nothing is left."""
        super().__init__(f"the training set of {product!r} is empty: {reason}. Widen the split in its product file.")


class LabelLeakError(TrainingError):
    """A label window reaches past the cut-off."""

    code = "label_leak"

    def __init__(self, *, product: str, cutoff: str, latest: str) -> None:
        """Name the product, the cut-off and the latest label window end."""
        super().__init__(
            f"{product!r}: a training label is known only at {latest}, after the cut-off {cutoff}; "
            f"train on earlier examples or move the cut-off."
        )


class GateRefusedError(TrainingError):
    """A gate refused the model; the live release stays."""

    code = "gate_refused"

    def __init__(self, *, product: str, failures: str) -> None:
        """Name the product and each failed gate with its numbers."""
        super().__init__(f"{product!r} is not released: {failures}. The live release stays as it is.")


class ApprovalRefusedError(TrainingError):
    """A person may not decide so about a version, or decided against it; the live release stays."""

    code = "approval_refused"
    status = 409

    def __init__(self, *, product: str, version: int, problem: str) -> None:
        """Name the product, its version and what stands against it."""
        super().__init__(f"version {version} of {product!r}: {problem}. The live release stays as it is.")


class RetrainingHeldError(TrainingError):
    """A new model cannot be asked for as things are; nothing was recorded."""

    code = "retraining_held"
    status = 409

    def __init__(self, *, product: str, reason: str) -> None:
        """Name the product and what stands against it."""
        super().__init__(f"no new model of {product!r} is asked for: {reason}.")


class BundleError(PlatformError):
    """A bundle or release cannot be used."""

    code = "bundle_error"


class DigestMismatchError(BundleError):
    """A file of a bundle is not the file that was released."""

    code = "digest_mismatch"

    def __init__(self, *, path: str, expected: str, actual: str) -> None:
        """Name the file with both digests."""
        super().__init__(
            f"{path} has digest {actual}, its manifest says {expected}: it is corrupt or was edited and is never "
            f"loaded; restore it or release the model again."
        )


class MissingInputError(BundleError):
    """A column that the bundle needs is not in the input."""

    code = "missing_input"
    status = 422

    def __init__(self, *, column: str, product: str) -> None:
        """Name the column and the product."""
        super().__init__(
            f"input column {column!r} of product {product!r} is missing: send it or check the feature view."
        )


class NoReleaseError(BundleError):
    """A product has no live release."""

    code = "no_release"
    status = 503
    retryable = True

    def __init__(self, *, product: str) -> None:
        """Name the product."""
        super().__init__(f"product {product!r} has no live release: materialize {product}/release, then try again.")


class OutputVersionUnavailableError(BundleError):
    """The release that answers in an earlier version of an output was not kept or cannot be loaded."""

    code = "output_version_unavailable"
    status = 503
    retryable = True

    def __init__(self, *, product: str, version: int, sunset: str) -> None:
        """Name the product, the version and the day until which it is promised."""
        super().__init__(
            f"version {version} of the output of {product!r} is promised until {sunset}, and its release is not here: "
            f"read the version in force, or ask the owner; `platform rollouts show {product}` says what is kept."
        )


class BundleExistsError(BundleError):
    """Another bundle lies where one is to be written; bundles never change."""

    code = "bundle_exists"
    status = 409

    def __init__(self, *, path: str, existing: str, new: str) -> None:
        """Name the directory with the digests of both bundles."""
        super().__init__(
            f"{path} already holds the bundle {existing[:16]}, not {new[:16]}: bundles never change; "
            f"write the new one under the next model version."
        )


class ModelUnusableError(BundleError):
    """A file of a pair cannot be loaded or used."""

    code = "model_unusable"

    def __init__(self, *, file: str, problem: str) -> None:
        """Name the file and what is wrong with it."""
        self.problem = problem
        super().__init__(f"{file} of the bundle cannot be used: {problem}. Train and release the pair again.")


class EngineFailedError(BundleError):
    """An engine or its device does not work here; the model itself is well."""

    code = "engine_failed"
    status = 503
    retryable = True

    def __init__(self, *, engine: str, device: str, reason: str) -> None:
        """Name the engine, its device and what it said."""
        super().__init__(f"{engine} on the {device} cannot score: {reason}. Use device `auto` or `cpu`.")


class ReleaseConflictError(BundleError):
    """The live pointer is not where the caller saw it; nothing was moved."""

    code = "release_conflict"
    status = 409
    retryable = True

    def __init__(self, *, product: str, expected: int, actual: int) -> None:
        """Name the product with the expected and the actual sequence number."""
        super().__init__(
            f"the live pointer of {product!r} is at sequence {actual}, expected {expected}: somebody moved it first; "
            f"read it again and decide anew."
        )


class AlreadyInForceError(BundleError):
    """A product is already in the state that it was to go back to; nothing was moved."""

    code = "already_in_force"
    status = 409

    def __init__(self, *, product: str, release: str, snapshot: str | None) -> None:
        """Name the product, its release and the feature snapshot where one was asked for."""
        beside = f" with feature snapshot {snapshot}" if snapshot else ""
        super().__init__(
            f"{product!r} is at release {release}{beside} already: nothing was changed. `platform releases history "
            f"{product}` tells who moved it."
        )


class VersionRefusedError(BundleError):
    """A version was rejected by a person and gets no traffic; nothing was moved."""

    code = "version_refused"
    status = 409

    def __init__(self, *, product: str, version: int) -> None:
        """Name the product and the version."""
        super().__init__(
            f"version {version} of {product!r} was rejected and gets no traffic; `platform releases list {product}` "
            f"says by whom. Train and approve another version."
        )


class RolloutStateError(BundleError):
    """The rollout of a product is not where this move would begin; nothing was moved."""

    code = "rollout_state"
    status = 409

    def __init__(self, *, product: str, problem: str) -> None:
        """Name the product and where it is."""
        super().__init__(
            f"the traffic of {product!r} stays as it is: {problem}. See `platform rollouts show {product}`."
        )


class PromotionHeldError(BundleError):
    """A severe incident or an overdue action keeps a product from being promoted; nothing was moved."""

    code = "promotion_held"
    status = 409

    def __init__(self, *, product: str, held: str, incident_id: int) -> None:
        """Name the product, what holds it with owners, and the incident to begin with."""
        super().__init__(
            f"{product!r} is not promoted while this is open: {held}. See `platform incidents show {incident_id}`; "
            f"resolve it, or let it pass for a time with `platform incidents waive {incident_id}` and a reason. The "
            f"way back is never held: `platform releases rollback`, `platform rollouts end`."
        )


class ExperimentStateError(BundleError):
    """An experiment cannot be created, started or stopped as things are; nothing was changed."""

    code = "experiment_state"
    status = 409

    def __init__(self, *, product: str, experiment: str, problem: str) -> None:
        """Name the experiment and what stands in the way."""
        super().__init__(
            f"experiment {experiment!r} of {product!r} stays as it is: {problem}. "
            f"See `platform experiments list {product}`."
        )


class InvalidExperimentError(BundleError):
    """An experiment contradicts itself or its product; it was not stored."""

    code = "invalid_experiment"
    status = 422

    def __init__(self, *, experiment: str, where: str, problem: str, remedy: str) -> None:
        """Name the experiment, the path inside it, what is wrong and the remedy."""
        super().__init__(f"experiment {experiment!r}: {where}: {problem}. {remedy}")


class UnknownExperimentError(BundleError):
    """No experiment of that id is stored."""

    code = "unknown_experiment"
    status = 404

    def __init__(self, *, product: str, experiment: str, known: str) -> None:
        """Name the product, the id and what is there."""
        super().__init__(f"{product!r} has no experiment {experiment!r}; stored: {known or 'none'}.")


class ExperimentNotKeptError(BundleError):
    """A change of an experiment cannot be written."""

    code = "experiment_not_kept"
    status = 503
    retryable = True

    def __init__(self, *, product: str, experiment: str, reason: str) -> None:
        """Name the experiment and what the system reported."""
        super().__init__(
            f"the change of experiment {experiment!r} of {product!r} cannot be kept ({reason}): make room or give "
            f"access, then send it again."
        )


class RollbackRefusedError(BundleError):
    """There is nothing sound to go back to; nothing was moved."""

    code = "rollback_refused"
    status = 409

    def __init__(self, *, product: str, problem: str) -> None:
        """Name the product and what is wrong, with the way out."""
        super().__init__(f"{product!r} was not rolled back and nothing was changed: {problem}")


class RollbackBusyError(BundleError):
    """Another rollback of the same product is at work; this one did nothing."""

    code = "rollback_busy"
    status = 409
    retryable = True

    def __init__(self, *, product: str) -> None:
        """Name the product."""
        super().__init__(
            f"another rollback of {product!r} is at work: nothing was changed. Look at `platform releases history "
            f"{product}` when it is done, and decide anew."
        )


class RollbackUnfinishedError(BundleError):
    """The release is back in force, and something that goes with it is not yet."""

    code = "rollback_unfinished"
    status = 503
    retryable = True

    def __init__(self, *, product: str, release: str, problem: str) -> None:
        """Name the product, its release and what did not work."""
        super().__init__(
            f"{product!r} is back at release {release}, but not all that goes with it: {problem} Mend that; the rest "
            f"is done by Dagster, or by the same command again."
        )


class FeaturesChangedError(BundleError):
    """The stored features are not those that a pair was trained on."""

    code = "features_changed"

    def __init__(self, *, product: str, trained: str, stored: str) -> None:
        """Name the product and both schema hashes."""
        super().__init__(
            f"{product!r}: the stored features have schema {stored}, the release was trained on {trained} (a view was "
            f"changed or has a new version): train and release {product} again."
        )


class VersionNotLiveError(BundleError):
    """A batch was asked for with a model version that is not in force."""

    code = "version_not_live"

    def __init__(self, *, product: str, asked: int, live: int) -> None:
        """Name the product, the version that was asked for and the one in force."""
        super().__init__(
            f"{product!r}: version {asked} is not in force, version {live} is; score that partition, "
            f"or put version {asked} back in force first."
        )


class PublicationError(PlatformError):
    """A batch was not published; what was published before stays."""

    code = "publication_error"


class GuardrailRefusedError(PublicationError):
    """A guardrail refused a batch; it is in quarantine."""

    code = "guardrail_refused"

    def __init__(self, *, product: str, as_of: str, failures: str, quarantine: str) -> None:
        """Name the product, its as-of, each failed guardrail and where the batch lies."""
        super().__init__(
            f"the batch of {product!r} as of {as_of} was refused: {failures}. It is in quarantine at {quarantine}; "
            f"the last good batch stays published."
        )


class ContractBrokenError(PublicationError):
    """A batch is not what consumers of its output version rely on; what was published before stays."""

    code = "contract_broken"

    def __init__(self, *, product: str, version: int, release: str, breaks: str) -> None:
        """Name the product, the version, the release whose batch consumers read, and what is different."""
        super().__init__(
            f"a batch of {product!r} would break version {version} of its output, as release {release} published it: "
            f"{breaks}. Undo that, or raise score.schema_version and declare the earlier version."
        )


class FutureAsOfError(PublicationError):
    """A batch was asked for before its as-of has come; published, it would stand before every batch until then."""

    code = "future_as_of"

    def __init__(self, *, product: str, as_of: str, now: str) -> None:
        """Name the product, the as-of and the business time."""
        super().__init__(
            f"the batch of {product!r} as of {as_of} cannot be scored yet: by the business clock it is {now}. "
            f"Score it when its as-of has come; if it has, set the clock of this machine."
        )


class ConcurrentCommitError(PublicationError):
    """Too many writers raced for one table."""

    code = "concurrent_commit"
    retryable = True

    def __init__(self, *, table: str, attempts: int) -> None:
        """Name the table and how often the commit was tried."""
        super().__init__(f"the commit to {table} lost {attempts} races; nothing was written, run it again.")


class SchemaMismatchError(PublicationError):
    """Rows do not fit the table they are meant for; nothing was written."""

    code = "schema_mismatch"

    def __init__(self, *, table: str, column: str, problem: str) -> None:
        """Name the table, the column and the difference."""
        super().__init__(
            f"{table}: column {column!r}: {problem}. Nothing was written; a table keeps its columns, so write the same "
            f"ones in the same types, or start a new table under a new schema version."
        )


class OutOfOrderCommitError(PublicationError):
    """A writer used a transaction version below one that the table has already seen."""

    code = "out_of_order_commit"

    def __init__(self, *, table: str, app_id: str, version: int, seen: int) -> None:
        """Name the table, the application id, the version that came late and the one that is there."""
        super().__init__(
            f"{table}: {app_id!r} was never committed at version {version} and is already at {seen}. Nothing was "
            f"written; versions of one application id only grow, so take the next one."
        )


class LakeWriteError(PublicationError):
    """A file or commit could not be written; readers see the table as before."""

    code = "lake_write_failed"
    retryable = True

    def __init__(self, *, table: str, reason: str) -> None:
        """Name the table and what the system said."""
        super().__init__(
            f"{table} could not be written: {reason}. Readers see the table as before; free disk space or restore "
            f"access, then run it again."
        )


class NothingBeforeError(PublicationError):
    """A withdrawal would leave consumers without any batch; nothing was withdrawn."""

    code = "nothing_before"
    status = 409

    def __init__(self, *, product: str, as_of: str) -> None:
        """Name the product and the as-of that was to be withdrawn."""
        super().__init__(
            f"the batch of {product!r} as of {as_of} was not withdrawn: it is the only one that is published, and "
            f"consumers always read one. Score another as-of first."
        )


class TableUnreadableError(PublicationError):
    """Rows of a table cannot be read: a file of it is damaged or gone."""

    code = "table_unreadable"

    def __init__(self, *, table: str, reason: str) -> None:
        """Name the table and what reading it said."""
        super().__init__(f"{table} cannot be read: {reason}. Restore its files from a backup.")


class QuarantineDamagedError(PublicationError):
    """A batch in quarantine cannot be published: its rows are not those that were refused."""

    code = "quarantine_damaged"

    def __init__(self, *, path: str, problem: str) -> None:
        """Name the directory and what is wrong with it."""
        super().__init__(f"{path}: {problem}. It is not published; restore it from a backup, or score its as-of again.")


class LedgerError(PlatformError):
    """The transactional records cannot answer or refuse a change."""

    code = "ledger_error"


class UnknownRecordError(LedgerError):
    """The ledger has no record of that key."""

    code = "unknown_record"
    status = 404

    def __init__(self, *, kind: str, key: str, remedy: str) -> None:
        """Name the kind of record, its key and what to do."""
        super().__init__(f"the ledger has no {kind} {key!r}: {remedy}.")


class RecordConflictError(LedgerError):
    """A record with this key is there already and says something else; records never change."""

    code = "record_conflict"
    status = 409

    def __init__(self, *, kind: str, key: str, problem: str) -> None:
        """Name the kind of record, its key and the difference."""
        super().__init__(f"{kind} {key!r} is recorded already: {problem}. Records never change; use a new key.")


class AlreadyDecidedError(LedgerError):
    """Somebody decided this before; a decision stays."""

    code = "already_decided"
    status = 409

    def __init__(self, *, kind: str, subject: str, verdict: str, by: str, at: str, reason: str) -> None:
        """Name what was decided, the verdict, who, when and why."""
        super().__init__(f"{kind} {subject} was {verdict} by {by} at {at} ({reason}): nothing was changed.")


class IncidentStateError(LedgerError):
    """A step of an incident does not fit what is recorded about it."""

    code = "incident_state"
    status = 409

    def __init__(self, *, incident_id: int, problem: str, remedy: str) -> None:
        """Name the incident, what does not fit and what to do."""
        super().__init__(f"incident {incident_id}: {problem}. {remedy[:1].upper()}{remedy[1:]}.")


class RetrainingStateError(LedgerError):
    """A request for a new model has ended; nothing more comes of it."""

    code = "retraining_state"
    status = 409

    def __init__(self, *, request_id: int, product: str, state: str) -> None:
        """Name the request and how it stands."""
        super().__init__(
            f"retraining request {request_id} of {product!r} is {state}: nothing more comes of it. Ask for another one "
            f"with `platform retraining request {product}`."
        )


class LedgerVersionError(LedgerError):
    """The database was migrated by newer code than this."""

    code = "ledger_version"

    def __init__(self, *, dsn: str, found: str, newest: str) -> None:
        """Name the database, its schema revision and the newest one that this code knows."""
        super().__init__(
            f"the ledger at {dsn} has schema revision {found!r}, this code knows up to {newest!r}: update the code, "
            f"or point PLATFORM_LEDGER_URL at another database."
        )


class AmbiguousRecordError(LedgerError):
    """Several records go by that name; guessing which one is meant could spoil the wrong thing."""

    code = "ambiguous_record"
    status = 409

    def __init__(self, *, name: str, known: Sequence[str]) -> None:
        """Name what was asked for and the ids that it may mean."""
        super().__init__(f"{name!r} may mean {len(known)} things; name one of them: {', '.join(known)}.")


class RecalledError(LedgerError):
    """Something that was recalled, or that was made from it, is to be used."""

    code = "recalled"
    status = 409

    def __init__(self, *, used: str, recalled: str, by: str, at: str, reason: str) -> None:
        """Name what is to be used, what was recalled, and on whose word."""
        super().__init__(
            f"{used} must not be used: it was made from {recalled}, which {by} recalled at {at} ({reason}). "
            f"Make it again from sound inputs, or lift the recall with `platform recall {recalled} --lift`."
        )


class LedgerUnavailableError(LedgerError):
    """The database of the ledger is away, locked or full."""

    code = "ledger_unavailable"
    status = 503
    retryable = True

    def __init__(self, *, dsn: str, problem: str) -> None:
        """Name the database and what its driver said."""
        super().__init__(
            f"the ledger at {dsn} does not answer ({problem}): what needs a record of it is not done. Start the "
            f"database, end whoever holds its lock or make room on its disk, then try again."
        )


class RegistryUnavailableError(PlatformError):
    """MLflow is away, and with it the registry of models."""

    code = "registry_unavailable"
    status = 503
    retryable = True

    def __init__(self, *, uri: str, problem: str) -> None:
        """Name the tracking URI and what went wrong."""
        super().__init__(
            f"MLflow at {uri} does not answer ({problem}): it is not told of the traffic, and no release gets more of "
            f"it. Start MLflow, then try again; nothing is lost."
        )


class LineageNotTakenError(PlatformError):
    """A lineage event was not taken; it is told again later."""

    code = "lineage_not_taken"
    status = 503
    retryable = True

    def __init__(self, *, outlet: str, problem: str) -> None:
        """Name the file or the catalogue and what went wrong."""
        super().__init__(
            f"lineage events cannot be handed to {outlet} ({problem}): they wait. Start the catalogue, make room on "
            f"the disk, or correct PLATFORM_OPENLINEAGE_URL; the next tick goes on."
        )


class OnlineStoreError(PlatformError):
    """The online store cannot answer."""

    code = "online_store_error"
    status = 503
    retryable = True


class OnlineStoreUnavailableError(OnlineStoreError):
    """The online store is away or too slow."""

    code = "online_store_unavailable"

    def __init__(self, *, url: str, reason: str) -> None:
        """Name the address and the reason."""
        super().__init__(
            f"the online store at {url} does not answer: {reason}. Start it with `make up` or check REDIS_URL."
        )


class SnapshotBusyError(OnlineStoreError):
    """Another writer publishes or rolls back the same feature service."""

    code = "snapshot_busy"

    def __init__(self, *, service: str, problem: str) -> None:
        """Name the feature service and what was met."""
        super().__init__(
            f"the online snapshot of {service!r} was not changed: {problem}. What was live stays live; try again."
        )


class SnapshotMissingError(OnlineStoreError):
    """No online snapshot of that kind is published."""

    code = "snapshot_missing"

    def __init__(self, *, service: str, problem: str) -> None:
        """Name the feature service and what is absent."""
        super().__init__(
            f"{service!r} has no such online snapshot: {problem}. Materialize the online_snapshot of its product."
        )


class SnapshotCorruptError(OnlineStoreError):
    """A value of an online snapshot is not what its manifest says."""

    code = "snapshot_corrupt"
    retryable = False

    def __init__(self, *, service: str, problem: str) -> None:
        """Name the feature service and the difference."""
        super().__init__(f"the online snapshot of {service!r} is unusable: {problem}. Materialize it again.")


class LastBatchUnavailableError(OnlineStoreError):
    """Neither the online store nor the endpoint's own copies have the last published batch of a product."""

    code = "last_batch_unavailable"

    def __init__(self, *, product: str, reason: str) -> None:
        """Name the product and why the store does not give it."""
        super().__init__(
            f"the last published predictions of {product!r} are neither in the online store ({reason}) nor among the "
            f"endpoint's own copies: try again, or materialize {product}/online_snapshot."
        )


class DirectWriteRefusedError(OnlineStoreError):
    """Rows of one feature view were to be written into the online store, past the snapshots."""

    code = "direct_write_refused"
    status = 409
    retryable = False

    def __init__(self, *, view: str) -> None:
        """Name the feature view."""
        super().__init__(
            f"feature view {view!r} is not written alone: the online store holds one snapshot per feature service, "
            f"switched in whole. Materialize <product>/online_snapshot instead of `feast materialize`."
        )


class RequestError(PlatformError):
    """A caller sent something that cannot be answered."""

    code = "request_error"
    status = 400


class MalformedRequestError(RequestError):
    """A request does not match its schema."""

    code = "malformed_request"
    status = 422

    def __init__(self, *, where: str, problem: str) -> None:
        """Name the path inside the request and what is wrong."""
        super().__init__(f"{where}: {problem}. See GET /v1/products for the schema of each product.")


class NotExplainableError(RequestError):
    """A score cannot be explained, or may not be."""

    code = "not_explainable"
    status = 422

    def __init__(self, *, product: str, reason: str) -> None:
        """Name the product and why."""
        super().__init__(f"scores of {product!r} are not explained: {reason}. Ask without an explanation.")


class UnreadableBodyError(RequestError):
    """A request body is not JSON."""

    code = "unreadable_body"

    def __init__(self, *, problem: str) -> None:
        """Name what the reader found."""
        super().__init__(f"the body is not valid JSON: {problem}. Send one JSON object in UTF-8.")


class BodyTooLargeError(RequestError):
    """A request body is larger than the endpoint reads."""

    code = "body_too_large"
    status = 413

    def __init__(self, *, limit_bytes: int) -> None:
        """Name the limit."""
        super().__init__(f"the body is larger than {limit_bytes} bytes: send fewer rows per request.")


class UnknownRouteError(RequestError):
    """The endpoint has no such path."""

    code = "unknown_route"
    status = 404

    def __init__(self, *, path: str) -> None:
        """Name the path."""
        super().__init__(f"there is nothing at {path}: predictions are at POST /v1/predict, contracts at /v1/products.")


class MethodNotAllowedError(RequestError):
    """A path exists, but not for that method."""

    code = "method_not_allowed"
    status = 405

    def __init__(self, *, method: str, path: str, allowed: str) -> None:
        """Name the method, the path and the methods that it takes."""
        super().__init__(f"{path} does not take {method}: use {allowed}.")


class LoopbackOnlyError(RequestError):
    """A route for operators was called from another machine."""

    code = "loopback_only"
    status = 403

    def __init__(self, *, path: str) -> None:
        """Name the path."""
        super().__init__(f"{path} answers callers on this machine alone: call it on 127.0.0.1.")


class UnauthenticatedError(RequestError):
    """A call brings no credential, or one that proves nothing."""

    code = "unauthenticated"
    status = 401

    def __init__(self, *, is_missing: bool) -> None:
        """Tell whether any credential came; not what was wrong with it, which the access log knows."""
        problem = "this needs a credential" if is_missing else "the credential is not accepted"
        super().__init__(
            f"{problem}: send `Authorization: Bearer` with a key of `platform access keys create` that is in force, "
            f"or a token of the trusted issuer."
        )
        self.is_missing = is_missing


class AccessDeniedError(RequestError):
    """No grant allows the caller that."""

    code = "access_denied"
    status = 403

    def __init__(self, *, subject: str, output: str, why: str) -> None:
        """Name who asked for what, and why not."""
        super().__init__(
            f"{subject} may not have {output}: {why}. See `platform access who-may`, or ask the owner of the product."
        )


class ForeignOriginError(RequestError):
    """A page of another site, or of a name that is not this machine's, made a browser call."""

    code = "foreign_origin"
    status = 403

    def __init__(self, *, header: str) -> None:
        """Name the header that tells it."""
        super().__init__(
            f"{header} names another site: without access control only this machine may call, as 127.0.0.1 or "
            f"localhost. Set PLATFORM_ACCESS=on to serve others."
        )


class NothingPublishedError(RequestError):
    """No batch of a product was published yet."""

    code = "nothing_published"
    status = 404

    def __init__(self, *, product: str) -> None:
        """Name the product."""
        super().__init__(f"nothing of {product!r} is published yet: materialize {product}/published_predictions.")


class UnknownProductError(RequestError):
    """No product of that name is served."""

    code = "unknown_product"
    status = 404

    def __init__(self, *, product: str, known: str) -> None:
        """Name the product and those that are served."""
        super().__init__(f"product {product!r} is not known; known: {known or 'none'}.")


class UnknownPredictionError(RequestError):
    """No prediction has that id."""

    code = "unknown_prediction"
    status = 404

    def __init__(self, *, prediction_id: str) -> None:
        """Name the id."""
        super().__init__(
            f"prediction {prediction_id!r} is in no table or log: check the id; "
            f"online answers appear after the log was drained."
        )


class NoExperimentError(RequestError):
    """No experiment of a product is running at this endpoint."""

    code = "no_experiment"
    status = 404

    def __init__(self, *, product: str) -> None:
        """Name the product."""
        super().__init__(
            f"no experiment of {product!r} is running. `platform experiments list {product}` shows them all."
        )


class NoEventsError(RequestError):
    """A product declares no streamed features."""

    code = "no_events"
    status = 404

    def __init__(self, *, product: str) -> None:
        """Name the product."""
        super().__init__(f"{product} takes in no events: declare online.streaming in its product file and release it.")


class ForeignFormError(RequestError):
    """A form came to the console from no page of its own."""

    code = "foreign_form"
    status = 403

    def __init__(self) -> None:
        """Tell the remedy."""
        super().__init__("this form was sent by another site: open the page on the console itself and send it there.")


class ConsoleBusyError(RequestError):
    """Too much is asked of the console at once."""

    code = "console_busy"
    status = 503
    retryable = True

    def __init__(self, *, under_way: int) -> None:
        """Say how much is under way."""
        super().__init__(f"{under_way} pages are being made already: try again in a moment.")


class ConsoleDeadlineError(RequestError):
    """A page of the console takes too long."""

    code = "console_deadline"
    status = 504
    retryable = True

    def __init__(self, *, seconds: float) -> None:
        """Say how long was waited."""
        super().__init__(
            f"the page was not ready within {seconds:g} s: try again, or use the command `platform`, which waits."
        )


class NoRolloutError(RequestError):
    """No rollout of a product is under way at this endpoint."""

    code = "no_rollout"
    status = 404

    def __init__(self, *, product: str) -> None:
        """Name the product."""
        super().__init__(
            f"no rollout of {product!r} is under way: its release in force answers everything. Begin one with "
            f"`platform rollouts begin`, or see GET /v1/products/{product}."
        )


class UnknownModelVersionError(RequestError):
    """A URL names a model version that is not in force."""

    code = "unknown_model_version"
    status = 404

    def __init__(self, *, product: str, asked: str, live: int) -> None:
        """Name the product, the version in the URL and the one in force."""
        super().__init__(
            f"model {product!r}: version {asked!r} is not in force, version {live} is; ask for that one, "
            f"or leave the version out of the path."
        )


class BatchOnlyError(RequestError):
    """A product without an online block was asked for; the endpoint holds nothing of it."""

    code = "batch_only"
    status = 404

    def __init__(self, *, product: str) -> None:
        """Name the product and where its predictions are."""
        super().__init__(
            f"product {product!r} is batch only, so the endpoint holds none of its predictions: read the asset "
            f"{product}/published_predictions, which is lake/published/{product}.parquet in the platform's home."
        )


class RouteRetiredError(RequestError):
    """An alias was called after its sunset date."""

    code = "route_retired"
    status = 410

    def __init__(self, *, path: str, sunset: str, successor: str) -> None:
        """Name the alias, the day of its end and the route that takes its place."""
        super().__init__(f"{path} has ended on {sunset}: send the request to POST {successor}, see docs/http.md.")


class UnknownOutputVersionError(RequestError):
    """A version of an output was asked for that cannot be read: it never was, or is not yet."""

    code = "unknown_output_version"
    status = 406

    def __init__(self, *, product: str, version: int, offered: str) -> None:
        """Name the product, the version and those that are offered."""
        super().__init__(
            f"the output of {product!r} has no version {version} to read: offered are {offered}; name one of them, "
            f"see docs/contracts.md."
        )


class OutputVersionRetiredError(RequestError):
    """A version of an output was asked for after its sunset."""

    code = "output_version_retired"
    status = 410

    def __init__(self, *, product: str, version: int, sunset: str, current: int, change: str) -> None:
        """Name the product, the version, the day of its end, the version in force and what is different in it."""
        super().__init__(
            f"version {version} of the output of {product!r} has ended on {sunset}: read version {current}. "
            f"What changed: {change}"
        )


class UnknownJobError(RequestError):
    """No batch prediction job has that id."""

    code = "unknown_job"
    status = 404

    def __init__(self, *, job_id: str) -> None:
        """Name the id."""
        super().__init__(f"there is no job {job_id!r}: GET /v1/jobs lists the jobs that are kept.")


class PathRefusedError(RequestError):
    """A path of a batch prediction job is not one that it may use."""

    code = "path_refused"
    status = 422

    def __init__(self, *, where: str, problem: str) -> None:
        """Name the field of the request and what is wrong with its path."""
        super().__init__(f"{where}: {problem}.")


class OutputExistsError(RequestError):
    """The output of a batch prediction job exists already, or another job is about to write it."""

    code = "output_exists"
    status = 409

    def __init__(self, *, output_uri: str) -> None:
        """Name the output as the caller did."""
        super().__init__(f"{output_uri!r} exists or another job writes it: name an output that does not exist.")


class KeyReusedError(RequestError):
    """An Idempotency-Key came before with another request."""

    code = "idempotency_key_reused"
    status = 422

    def __init__(self, *, made: str) -> None:
        """Name what the key stands for."""
        super().__init__(f"this Idempotency-Key made {made} from another request: send a new key.")


class UnknownVersionError(RequestError):
    """No release of a product has that model version."""

    code = "unknown_version"
    status = 404

    def __init__(self, *, product: str, version: int, known: str) -> None:
        """Name the product, the version and the approved ones."""
        super().__init__(f"{product!r} has no approved version {version}; approved: {known or 'none'}.")


class UnknownDeploymentError(RequestError):
    """No deployment has that id."""

    code = "unknown_deployment"
    status = 404

    def __init__(self, *, deployment_id: str) -> None:
        """Name the id."""
        super().__init__(
            f"there is no deployment {deployment_id!r}: GET /v1/deployments lists the newest, `platform releases "
            f"history` of a product tells older ones."
        )


class DeploymentRefusedError(RequestError):
    """A deployment cannot be had as it was asked for; nothing was moved."""

    code = "deployment_refused"
    status = 409

    def __init__(self, *, product: str, version: int, problem: str, remedy: str) -> None:
        """Name the product, the version, what is wrong and what to do."""
        super().__init__(f"version {version} of {product!r} is not deployed: {problem}. {remedy}.")


class TooManyJobsError(RequestError):
    """As many batch prediction jobs are unfinished as are allowed."""

    code = "too_many_jobs"
    status = 429
    retryable = True

    def __init__(self, *, limit: int) -> None:
        """Name the limit."""
        super().__init__(f"{limit} jobs are unfinished: wait until one has ended, or cancel one.")


class JobError(PlatformError):
    """A batch prediction job cannot go on; it fails and leaves no output."""

    code = "job_error"


class JobInputError(JobError):
    """The input of a job cannot be read as rows of its product."""

    code = "job_input"

    def __init__(self, *, problem: str) -> None:
        """Say what is wrong with the file."""
        super().__init__(f"input: {problem}. Mend the file and send the job again.")


class JobStorageError(JobError):
    """A file of a job could not be read or written."""

    code = "job_storage"
    status = 503
    retryable = True

    def __init__(self, *, problem: str) -> None:
        """Say what the system reported."""
        super().__init__(f"{problem}. Make room or give access, then send the job again.")


class JobStuckError(JobError):
    """The worker of a job ended several times at the same chunk."""

    code = "job_stuck"

    def __init__(self, *, starts: int, first_row: int, log: str) -> None:
        """Name how often it was started, the first row of the chunk and the log."""
        super().__init__(f"its worker ended {starts} times in the chunk that begins with row {first_row}: read {log}.")


class AccessError(PlatformError):
    """Credentials, policies or the access log do not work."""

    code = "access_error"


class CredentialsExposedError(AccessError):
    """A file that decides about access may be read or changed by others than its owner."""

    code = "credentials_exposed"

    def __init__(self, *, path: str, mode: int) -> None:
        """Name the file and its mode."""
        super().__init__(f"{path} has mode {mode:04o} and is not used: check what it holds, then `chmod 600` it.")


class KeysUnusableError(AccessError):
    """The file of API keys is damaged; nothing is opened by any key until it is put right."""

    code = "keys_unusable"

    def __init__(self, *, path: str, problem: str) -> None:
        """Name the file and what is wrong."""
        super().__init__(
            f"{path} cannot be read ({problem}): restore it from a backup, or delete it and make new keys."
        )


class PolicyUnusableError(AccessError):
    """The compiled policy is damaged; nothing is allowed until it is put right."""

    code = "policy_unusable"

    def __init__(self, *, path: str, problem: str) -> None:
        """Name the file and what is wrong."""
        super().__init__(f"{path} cannot be read ({problem}): run `platform access publish`.")


class UnknownKeyError(AccessError):
    """No usable key has that id."""

    code = "unknown_key"
    status = 404

    def __init__(self, *, key_id: str) -> None:
        """Name the id."""
        super().__init__(f"no key {key_id!r} is in force: see `platform access keys list`.")


class UnknownSubjectError(AccessError):
    """A key is asked for somebody who is not declared, or for a purpose that is not theirs."""

    code = "unknown_subject"
    status = 422

    def __init__(self, *, what: str, value: str, known: str) -> None:
        """Name the unknown word and those that are known."""
        super().__init__(f"{what} {value!r} is not declared; known: {known}. Consumers stand in consumers.py.")


class TrustUnusableError(AccessError):
    """What declares the trusted issuer of tokens is wrong."""

    code = "trust_unusable"

    def __init__(self, *, path: str, problem: str) -> None:
        """Name the file and what is wrong."""
        super().__init__(f"{path}: {problem}. Correct it, or unset PLATFORM_OIDC to accept no tokens.")


class IssuerKeysUnavailableError(AccessError):
    """The keys of the trusted issuer cannot be had; tokens are checked with the last ones."""

    code = "issuer_keys_unavailable"
    status = 503
    retryable = True

    def __init__(self, *, place: str, problem: str) -> None:
        """Name where they were asked for and what happened."""
        super().__init__(f"the keys at {place} cannot be used: {problem}. They are asked for again in a while.")


class UnguardedRouteError(AccessError):
    """A route would be served without a rule who may call it."""

    code = "unguarded_route"

    def __init__(self, *, method: str, path: str) -> None:
        """Name the route."""
        super().__init__(f"{method} {path} has no rule: say in serving/gate/rules.py what it asks of its caller.")


class AccessLogKeyError(AccessError):
    """The key that signs the access log is away or damaged."""

    code = "access_log_key"

    def __init__(self, *, path: str) -> None:
        """Name its file."""
        super().__init__(
            f"{path} is not the key of the access log, which exists: restore it from a backup. A new key could not "
            f"tell the old log from a forged one; move the log and its anchors away to begin another."
        )


class AccessLogBlockedError(AccessError):
    """The access log cannot be written for so long that nothing more is allowed."""

    code = "access_log_blocked"
    status = 503
    retryable = True

    def __init__(self) -> None:
        """Tell the remedy."""
        super().__init__("accesses cannot be logged and are refused until they can: make room on the endpoint's disk.")


class ClientError(PlatformError):
    """A call of the client has no answer; `request_id` leads to what the endpoint logged of it."""

    code = "client_error"

    def __init__(
        self, message: str, *, request_id: str = "", problem_code: str = "", http_status: int = 0, detail: str = ""
    ) -> None:
        """Keep what the endpoint told, as far as it told anything."""
        super().__init__(message)
        self.request_id = request_id
        self.problem_code = problem_code
        self.http_status = http_status
        self.detail = detail


class EndpointRefusedError(ClientError):
    """The endpoint refused a call; repeating it changes nothing."""

    code = "endpoint_refused"
    status = 400

    def __init__(self, *, problem_code: str, http_status: int, detail: str, request_id: str) -> None:
        """Take the members of the problem; `detail` ends in the remedy."""
        super().__init__(
            f"{http_status} {problem_code}: {detail} (request {request_id})",
            request_id=request_id,
            problem_code=problem_code,
            http_status=http_status,
            detail=detail,
        )


class EndpointUnavailableError(ClientError):
    """The endpoint cannot answer now; the client has repeated the call as often as it may."""

    code = "endpoint_unavailable"
    status = 503
    retryable = True

    def __init__(self, *, problem_code: str, http_status: int, detail: str, request_id: str) -> None:
        """Take the members of the problem."""
        super().__init__(
            f"{http_status} {problem_code}: {detail} (request {request_id}) Try again later.",
            request_id=request_id,
            problem_code=problem_code,
            http_status=http_status,
            detail=detail,
        )


class EndpointUnreachableError(ClientError):
    """No whole answer came; the call may or may not have been answered on the other side."""

    code = "endpoint_unreachable"
    status = 503
    retryable = True

    def __init__(self, *, path: str, reason: str, request_id: str) -> None:
        """Name the path and what happened to the connection."""
        super().__init__(
            f"{path}: no answer came ({reason}; request {request_id}). Check the address, and that the endpoint runs.",
            request_id=request_id,
            detail=reason,
        )


class UnreadableAnswerError(ClientError):
    """What came back is not the answer that the route promises."""

    code = "unreadable_answer"
    status = 502

    def __init__(self, *, path: str, problem: str, request_id: str) -> None:
        """Name the path and what is wrong."""
        super().__init__(
            f"{path}: the answer cannot be read: {problem} (request {request_id}). Is this the endpoint, in a version "
            f"that this client knows?",
            request_id=request_id,
            detail=problem,
        )


class JobUnfinishedError(ClientError):
    """A batch prediction job still runs after the time that its caller waits; it goes on."""

    code = "job_unfinished"
    status = 504
    retryable = True

    def __init__(self, *, job_id: str, status: str, waited_s: float) -> None:
        """Name the job, where it stands and how long was waited."""
        super().__init__(f"job {job_id} is {status} after {waited_s:g} s: wait longer, or cancel it.", detail=status)


class OverloadedError(PlatformError):
    """The endpoint has more to do than it can answer in time; nothing was done for this request."""

    code = "overloaded"
    status = 503
    retryable = True

    def __init__(self, *, reason: str) -> None:
        """Say why it was not taken on."""
        super().__init__(
            f"the endpoint is overloaded: {reason}. Send it again after Retry-After, with fewer calls at once; "
            f"an operator can start more workers with PLATFORM_ENDPOINT_WORKERS."
        )


class ProcessError(PlatformError):
    """A process of the platform cannot be started or stopped."""

    code = "process_error"
    status = 503


class UnknownServiceError(ProcessError):
    """No process of the platform has that name."""

    code = "unknown_service"

    def __init__(self, *, service: str, known: str) -> None:
        """Name the service and those that exist."""
        super().__init__(f"there is no service {service!r}; services: {known}.")


class PortTakenError(ProcessError):
    """A port that a service needs is used by something else."""

    code = "port_taken"

    def __init__(self, *, service: str, port: int, holder: str, variable: str) -> None:
        """Name the service, the port, who holds it and the variable that moves the service."""
        super().__init__(
            f"{service} cannot listen on port {port}: it is taken by {holder}. "
            f"End that program, or set {variable} to a free port."
        )


class ServiceFailedError(ProcessError):
    """A service ended or did not become healthy in time."""

    code = "service_failed"

    def __init__(self, *, service: str, reason: str, log: str, tail: str) -> None:
        """Name the service, why it counts as failed, its log file and the last lines of it."""
        super().__init__(f"{service} is not healthy: {reason}. Read {log}; its last lines:\n{tail or '(empty)'}")


class AlertNotTakenError(PlatformError):
    """A receiver of alerts is away, refuses or hangs; the alert stays in the outbox and is sent again."""

    code = "alert_not_taken"
    retryable = True

    def __init__(self, *, where: str, problem: str) -> None:
        """Name the receiver, never its whole URL, and what happened."""
        remedy = "It is sent again; see `platform alerts list`."
        super().__init__(f"{where} did not take the alert: {problem}. {remedy}")


class DemoRunningError(PlatformError):
    """Another demo is at work in the same home."""

    code = "demo_running"
    retryable = True

    def __init__(self, *, home: str) -> None:
        """Name the home."""
        super().__init__(f"another `make demo` is at work in {home}: wait for it, or set PLATFORM_HOME to another one.")


class RunFailedError(PlatformError):
    """A job of the platform did not succeed; what it had published before stays."""

    code = "run_failed"
    retryable = True

    def __init__(self, *, job: str, run_id: str, reason: str) -> None:
        """Name the job, its run and the message of the step that failed."""
        super().__init__(f"job {job!r} failed (run {run_id}): {reason}")


class DeploymentError(PlatformError):
    """The endpoint did not take a release; it serves the one before."""

    code = "deployment_failed"
    status = 503
    retryable = True

    def __init__(self, *, product: str, release: str, reason: str) -> None:
        """Name the product, the release and what the endpoint said."""
        super().__init__(
            f"{product!r}: the endpoint did not take release {release}: {reason}. The previous release stays live."
        )
