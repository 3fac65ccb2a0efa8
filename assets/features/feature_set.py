"""A feature set: the parameters that say what a feature means, versioned by their content.

The formulas stand in ``dbt_project/models/marts/features``. Which set is in force is the
registry's business.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from assets.kernel.calendar import Bucket
from assets.kernel.identifiers import digest


class BucketCount(BaseModel):
    """A number of buckets, for networks that plan days and for those that plan weeks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: int = Field(ge=1)
    week: int = Field(ge=1)

    def of(self, bucket: Bucket) -> int:
        """Return the number for one kind of bucket."""
        return self.week if bucket is Bucket.WEEK else self.day


Share = Annotated[float, Field(gt=0, le=1)]


class FeatureSet(BaseModel):
    """One version of the feature definitions.

    Attributes
    ----------
    name, description : str
        The description does not count for the version.
    recent_window_buckets : BucketCount
        Window of the mean, the standard deviation and the rate of sale.
    history_window_buckets : BucketCount
        Window of what classifies: ADI, squared CV, season, value sold, shares.
    new_item_buckets : BucketCount
        Buckets since the first sale below which an item is new at a site.
    adi_threshold, cv2_threshold : float
        Cut-offs of Syntetos, Boylan and Croston (2005): 1.32 and 0.49.
    dying_ratio : float
        Recent rate over earlier rate below which demand is dying.
    promoted_share : float
        Share of buckets under promotion from which demand is promoted.
    seasonal_strength : float
        Share of variance that the season explains from which demand is seasonal.
    abc_limits : (float, float)
        Cumulative shares of value sold at which classes A and B end.
    xyz_limits : (float, float)
        Coefficients of variation at which classes X and Y end.
    shrinkage_observations : int
        Receipts that a quoted lead time counts for.
    lead_time_prior_cv : float
        Coefficient of variation that a quoted lead time is believed to have.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    description: str = ""
    recent_window_buckets: BucketCount
    history_window_buckets: BucketCount
    new_item_buckets: BucketCount
    adi_threshold: float = Field(default=1.32, gt=1)
    cv2_threshold: float = Field(default=0.49, gt=0)
    dying_ratio: Share = 0.2
    promoted_share: Share = 0.075
    seasonal_strength: Share = 0.1
    abc_limits: tuple[Share, Share] = (0.8, 0.95)
    xyz_limits: tuple[float, float] = (0.5, 1.0)
    shrinkage_observations: int = Field(default=5, ge=1)
    lead_time_prior_cv: float = Field(default=0.2, ge=0)

    @model_validator(mode="after")
    def _limits_ascend(self) -> FeatureSet:
        for name, (lower, upper) in (("abc_limits", self.abc_limits), ("xyz_limits", self.xyz_limits)):
            if not 0 < lower < upper:
                raise ValueError(f"{name} must ascend from above 0, not {lower}, {upper}")
        for bucket in Bucket:
            recent, history = self.recent_window_buckets.of(bucket), self.history_window_buckets.of(bucket)
            if not 4 <= recent <= history:
                raise ValueError(
                    f"recent_window_buckets must hold 4 to history_window_buckets, not {recent} of {history} ({bucket})"
                )
        return self

    @property
    def version(self) -> str:
        """Name and short hash of what the set defines, as every feature row carries it."""
        content = self.model_dump(mode="json", exclude={"description"})
        return f"{self.name}@{digest(content)[:12]}"

    def dbt_vars(self, bucket: Bucket) -> dict[str, Any]:
        """Return the dbt variables that the feature models read."""
        return {
            "feature_set_version": self.version,
            "recent_window_buckets": self.recent_window_buckets.of(bucket),
            "history_window_buckets": self.history_window_buckets.of(bucket),
            "new_item_buckets": self.new_item_buckets.of(bucket),
            "adi_threshold": self.adi_threshold,
            "cv2_threshold": self.cv2_threshold,
            "dying_ratio": self.dying_ratio,
            "promoted_share": self.promoted_share,
            "seasonal_strength": self.seasonal_strength,
            "abc_a_share": self.abc_limits[0],
            "abc_b_share": self.abc_limits[1],
            "xyz_x_cv": self.xyz_limits[0],
            "xyz_y_cv": self.xyz_limits[1],
            "shrinkage_observations": self.shrinkage_observations,
            "lead_time_prior_cv": self.lead_time_prior_cv,
        }
