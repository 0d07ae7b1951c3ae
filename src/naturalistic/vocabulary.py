"""The closed word lists of the field: the only spelling of each idea in tables, settings and reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Scale = Literal["identity", "log", "logit", "fisher_z"]
Direction = Literal["higher_is_better", "lower_is_better", "neutral"]


@dataclass(frozen=True, slots=True)
class Word:
    """One allowed value: its key in the tables and its label for readers."""

    key: str
    label: str


def _words(**labels: str) -> MappingProxyType[str, Word]:
    return MappingProxyType({key: Word(key, label) for key, label in labels.items()})


ENDINGS = _words(
    planned_ending="Planned ending",
    unplanned_ending="Unplanned ending (dropped out)",
    referred_on="Referred on or transferred",
    service_ended="Ended by the service",
    died="Died",
    other_ending="Ended, other reason",
    unknown_ending="Ended, reason not recorded",
    open="Still in therapy at the data cut",
)

ATTENDANCE = _words(
    attended="Attended",
    attended_late="Attended late but seen",
    did_not_attend="Did not attend, no notice",
    cancelled_by_patient="Cancelled by the patient",
    cancelled_by_service="Cancelled by the service",
    arrived_too_late="Arrived too late to be seen",
)
SEEN = ("attended", "attended_late")
TIMES_OF_DAY = _words(
    morning="Morning (before 12)", afternoon="Afternoon (before 17)", evening="Evening"
)

ABSENCE_DEFINITIONS = MappingProxyType(
    {
        # name: (label, attendance states counted as absence, attendance states in the denominator)
        "did_not_attend": (
            "did not attend without notice, of sessions booked and not cancelled",
            ("did_not_attend",),
            (*SEEN, "did_not_attend", "arrived_too_late"),
        ),
        "patient_side": (
            "did not attend, cancelled by the patient or arrived too late, of sessions offered",
            ("did_not_attend", "cancelled_by_patient", "arrived_too_late"),
            (*SEEN, "did_not_attend", "cancelled_by_patient", "arrived_too_late"),
        ),
        "all_non_delivery": (
            "booked sessions that did not take place for any reason, of sessions booked",
            (
                "did_not_attend",
                "cancelled_by_patient",
                "cancelled_by_service",
                "arrived_too_late",
            ),
            tuple(ATTENDANCE),
        ),
    }
)

CONTACT_TYPES = _words(
    assessment="Assessment",
    treatment="Treatment",
    assessment_and_treatment="Assessment and treatment",
    review="Review",
    follow_up="Follow-up",
    other="Other contact",
)
TREATMENT_CONTACTS = ("treatment", "assessment_and_treatment")

FORMATS = _words(
    individual="Individual", group="Group", couple="Couple", family="Family", other="Other"
)

OCCASIONS = _words(
    assessment="At assessment",
    pre="Before therapy",
    session="At a session",
    end="At the end of therapy",
    follow_up="After therapy",
)

DROPOUT_DEFINITIONS = _words(
    unplanned_ending="ending coded by the clinician as unplanned",
    before_agreed_end="ended before the agreed number of sessions or agreed length",
    last_session_missed="left without attending the last session booked",
    lost_contact="no ending recorded and no contact for the weeks set in the settings",
    fewer_than_k_sessions="ended after fewer sessions than set in the settings",
)

CLOCKS = _words(
    attended_sessions="sessions attended",
    booked_sessions="sessions booked",
    weeks_since_first_session="weeks since the first treatment session",
)

POPULATIONS = _words(
    referred="Everyone referred",
    assessed="Everyone assessed",
    started="Everyone who started (at least one attended treatment session)",
    started_with_followup="Started, with at least one later form",
    paired="Started, with a first and a last form inside the windows",
    planned_ending="Started, with a planned ending",
    case_at_start="Started above the clinical cut-off",
)

CHANGE_CATEGORIES = _words(
    recovered="Recovered (reliably improved and moved below the cut-off)",
    improved="Reliably improved, cut-off not crossed",
    non_reliably_recovered="Moved below the cut-off, change not reliable",
    unchanged="No reliable change",
    deteriorated="Reliably deteriorated",
    deteriorated_across_cutoff="Reliably deteriorated and moved above the cut-off",
)

CHANGE_METHODS = _words(
    jacobson_truax="Jacobson and Truax",
    jacobson_truax_sample="Jacobson and Truax, SD of this sample",
    gulliksen_lord_novick="Gulliksen, Lord and Novick",
    hsu_linn_lord="Hsu, Linn and Lord",
    edwards_nunnally="Edwards and Nunnally",
    nunnally_kotsch="Nunnally and Kotsch",
    hageman_arrindell="Hageman and Arrindell",
    hierarchical_linear_model="Hierarchical linear model (the person's own slope)",
    percentage_change="Half of the first score",
    minimal_important_difference="Minimal important difference",
    talking_therapies="NHS Talking Therapies, two measures",
)

WHY_NOT_PAIRED = _words(
    paired="Paired",
    no_form="No usable form",
    no_first_form="No usable form in the window at the start",
    no_last_form="No usable later form",
    forms_not_scorable="Forms present, too many items missing",
)

SPECIAL_CAUSES = _words(
    outside_limits="outside the process limits",
    shift="one of seven or more in a row on one side of the mean",
    trend="one of seven or more in a row that all rise or all fall",
    near_limits="one of two out of three near the same limit",
)

STATUSES = ("ok", "not_estimable", "withheld", "not_measured", "not_run")


@dataclass(frozen=True, slots=True)
class Characteristic:
    """A property of a person or of their referral by which results are broken down.

    Attributes
    ----------
    key, label : str
        Name in the tables and for readers.
    table : {"patients", "referrals"}
        Where it is held.
    levels : mapping of str to Word
        Closed levels; empty when the levels are the service's own.
    numeric : bool
        True where the value is a number and not a level.
    protected : bool
        A protected characteristic of the Equality Act 2010, or used as one by the NHS.
    """

    key: str
    label: str
    table: Literal["patients", "referrals"] = "patients"
    levels: MappingProxyType[str, Word] = field(default_factory=lambda: MappingProxyType({}))
    numeric: bool = False
    protected: bool = False


YES_NO = _words(yes="Yes", no="No")

_CHARACTERISTICS = (
    Characteristic("age", "Age at referral (years)", numeric=True, protected=True),
    Characteristic(
        "age_band",
        "Age band",
        levels=_words(
            under_18="Under 18",
            from_18_to_25="18 to 25",
            from_26_to_35="26 to 35",
            from_36_to_45="36 to 45",
            from_46_to_55="46 to 55",
            from_56_to_65="56 to 65",
            over_65="Over 65",
        ),
        protected=True,
    ),
    Characteristic(
        "gender",
        "Gender",
        levels=_words(female="Female", male="Male", other_gender="Other gender"),
        protected=True,
    ),
    Characteristic(
        "ethnicity",
        "Ethnicity",
        levels=_words(
            white="White",
            mixed="Mixed or multiple",
            asian="Asian or Asian British",
            black="Black or Black British",
            other_ethnicity="Other ethnic group",
        ),
        protected=True,
    ),
    Characteristic(
        "relationship_status",
        "Relationship status",
        levels=_words(
            with_partner="Married, civil partner or living with a partner",
            single="Single",
            separated_or_divorced="Separated or divorced",
            widowed="Widowed",
        ),
        protected=True,
    ),
    Characteristic(
        "living_arrangement",
        "Living arrangement",
        levels=_words(
            with_partner="With a partner",
            alone="Alone",
            with_family="With family",
            with_others="With others",
        ),
    ),
    Characteristic(
        "employment",
        "Employment",
        levels=_words(
            employed="Employed",
            unemployed="Unemployed",
            long_term_sick_or_disabled="Long-term sick or disabled",
            student="Student",
            homemaker_or_carer="Homemaker or carer",
            retired="Retired",
            other_employment="Other",
        ),
    ),
    Characteristic("benefits", "Receives benefits", levels=YES_NO),
    Characteristic(
        "education",
        "Highest education",
        levels=_words(
            none="No qualification", school="School", further="Further", degree="Degree or higher"
        ),
    ),
    Characteristic(
        "deprivation_decile", "Deprivation decile (1 most deprived)", numeric=True, protected=True
    ),
    Characteristic("long_term_condition", "Long-term condition", levels=YES_NO, protected=True),
    Characteristic("disability", "Disability", levels=YES_NO, protected=True),
    Characteristic("medication", "Psychotropic medication at referral", levels=YES_NO),
    Characteristic("prior_treatment", "Earlier psychological treatment", levels=YES_NO),
    Characteristic(
        "sexual_orientation",
        "Sexual orientation",
        levels=_words(
            heterosexual="Heterosexual",
            gay_or_lesbian="Gay or lesbian",
            bisexual="Bisexual",
            other_orientation="Other",
        ),
        protected=True,
    ),
    Characteristic(
        "religion",
        "Religion",
        levels=_words(
            no_religion="None",
            buddhist="Buddhist",
            christian="Christian",
            hindu="Hindu",
            jewish="Jewish",
            muslim="Muslim",
            sikh="Sikh",
            other_religion="Other",
        ),
        protected=True,
    ),
    Characteristic("area", "Area of residence"),
    Characteristic("problem", "Main problem", table="referrals"),
    Characteristic("referral_source", "Referral source", table="referrals"),
    Characteristic("therapy_model", "Therapy model", table="referrals"),
    Characteristic("format", "Format", table="referrals", levels=FORMATS),
    Characteristic("step", "Step of care", table="referrals"),
    Characteristic("severity", "Severity or cluster", table="referrals"),
    Characteristic("service", "Service", table="referrals"),
    Characteristic("team", "Team", table="referrals"),
)
CHARACTERISTICS = MappingProxyType({c.key: c for c in _CHARACTERISTICS})


@dataclass(frozen=True, slots=True)
class Estimand:
    """A kind of number that can stand in the estimates table.

    `estimate`, `conf_low` and `conf_high` stand on the scale a reader quotes (a hazard ratio of 1.8); `std_error` stands
    on `scale` (its logarithm), which is where it can be pooled.

    Attributes
    ----------
    key, label : str
        Name in the table and for readers.
    scale : {"identity", "log", "logit", "fisher_z"}
        Scale of `std_error`.
    null : float or None
        Value that means "nothing there" on the quoted scale.
    unit : str
        Unit of the quoted value ("points" stands for points of the row's instrument).
    direction : str
        Whether larger is better for the person, worse, or neither.
    poolable : bool
        May enter a meta-analysis across services.
    digits : int
        Decimals the report shows.
    """

    key: str
    label: str
    scale: Scale = "identity"
    null: float | None = None
    unit: str = ""
    direction: Direction = "neutral"
    poolable: bool = False
    digits: int = 2


_ESTIMANDS = (
    # description
    Estimand("count", "Number", unit="people", digits=0),
    Estimand("proportion", "Proportion", unit="proportion", poolable=True, digits=3),
    Estimand("mean", "Mean", poolable=True, digits=1),
    Estimand("standard_deviation", "Standard deviation", digits=1),
    Estimand("median", "Median", digits=1),
    Estimand("correlation", "Correlation", scale="fisher_z", null=0.0, poolable=True),
    Estimand("standardised_difference", "Standardised difference", null=0.0),
    # change
    Estimand(
        "mean_change",
        "Mean change (improvement positive)",
        null=0.0,
        unit="points",
        direction="higher_is_better",
        poolable=True,
        digits=1,
    ),
    Estimand(
        "standardised_mean_change",
        "Standardised mean change, pre SD",
        null=0.0,
        unit="SD",
        direction="higher_is_better",
        poolable=True,
    ),
    Estimand(
        "standardised_change_d_z",
        "Standardised mean change, SD of the differences (d_z)",
        null=0.0,
        unit="SD",
        direction="higher_is_better",
        poolable=True,
    ),
    Estimand(
        "standardised_change_d_av",
        "Standardised mean change, pooled SD of both times (d_av)",
        null=0.0,
        unit="SD",
        direction="higher_is_better",
        poolable=True,
    ),
    Estimand(
        "standardised_change_d_rm",
        "Standardised mean change, repeated measures (d_rm)",
        null=0.0,
        unit="SD",
        direction="higher_is_better",
        poolable=True,
    ),
    Estimand(
        "standardised_change_external",
        "Mean change in SDs of an outside reference",
        null=0.0,
        unit="SD",
        direction="higher_is_better",
        poolable=True,
    ),
    Estimand(
        "percentage_change",
        "Mean change in per cent of the mean first score",
        null=0.0,
        unit="per cent",
        direction="higher_is_better",
        digits=1,
    ),
    Estimand(
        "rank_biserial",
        "Rank-biserial correlation of the change",
        null=0.0,
        direction="higher_is_better",
    ),
    Estimand(
        "probability_of_improvement",
        "Probability that the last score is the better one",
        null=0.5,
        direction="higher_is_better",
    ),
    Estimand("threshold", "Threshold", unit="points", digits=1),
    Estimand("kappa", "Agreement beyond chance (kappa)", null=0.0),
    Estimand("chi_square", "Test of the same distribution before and after", digits=1),
    Estimand("limit_of_agreement", "Limit of agreement", unit="SD"),
    Estimand("adjusted_difference", "Difference in change", null=0.0, unit="points", digits=1),
    # forms that are missing, and what else could explain a change
    Estimand(
        "tipping_point",
        "How much worse those without a form must be for the conclusion to change",
        unit="points",
        digits=1,
    ),
    Estimand("fraction_missing", "Fraction of missing information"),
    Estimand("chain_convergence", "Potential scale reduction of the imputation"),
    Estimand("effective_number", "Effective number of people after weighting", digits=0),
    Estimand("largest_weight", "Largest weight (mean 1)", digits=1),
    Estimand(
        "regression_to_the_mean",
        "Change expected from regression to the mean",
        null=0.0,
        unit="points",
        digits=1,
    ),
    Estimand("e_value", "E-value", null=1.0, digits=1),
    Estimand(
        "standardised_change_difference",
        "Difference from a published standardised mean change",
        null=0.0,
        unit="SD",
    ),
    Estimand("proportion_difference", "Difference of proportions", null=0.0, digits=3),
    Estimand("specifications", "Number of specifications", digits=0),
    Estimand("share_of_started", "Share of everyone who started", unit="proportion", digits=3),
    # models
    Estimand("coefficient", "Coefficient", null=0.0, unit="points", poolable=True),
    Estimand("odds_ratio", "Odds ratio", scale="log", null=1.0, poolable=True),
    Estimand("rate_ratio", "Rate ratio", scale="log", null=1.0, poolable=True),
    Estimand("hazard_ratio", "Hazard ratio", scale="log", null=1.0, poolable=True),
    Estimand("variance", "Variance"),
    Estimand("intraclass_correlation", "Share of variance", unit="proportion", digits=3),
    Estimand("log_likelihood", "Log-likelihood"),
    Estimand("joint_test", "Joint test of all levels of a characteristic (F)"),
    Estimand("false_discovery_rate", "p value after control of the false discovery rate", digits=3),
    Estimand(
        "group_difference",
        "Difference between groups",
        null=0.0,
        unit="points",
        poolable=True,
        digits=1,
    ),
    Estimand("predicted_score", "Predicted score", unit="points", digits=1),
    Estimand(
        "therapist_effect",
        "Predicted difference of a therapist from the average therapist (improvement positive)",
        null=0.0,
        unit="points",
        direction="higher_is_better",
    ),
    Estimand(
        "prediction_weight",
        "Weight of a therapist's own patients in the prediction for that therapist",
        unit="proportion",
    ),
    Estimand("bic_difference", "BIC above that of the best model", null=0.0, digits=1),
    Estimand("r_squared", "Share of variance explained", unit="proportion", digits=3),
    # time to an ending
    # closing, keeping or extending a service
    Estimand("expected_share", "Expected share of those in therapy", unit="proportion", digits=3),
    Estimand("expected_number", "Expected number", unit="people", digits=0),
    Estimand("rate_per_100000", "Rate per 100,000 people", digits=1),
    Estimand("cost", "Cost", digits=0),
    Estimand("sessions_needed", "Sessions needed elsewhere", unit="sessions", digits=0),
    Estimand("staff_needed", "Whole-time years of staff needed elsewhere", digits=1),
    Estimand("survival_probability", "Probability of not yet having had the event", digits=3),
    Estimand("cumulative_incidence", "Probability of having ended this way", digits=3),
    Estimand("median_time", "Median time", digits=1),
    Estimand("restricted_mean_time", "Mean time up to a horizon", digits=1),
    Estimand("restricted_mean_time_lost", "Mean time lost up to a horizon", digits=1),
    Estimand("grays_test", "Gray's test of the same cumulative incidence", digits=1),
    Estimand("proportional_hazards_test", "Test of a constant hazard ratio", digits=1),
    Estimand("standardised_risk", "Probability, standardised", unit="proportion", digits=3),
    Estimand(
        "risk_difference",
        "Difference in probability",
        null=0.0,
        unit="proportion",
        poolable=True,
        digits=3,
    ),
    Estimand(
        "subdistribution_hazard_ratio",
        "Subdistribution hazard ratio",
        scale="log",
        null=1.0,
        poolable=True,
    ),
    Estimand("median_hazard_ratio", "Median hazard ratio between therapists"),
    Estimand("hazard", "Probability of leaving at this session", unit="proportion", digits=3),
    Estimand("predicted_incidence", "Mean predicted probability", unit="proportion", digits=3),
    Estimand("linearity_test", "Test of a straight line", digits=1),
    Estimand("influence", "Largest shift when one person is left out, in standard errors"),
    Estimand("time_lost_difference", "Difference in mean time lost", null=0.0, digits=1),
    Estimand("at_risk", "Number still under observation", unit="people", digits=0),
    Estimand("cumulative_events", "Number who have had the event", unit="people", digits=0),
    # the service over time
    Estimand("waiting_time", "Waiting time", unit="days", direction="lower_is_better", digits=0),
    Estimand(
        "probability_by",
        "Probability by a time, those still waiting counted",
        unit="proportion",
        digits=3,
    ),
    Estimand("sessions", "Number of sessions", unit="sessions", digits=0),
    # equity
    Estimand(
        "difference_from_reference", "Difference from the reference group", null=0.0, digits=3
    ),
    Estimand("ratio_to_reference", "Ratio to the reference group", scale="log", null=1.0),
    Estimand("slope_index", "Slope index of inequality", null=0.0, digits=3),
    Estimand("relative_index", "Relative index of inequality", scale="log", null=1.0),
    Estimand("process_mean", "Mean of the series", digits=3),
    Estimand("process_limit", "Process limit", digits=3),
    Estimand("level_change", "Step at the change of service", null=0.0, digits=3),
    Estimand("slope_change", "Difference in slope after the change", null=0.0, digits=3),
    # attendance
    Estimand("median_odds_ratio", "Median odds ratio between therapists"),
    Estimand("median_rate_ratio", "Median rate ratio between therapists"),
    Estimand("overdispersion", "Variation against what the model expects", null=1.0, digits=1),
    Estimand(
        "sessions_difference",
        "Difference in sessions per person",
        null=0.0,
        unit="sessions",
        poolable=True,
        digits=1,
    ),
    Estimand("clinician_hours", "Clinician hours", unit="hours", digits=0),
)
ESTIMANDS = MappingProxyType({e.key: e for e in _ESTIMANDS})
