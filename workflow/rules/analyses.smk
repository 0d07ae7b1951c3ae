rule participant_flow:
    """Who was referred, assessed, started, ended as planned and has forms, and who was lost and why?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        intake="results/{cohort}/restricted/cohort/intake.parquet",
        referrals="results/{cohort}/restricted/cohort/referrals.parquet",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/participant_flow.parquet",
        covariances="results/{cohort}/restricted/covariances/participant_flow.parquet",
    log:
        "results/{cohort}/logs/participant_flow.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/participant_flow.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("participant_flow"),
        settings=analysis_settings("participant_flow"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis participant_flow"
        " --config {params.config} --log {log}"


rule characteristics:
    """Who was treated, and how do completers and people with both forms differ from the others?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        patients="results/{cohort}/restricted/cohort/patients.parquet",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/characteristics.parquet",
        covariances="results/{cohort}/restricted/covariances/characteristics.parquet",
    log:
        "results/{cohort}/logs/characteristics.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/characteristics.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("characteristics"),
        settings=analysis_settings("characteristics"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis characteristics"
        " --config {params.config} --log {log}"


rule outcome_change:
    """How much did scores change, for whom, out of how many who started?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        patients="results/{cohort}/restricted/cohort/patients.parquet",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/outcome_change.parquet",
        covariances="results/{cohort}/restricted/covariances/outcome_change.parquet",
    log:
        "results/{cohort}/logs/outcome_change.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/outcome_change.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("outcome_change"),
        settings=analysis_settings("outcome_change"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis outcome_change"
        " --config {params.config} --log {log}"


rule clinical_change:
    """How many people changed reliably, and how many recovered or deteriorated?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        patients="results/{cohort}/restricted/cohort/patients.parquet",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
        scores="results/{cohort}/restricted/scores.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/clinical_change.parquet",
        covariances="results/{cohort}/restricted/covariances/clinical_change.parquet",
    log:
        "results/{cohort}/logs/clinical_change.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/clinical_change.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("clinical_change"),
        settings=analysis_settings("clinical_change"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis clinical_change"
        " --config {params.config} --log {log}"


rule talking_therapies_measures:
    """What are the rates by the national rules of NHS Talking Therapies?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/talking_therapies_measures.parquet",
        covariances="results/{cohort}/restricted/covariances/talking_therapies_measures.parquet",
    log:
        "results/{cohort}/logs/talking_therapies_measures.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/talking_therapies_measures.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("talking_therapies_measures"),
        settings=analysis_settings("talking_therapies_measures"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis talking_therapies_measures"
        " --config {params.config} --log {log}"


rule missing_outcomes:
    """Who lacks a last form, and how much could that matter?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        patients="results/{cohort}/restricted/cohort/patients.parquet",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
        scores="results/{cohort}/restricted/scores.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/missing_outcomes.parquet",
        covariances="results/{cohort}/restricted/covariances/missing_outcomes.parquet",
    log:
        "results/{cohort}/logs/missing_outcomes.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/missing_outcomes.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("missing_outcomes"),
        settings=analysis_settings("missing_outcomes"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis missing_outcomes"
        " --config {params.config} --log {log}"


rule bias:
    """What else could explain the change, and how much does it depend on choices?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        patients="results/{cohort}/restricted/cohort/patients.parquet",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
        scores="results/{cohort}/restricted/scores.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/bias.parquet",
        covariances="results/{cohort}/restricted/covariances/bias.parquet",
    log:
        "results/{cohort}/logs/bias.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/bias.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("bias"),
        settings=analysis_settings("bias"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis bias"
        " --config {params.config} --log {log}"


rule benchmarks:
    """How does this cohort compare with published figures of the same definition?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/benchmarks.parquet",
        covariances="results/{cohort}/restricted/covariances/benchmarks.parquet",
    log:
        "results/{cohort}/logs/benchmarks.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/benchmarks.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("benchmarks"),
        settings=analysis_settings("benchmarks"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis benchmarks"
        " --config {params.config} --log {log}"


rule therapist_ratings:
    """What do therapists see change, and do they see the same as the questionnaire?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
        ratings="results/{cohort}/restricted/cohort/ratings.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/therapist_ratings.parquet",
        covariances="results/{cohort}/restricted/covariances/therapist_ratings.parquet",
    log:
        "results/{cohort}/logs/therapist_ratings.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/therapist_ratings.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("therapist_ratings"),
        settings=analysis_settings("therapist_ratings"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis therapist_ratings"
        " --config {params.config} --log {log}"


rule session_scores:
    """When do people improve, where scores are held session by session?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        patients="results/{cohort}/restricted/cohort/patients.parquet",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
        scores="results/{cohort}/restricted/scores.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/session_scores.parquet",
        covariances="results/{cohort}/restricted/covariances/session_scores.parquet",
    log:
        "results/{cohort}/logs/session_scores.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/session_scores.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("session_scores"),
        settings=analysis_settings("session_scores"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis session_scores"
        " --config {params.config} --log {log}"


rule outcome_models:
    """Who starts higher and who changes more?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        patients="results/{cohort}/restricted/cohort/patients.parquet",
        sessions="results/{cohort}/restricted/cohort/sessions.parquet",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
        scores="results/{cohort}/restricted/scores.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/outcome_models.parquet",
        covariances="results/{cohort}/restricted/covariances/outcome_models.parquet",
    log:
        "results/{cohort}/logs/outcome_models.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/outcome_models.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("outcome_models"),
        settings=analysis_settings("outcome_models"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis outcome_models"
        " --config {params.config} --log {log}"


rule attendance:
    """How much of what was booked took place, and who misses more?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        patients="results/{cohort}/restricted/cohort/patients.parquet",
        sessions="results/{cohort}/restricted/cohort/sessions.parquet",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/attendance.parquet",
        covariances="results/{cohort}/restricted/covariances/attendance.parquet",
    log:
        "results/{cohort}/logs/attendance.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/attendance.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("attendance"),
        settings=analysis_settings("attendance"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis attendance"
        " --config {params.config} --log {log}"


rule attendance_over_time:
    """When are sessions missed, and does a missed session foretell another, or leaving?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        patients="results/{cohort}/restricted/cohort/patients.parquet",
        sessions="results/{cohort}/restricted/cohort/sessions.parquet",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/attendance_over_time.parquet",
        covariances="results/{cohort}/restricted/covariances/attendance_over_time.parquet",
    log:
        "results/{cohort}/logs/attendance_over_time.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/attendance_over_time.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("attendance_over_time"),
        settings=analysis_settings("attendance_over_time"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis attendance_over_time"
        " --config {params.config} --log {log}"


rule dose_response:
    """How does change go with the number of sessions attended, and why is that no effect of the dose?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        patients="results/{cohort}/restricted/cohort/patients.parquet",
        sessions="results/{cohort}/restricted/cohort/sessions.parquet",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
        scores="results/{cohort}/restricted/scores.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/dose_response.parquet",
        covariances="results/{cohort}/restricted/covariances/dose_response.parquet",
    log:
        "results/{cohort}/logs/dose_response.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/dose_response.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("dose_response"),
        settings=analysis_settings("dose_response"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis dose_response"
        " --config {params.config} --log {log}"


rule dropout:
    """Who leaves, when, and who stays to a planned ending?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        patients="results/{cohort}/restricted/cohort/patients.parquet",
        sessions="results/{cohort}/restricted/cohort/sessions.parquet",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/dropout.parquet",
        covariances="results/{cohort}/restricted/covariances/dropout.parquet",
    log:
        "results/{cohort}/logs/dropout.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/dropout.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("dropout"),
        settings=analysis_settings("dropout"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis dropout"
        " --config {params.config} --log {log}"


rule dropout_models:
    """Who drops out more often, and how far do therapists differ?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        patients="results/{cohort}/restricted/cohort/patients.parquet",
        sessions="results/{cohort}/restricted/cohort/sessions.parquet",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
        scores="results/{cohort}/restricted/scores.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/dropout_models.parquet",
        covariances="results/{cohort}/restricted/covariances/dropout_models.parquet",
    log:
        "results/{cohort}/logs/dropout_models.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/dropout_models.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("dropout_models"),
        settings=analysis_settings("dropout_models"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis dropout_models"
        " --config {params.config} --log {log}"


rule length_of_therapy:
    """How long does therapy last, and how does it go on from where people are?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        patients="results/{cohort}/restricted/cohort/patients.parquet",
        sessions="results/{cohort}/restricted/cohort/sessions.parquet",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/length_of_therapy.parquet",
        covariances="results/{cohort}/restricted/covariances/length_of_therapy.parquet",
    log:
        "results/{cohort}/logs/length_of_therapy.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/length_of_therapy.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("length_of_therapy"),
        settings=analysis_settings("length_of_therapy"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis length_of_therapy"
        " --config {params.config} --log {log}"


rule access_and_waits:
    """Who is referred, how long do they wait, and how did the service change over time?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        sessions="results/{cohort}/restricted/cohort/sessions.parquet",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/access_and_waits.parquet",
        covariances="results/{cohort}/restricted/covariances/access_and_waits.parquet",
    log:
        "results/{cohort}/logs/access_and_waits.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/access_and_waits.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("access_and_waits"),
        settings=analysis_settings("access_and_waits"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis access_and_waits"
        " --config {params.config} --log {log}"


rule national_metrics:
    """What would the national metrics say about these data, and what do they not see?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        patients="results/{cohort}/restricted/cohort/patients.parquet",
        sessions="results/{cohort}/restricted/cohort/sessions.parquet",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
        scores="results/{cohort}/restricted/scores.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/national_metrics.parquet",
        covariances="results/{cohort}/restricted/covariances/national_metrics.parquet",
    log:
        "results/{cohort}/logs/national_metrics.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/national_metrics.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("national_metrics"),
        settings=analysis_settings("national_metrics"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis national_metrics"
        " --config {params.config} --log {log}"


rule equity:
    """Who gets access, waits, attends, stays and improves, by protected characteristic and deprivation?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        patients="results/{cohort}/restricted/cohort/patients.parquet",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/equity.parquet",
        covariances="results/{cohort}/restricted/covariances/equity.parquet",
    log:
        "results/{cohort}/logs/equity.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/equity.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("equity"),
        settings=analysis_settings("equity"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis equity"
        " --config {params.config} --log {log}"


rule nice_alignment:
    """What does NICE recommend for the problems recorded here?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        patients="results/{cohort}/restricted/cohort/patients.parquet",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/nice_alignment.parquet",
        covariances="results/{cohort}/restricted/covariances/nice_alignment.parquet",
    log:
        "results/{cohort}/logs/nice_alignment.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/nice_alignment.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("nice_alignment"),
        settings=analysis_settings("nice_alignment"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis nice_alignment"
        " --config {params.config} --log {log}"


rule decommissioning:
    """What would closing, keeping or extending the service mean, and for whom?"""
    input:
        facts="results/{cohort}/restricted/cohort/facts.json",
        patients="results/{cohort}/restricted/cohort/patients.parquet",
        episodes="results/{cohort}/restricted/episodes.parquet",
        outcomes="results/{cohort}/restricted/outcomes.parquet",
    output:
        estimates="results/{cohort}/restricted/estimates/decommissioning.parquet",
        covariances="results/{cohort}/restricted/covariances/decommissioning.parquet",
    log:
        "results/{cohort}/logs/decommissioning.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/decommissioning.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("decommissioning"),
        settings=analysis_settings("decommissioning"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis decommissioning"
        " --config {params.config} --log {log}"
