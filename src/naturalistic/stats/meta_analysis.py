"""Pooling estimates across services: averages of services that differ, and how far they differ.

The parts live in `naturalistic.stats.pooling`. Everything takes arrays on the analysis scale (log for ratios, logit for
proportions, Fisher's z for correlations); nothing here knows what a service is.
"""

from naturalistic.stats.pooling.between_variance import METHODS as BETWEEN_METHODS
from naturalistic.stats.pooling.curves import PooledCurve, pool_incidence
from naturalistic.stats.pooling.design_effect import (
    DesignEffects,
    design_effects,
    effective_people,
)
from naturalistic.stats.pooling.funnel import Funnel, service_funnel
from naturalistic.stats.pooling.influence import Influence, influence, leave_one_out
from naturalistic.stats.pooling.nested import NestedFit, services_in_trusts
from naturalistic.stats.pooling.proportions import PooledProportion, pool_proportions
from naturalistic.stats.pooling.random_effects import INTERVALS, random_effects
from naturalistic.stats.pooling.result import Heterogeneity, Interval, PooledFit
from naturalistic.stats.pooling.several import SeveralFit, pool_several
from naturalistic.stats.pooling.subgroups import Subgroups, subgroups

__all__ = [
    "BETWEEN_METHODS",
    "INTERVALS",
    "DesignEffects",
    "Funnel",
    "Heterogeneity",
    "Influence",
    "Interval",
    "NestedFit",
    "PooledCurve",
    "PooledFit",
    "PooledProportion",
    "SeveralFit",
    "Subgroups",
    "design_effects",
    "effective_people",
    "influence",
    "leave_one_out",
    "pool_incidence",
    "pool_proportions",
    "pool_several",
    "random_effects",
    "service_funnel",
    "services_in_trusts",
    "subgroups",
]
