"""The methods in words a researcher can cite: a paragraph a part of the report that is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from naturalistic.report.released import Released
from naturalistic.report.thresholds import thresholds
from naturalistic.report.wording import absence_label, population_label
from naturalistic.vocabulary import CLOCKS, DROPOUT_DEFINITIONS, ESTIMANDS


def paragraphs(released: Released) -> Iterator[str]:
    """One paragraph a part of the report; parts whose analysis gave no figure have none."""
    for analysis, tell in PARTS:
        if not analysis or _gave_figures(released, analysis):
            yield tell(released)


def _gave_figures(released: Released, analysis: str) -> bool:
    frame = released.estimates.get(analysis)
    return frame is not None and bool((frame["status"] == "ok").any())


def _people_and_forms(released: Released) -> str:
    settings = released.settings
    first, last = settings["form_windows"]["first_days"]
    which = {
        "first": "the first referral of each person",
        "last": "the last referral of each person",
        "all": "every referral",
    }[settings["episodes"]]
    end = {
        "end_form": "the form completed at the end of therapy",
        "last_available": "the last usable form of the course of therapy",
    }[settings["form_windows"]["last"]]
    return (
        f"People and forms. A course of therapy is a referral with at least one attended treatment session; {which} "
        f"counts. The first form is one completed between {-first} days before and {last} days after the first treatment "
        f"session, or marked as completed before therapy; the last form is {end}. Everyone who started is the "
        "denominator unless another is named."
    )


def _change(released: Released) -> str:
    primary, limits = released.primary, thresholds(released)
    return (
        f"Change. Primary measure: {released.measure_name()}; primary figure: "
        f"{ESTIMANDS[primary['estimand']].label.lower()}; primary population: "
        f"{population_label(primary['population'], lower_is_better=released.lower_is_better).lower()}. Mean change has a "
        "paired t interval. The standardised mean change divides it by the standard deviation of the first scores, with "
        "Hedges' correction and an interval that allows the two standard deviations to differ (Bonett 2008); d_z "
        "divides it by the standard deviation of the changes, with a noncentral t interval. Reliable and clinically "
        f"significant change follows Jacobson and Truax (1991): reliable change: {limits.reliable_words}; "
        f"{limits.cut_off_words}. Shares have Wilson intervals (Wilson 1927). Where therapists are recorded, intervals that "
        "leave out one therapist at a time stand beside those of means (MacKinnon and others 2023), and intervals on the "
        "effective number of people beside those of shares (Korn and Graubard 1998)."
    )


def _over_sessions(_: Released) -> str:
    return (
        "When people improve. The share that has first improved reliably, or first recovered, by weeks since the first "
        "form, with an ending before it as a competing event (Aalen and Johansen 1978). Sudden gains between two forms "
        "follow Tang and DeRubeis (1999), with critical values for missing scores (Lutz and others 2013)."
    )


def _missing(released: Released) -> str:
    sets = int(released.settings["resampling"]["imputations"])
    return (
        "Missing last forms. The mean change of everyone who started is estimated in several ways beside that of people "
        "with both forms: a linear mixed model of both scores with what predicts a missing form; multiple imputation by "
        f"chained equations with an effect of the therapist ({sets} data sets; van Buuren 2018), pooled by Rubin's rules "
        "(Rubin 1987; degrees of freedom: Barnard and Rubin 1999); and people with both forms weighted by the inverse of "
        "their estimated chance to have them (Seaman and White 2013). All three suppose that, given what was recorded, "
        "those without a form changed like those with one. The tipping point drops this: the imputed improvement of people "
        "without a last form is lowered until the mean change of everyone reaches a stated size (Carpenter and Kenward "
        "2013). Last score carried forward, and worst cases, are what-ifs."
    )


def _other_explanations(_: Released) -> str:
    return (
        "Other explanations. Regression to the mean: how far high first scores would be expected to fall for an assumed "
        "reliability and usual mean score, for everyone and for people chosen beyond a cut-off (Gardner and Heady 1973; "
        "Barnett and others 2005), and the change that is left for each usual mean that might be assumed (Mee and Chua "
        "1991). Endings recorded wrongly: shares corrected for assumed errors (Rogan and Gladen 1978). Groups: change "
        "between people who started at the same score, with E-values (VanderWeele and Ding 2017). The specification curve "
        "gives the standardised mean change under every combination of choices named in the settings."
    )


def _benchmarks(_: Released) -> str:
    return (
        "Published figures. A figure stands beside this cohort only where quantity, definition and people are the same. "
        "Limits of the difference come from the limits of both (Newcombe 1998)."
    )


def _ratings(_: Released) -> str:
    return (
        "Therapists' ratings. Ratings and questionnaire, both standardised, are compared by the intraclass correlation of "
        "single measurements (McGraw and Wong 1996) and by limits of agreement (Bland and Altman 1999)."
    )


def _groups(_: Released) -> str:
    return (
        "Comparisons of groups. Standardised differences of means, and over all levels of a characteristic together "
        "(Yang and Dalton 2012); below 0.1 groups are usually called balanced (Austin 2009)."
    )


def _models_of_the_score(_: Released) -> str:
    return (
        "Models of the score. A linear mixed model of the score on time (first or last form), the characteristics and "
        "their interaction with time, for everyone who started and has a form, by restricted maximum likelihood "
        "(Bates and others 2015; degrees of freedom: Kuznetsova and others 2017), with "
        "effects of patients, residual variances of their own for the first and the last form, and effects of "
        "therapists where they are recorded. Levels with fewer than ten people share one coefficient, missing levels "
        "have their own, and missing numbers take the mean. Change by way of ending is averaged over how everyone's "
        "therapy ended (pattern mixture, Little 1993)."
    )


def _attendance(released: Released) -> str:
    return (
        "Attendance. Absence is the share of sessions, a ratio of totals with people as the sampled units (Cochran 1977); "
        f"primary definition: {absence_label(released.primary['absence_definition'])}. Odds ratios come from a binomial "
        "mixed model of sessions missed out of sessions offered with effects of therapists; their share of the variation is "
        "that on the latent scale (Nakagawa and others 2017)."
    )


def _attendance_over_time(_: Released) -> str:
    return (
        "Absence over the course. The share missed after a missed session less that after an attended one is taken apart "
        "into what differences between people give and the rest: the expectation over all orders of each person's own "
        "bookings (Wald and Wolfowitz 1940). A model keeps differences within and between people apart (Mundlak 1978)."
    )


def _dose_response(_: Released) -> str:
    return (
        "Change and number of sessions. Change by sessions attended, and improvement so far within groups of people with a "
        "like number of sessions (good-enough level, Barkham and others 2006). The number of sessions is not set by design, "
        "so these are descriptions."
    )


def _dropout(released: Released) -> str:
    primary = released.primary
    return (
        "Dropout. Primary definition: "
        f"{DROPOUT_DEFINITIONS[primary['dropout_definition']].label}. Cumulative incidence of dropping out, of a planned "
        "ending and of other endings as competing events (Aalen and Johansen 1978), on the clock of "
        f"{CLOCKS[primary['clock']].label}, where an ending counts at the last attended session plus one, and in weeks; "
        "differences between groups by the test of Gray (1988); time lost to each way of ending as the area under its curve "
        "(Andersen 2013). Hazard ratios are cause-specific (Cox 1972, Efron's method for ties), with errors that allow for "
        "clustering by therapist where they are recorded."
    )


def _dropout_models(_: Released) -> str:
    return (
        "Models of dropout. Differences in the probability of having dropped out are averaged over the cohort from the "
        "cause-specific models of all ways of ending (Ozenne and others 2020). The model of Fine and Gray (1999) stands "
        "beside: its ratios speak of the share that has dropped out, the cause-specific ones of the rate among those still "
        "in therapy. That a hazard ratio is constant is tested (Grambsch and Therneau 1994); where it is not, periods, "
        "strata and time lost are given instead. How far therapists differ: gamma frailty (Therneau and others 2003)."
    )


def _length(_: Released) -> str:
    return (
        "Length of therapy. Open courses are counted as long as they have been observed: quartiles from the curve "
        "(Brookmeyer and Crowley 1982) and the mean up to a horizon (restricted mean, Royston and Parmar 2013)."
    )


def _equity(_: Released) -> str:
    return (
        "Equity. Differences of rates (Newcombe 1998) and ratios (Katz and others 1978) between groups; no ratio is given "
        "where one of two figures is not clear of nothing (Fieller 1954). Slope and relative index of inequality over "
        "deciles of deprivation (Mackenbach and Kunst 1997). Where the settings state how many people live there: rates per "
        "100,000 (Garwood 1936), their ratios (Przyborowski and Wilenski 1940), and indices over deciles of the population "
        "(Moreno-Betancur and others 2015). Services and teams: funnels that allow for variation beyond chance "
        "(Spiegelhalter 2005)."
    )


def _access(_: Released) -> str:
    return (
        "Waits and change over time. Waits by the estimator of Kaplan and Meier (1958), whoever still waits being observed "
        "so long. Charts: XmR limits (Wheeler and Chambers 1992). A named change of the service: segmented regression "
        "(Wagner and others 2002) with errors that allow for one period being like the next (Newey and West 1987)."
    )


def _closing(_: Released) -> str:
    return (
        "Run-off forecast. Of those in therapy on the day of notice, the number expected to have ended in each way by each "
        "date, from weekly probabilities of ending at the same length of therapy (Kalbfleisch and Prentice 2002); limits "
        "from simulated run-offs that carry sampling error and chance. Starters per 100,000 residents by area have exact "
        "intervals (Garwood 1936)."
    )


def _disclosure(released: Released) -> str:
    profile = released.record["disclosure"]
    secondary = ""
    if profile["may_leave"]:
        secondary = (
            " Where a withheld count could be worked out from what is shown, other counts are withheld or rounded further, "
            "chosen by linear and integer programmes (Fischetti and Salazar 2001)."
        )
    return (
        f"Disclosure control. {profile['label']}. Means, standard deviations, errors and limits "
        f"are rounded so that they do not give back an exact number of people.{secondary} This report is drawn from "
        "released tables only."
    )


def _software(released: Released) -> str:
    software = released.record["software"]
    return (
        f"Software. {software['name']} {software['version']}; its estimators are tested against R. Cohort "
        f"{released.record['cohort']}, settings digest {released.record['settings_digest'][:12]}, seed "
        f"{released.settings['seed']}."
    )


# the analysis that a paragraph is about, or none
PARTS: tuple[tuple[str, Callable[[Released], str]], ...] = (
    ("", _people_and_forms),
    ("", _change),
    ("session_scores", _over_sessions),
    ("missing_outcomes", _missing),
    ("bias", _other_explanations),
    ("benchmarks", _benchmarks),
    ("therapist_ratings", _ratings),
    ("", _groups),
    ("outcome_models", _models_of_the_score),
    ("attendance", _attendance),
    ("attendance_over_time", _attendance_over_time),
    ("dose_response", _dose_response),
    ("dropout", _dropout),
    ("dropout_models", _dropout_models),
    ("length_of_therapy", _length),
    ("equity", _equity),
    ("access_and_waits", _access),
    ("decommissioning", _closing),
    ("", _disclosure),
    ("", _software),
)
