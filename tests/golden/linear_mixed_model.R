# Golden numbers for naturalistic.stats.linear_mixed_model.
# Run in tests/golden:  Rscript linear_mixed_model.R
# Witnesses: lme4 with lmerTest (df), and nlme for two occasions with an unstructured covariance.
# Writes data/linear_mixed_model_*.csv (simulated here) and linear_mixed_model.json.
suppressMessages({
  library(lme4); library(lmerTest); library(nlme); library(jsonlite); library(HSAUR3)
})
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(20240611)

# ---- data -------------------------------------------------------------------------------------
n_patients <- 140; n_therapists <- 16; n_services <- 5
therapist_of <- sample(n_therapists, n_patients, replace = TRUE)
service_of_therapist <- c(1:5, sample(5, n_therapists - 5, replace = TRUE))
sessions <- do.call(rbind, lapply(seq_len(n_patients), function(i) {
  k <- sample(1:7, 1)
  data.frame(patient = i, time = sort(round(cumsum(c(0, runif(6, 0.5, 2)))[1:k], 2)))
}))
sessions$therapist <- therapist_of[sessions$patient]
sessions$service <- service_of_therapist[sessions$therapist]
x <- rnorm(n_patients, 40, 12); z <- rbinom(n_patients, 1, 0.4)
sessions$age <- round(x[sessions$patient], 1); sessions$medication <- z[sessions$patient]
b <- MASS::mvrnorm(n_patients, c(0, 0), matrix(c(16, -0.9, -0.9, 0.25), 2))
u <- MASS::mvrnorm(n_therapists, c(0, 0), matrix(c(3, -0.25, -0.25, 0.09), 2))
v <- rnorm(n_services, 0, 1.2)
noise <- rnorm(nrow(sessions), 0, 2.5)
mean_part <- with(sessions, 16 - 0.9 * time + 0.03 * age + 1.5 * medication + 0.2 * time * medication)
sessions$score <- with(sessions, round(mean_part + b[patient, 1] + b[patient, 2] * time +
  u[therapist, 1] + u[therapist, 2] * time + v[service] + noise, 3))
sessions$score_flat <- with(sessions, round(mean_part + b[patient, 1] + noise, 3))
# some patients change therapist half-way, and some therapists work in two services
changes <- sample(n_patients, 25); second <- sample(n_therapists, n_patients, replace = TRUE)
sessions$therapist_crossed <- ifelse(sessions$patient %in% changes & sessions$time > 2.5,
  second[sessions$patient], sessions$therapist)
sessions$service_crossed <- ifelse(sessions$patient %% 6 == 0,
  1 + (sessions$service %% n_services), sessions$service)
sessions$score_crossed <- with(sessions, round(mean_part + b[patient, 1] + b[patient, 2] * time +
  1.3 * u[therapist_crossed, 1] + 1.3 * u[therapist_crossed, 2] * time + v[service_crossed] + noise, 3))
write.csv(sessions, "data/linear_mixed_model_sessions.csv", row.names = FALSE)

n_pre <- 180; covariance <- matrix(c(25, 20, 20, 42), 2)
pre_post <- data.frame(patient = rep(seq_len(n_pre), each = 2), time = rep(0:1, n_pre))
pre_post$therapist <- sample(14, n_pre, replace = TRUE)[pre_post$patient]
pre_post$age <- round(rnorm(n_pre, 40, 12), 1)[pre_post$patient]
error <- MASS::mvrnorm(n_pre, c(0, 0), covariance)
ut <- rnorm(14, 0, 1.8); us <- rnorm(14, 0, 1.5)
pre_post$score <- with(pre_post, round(15 - 5 * time + 0.04 * age + ut[therapist] +
  us[therapist] * time + error[cbind(patient, time + 1)], 3))
# a negative covariance, and one larger than the smaller variance: no patient intercept is either
e2 <- MASS::mvrnorm(n_pre, c(0, 0), matrix(c(25, -8, -8, 42), 2))
e3 <- MASS::mvrnorm(n_pre, c(0, 0), matrix(c(16, 24, 24, 49), 2))
pre_post$score_negative <- with(pre_post, round(15 - 5 * time + e2[cbind(patient, time + 1)], 3))
pre_post$score_steep <- with(pre_post, round(15 - 5 * time + ut[therapist] + e3[cbind(patient, time + 1)], 3))
missing <- (pre_post$time == 1 & pre_post$patient %% 5 == 0) |
  (pre_post$time == 0 & pre_post$patient %% 31 == 0)
pre_post <- pre_post[!missing, ]
write.csv(pre_post, "data/linear_mixed_model_pre_post.csv", row.names = FALSE)

sleep <- lme4::sleepstudy
write.csv(sleep, "data/linear_mixed_model_sleepstudy.csv", row.names = FALSE)
bt <- HSAUR3::BtheB
beat <- do.call(rbind, lapply(seq_len(nrow(bt)), function(i) data.frame(
  patient = i, month = c(2, 3, 5, 8), bdi = unlist(bt[i, 5:8]), bdi_pre = bt$bdi.pre[i],
  beat_the_blues = as.integer(bt$treatment[i] == "BtheB"), drug = as.integer(bt$drug[i] == "Yes"),
  long_episode = as.integer(bt$length[i] == ">6m"))))
beat <- beat[!is.na(beat$bdi), ]
write.csv(beat, "data/linear_mixed_model_beat_the_blues.csv", row.names = FALSE)

# ---- lme4 / lmerTest --------------------------------------------------------------------------
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5),
  calc.derivs = FALSE, check.conv.singular = "ignore")
describe <- function(formula, data, reml = TRUE) {
  fit <- lmerTest::lmer(formula, data, REML = reml, control = tight)
  fit <- update(fit, start = getME(fit, "theta"))
  random <- ranef(fit, condVar = TRUE)
  effects <- lapply(names(random), function(g) {
    pv <- attr(random[[g]], "postVar")
    se <- matrix(apply(pv, 3, function(m) sqrt(diag(m))), ncol = dim(pv)[1], byrow = TRUE)
    first <- seq_len(min(25, nrow(se))) # enough of the patients
    list(id = as.integer(rownames(random[[g]]))[first],
      value = unname(as.matrix(random[[g]]))[first, , drop = FALSE], se = se[first, , drop = FALSE])
  })
  names(effects) <- names(random)
  vc <- as.data.frame(VarCorr(fit))
  list(formula = deparse1(formula), reml = reml, terms = names(fixef(fit)),
    coefficients = unname(fixef(fit)), covariance = unname(as.matrix(vcov(fit))),
    std_errors = unname(sqrt(diag(as.matrix(vcov(fit))))), df = unname(coef(summary(fit))[, "df"]),
    loglik = as.numeric(logLik(fit)), aic = AIC(fit), bic = BIC(fit), sigma = sigma(fit),
    components = list(group = vc$grp, var1 = vc$var1, var2 = vc$var2, value = vc$vcov),
    random = effects)
}
full <- score ~ time + age + medication + time:medication
models <- list(
  sleepstudy_reml = describe(Reaction ~ Days + (Days | Subject), sleep),
  sleepstudy_ml = describe(Reaction ~ Days + (Days | Subject), sleep, FALSE),
  beat_the_blues = describe(bdi ~ bdi_pre + month + beat_the_blues + drug + long_episode + (1 | patient), beat),
  patient = describe(update(full, . ~ . + (1 | patient)), sessions),
  three_level = describe(update(full, . ~ . + (1 | patient) + (1 | therapist) + (1 | service)), sessions),
  slope_therapist = describe(update(full, . ~ . + (time | patient) + (1 | therapist)), sessions),
  slope_therapist_ml = describe(update(full, . ~ . + (time | patient) + (1 | therapist)), sessions, FALSE),
  therapist_slope = describe(update(full, . ~ . + (time | patient) + (time | therapist)), sessions),
  therapist_slope_service = describe(update(full, . ~ . + (time | patient) + (time | therapist) + (1 | service)), sessions),
  service_slope = describe(update(full, . ~ . + (1 | patient) + (1 | therapist) + (time | service)), sessions),
  service_only = describe(update(full, . ~ . + (1 | patient) + (1 | service)), sessions),
  crossed = describe(update(full, score_crossed ~ . + (1 | patient) + (1 | therapist_crossed)), sessions),
  crossed_slopes = describe(update(full, score_crossed ~ . + (time | patient) + (time | therapist_crossed) + (1 | service_crossed)), sessions),
  boundary = describe(update(full, score_flat ~ . + (1 | patient) + (1 | therapist)), sessions),
  boundary_slope = describe(update(full, score_flat ~ . + (time | patient) + (1 | therapist)), sessions),
  therapist_only = describe(score ~ age + (1 | therapist), pre_post[pre_post$time == 1, ]))

# ---- nlme: unstructured covariance of two occasions ----------------------------------------------
pre_post$occasion <- pre_post$time + 1L
pre_post$t <- factor(pre_post$therapist); pre_post$id <- factor(pre_post$patient)
occasion_values <- function(fit, extra = list()) {
  matrix_of <- as.matrix(fit$modelStruct$corStruct)[[which.max(sapply(as.matrix(fit$modelStruct$corStruct), nrow))]]
  ratio <- coef(fit$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE)
  sd <- fit$sigma * ratio[c("0", "1")]
  beta <- if (inherits(fit, "gls")) coef(fit) else fixef(fit)
  covariance <- if (inherits(fit, "gls")) fit$varBeta else fit$varFix
  c(list(terms = names(beta), coefficients = unname(beta), covariance = unname(covariance),
    std_errors = unname(sqrt(diag(covariance))), loglik = as.numeric(logLik(fit)),
    variances = unname(sd^2), correlation = matrix_of[1, 2]), extra)
}
gls_tight <- glsControl(tolerance = 1e-12, msTol = 1e-12, maxIter = 500, msMaxIter = 500, singular.ok = TRUE)
lme_tight <- lmeControl(tolerance = 1e-12, msTol = 1e-12, maxIter = 500, msMaxIter = 500, niterEM = 50, opt = "nlminb")
unstructured <- function(formula, method) occasion_values(gls(formula, pre_post, method = method,
  correlation = corSymm(form = ~ occasion | id), weights = varIdent(form = ~ 1 | time), control = gls_tight))
with_therapist <- function(formula, random) {
  fit <- lme(formula, pre_post, random = random, method = "REML",
    correlation = corSymm(form = ~ occasion | t/id), weights = varIdent(form = ~ 1 | time), control = lme_tight)
  occasion_values(fit, list(therapist = unname(getVarCov(fit)[seq_len(nrow(getVarCov(fit))), ]),
    therapist_effects = unname(as.matrix(ranef(fit)))))
}
occasions <- list(
  reml = unstructured(score ~ time + age, "REML"),
  ml = unstructured(score ~ time + age, "ML"),
  negative = unstructured(score_negative ~ time, "REML"),
  therapist = with_therapist(score ~ time + age, ~ 1 | t),
  steep = with_therapist(score_steep ~ time, ~ 1 | t),
  therapist_slope = with_therapist(score ~ time + age, ~ time | t))

# ---- what follows a fit: tests, profiles, R squared ----------------------------------------------
refit <- function(formula, reml = TRUE, data = sessions) lmerTest::lmer(formula, data, REML = reml, control = tight)
base <- refit(update(full, . ~ . + (time | patient) + (1 | therapist)))
L <- diag(5)[3:5, ]
l1 <- c(1, 4, 40, 1, 4)
joint <- contest(base, L); single <- contest(base, l1, joint = FALSE)
ml <- refit(update(full, . ~ . + (time | patient) + (1 | therapist)), FALSE)
ml_smaller <- refit(score ~ time + age + (time | patient) + (1 | therapist), FALSE)
no_therapist <- refit(update(full, . ~ . + (time | patient)))
no_slope <- refit(update(full, . ~ . + (1 | patient) + (1 | therapist)))
three <- refit(update(full, . ~ . + (1 | patient) + (1 | therapist) + (1 | service)), FALSE)
flat <- refit(update(full, score_flat ~ . + (1 | patient) + (1 | therapist)), FALSE)
profile_of <- function(fit) {
  limits <- confint(profile(fit, which = "theta_", signames = FALSE), level = 0.95)
  list(name = rownames(limits), low = unname(limits[, 1]), high = unname(limits[, 2]))
}
fixed_variance <- var(as.vector(model.matrix(base) %*% fixef(base)))
Z <- model.matrix(~ time, sessions); D <- VarCorr(base)$patient
random_variance <- mean(rowSums((Z %*% D) * Z)) + VarCorr(base)$therapist[1]
follow_up <- list(
  joint = list(L = L, statistic = joint[["F value"]], df_numerator = joint$NumDF,
    df_denominator = joint$DenDF, p_value = joint[["Pr(>F)"]]),
  single = list(l = l1, estimate = single$Estimate, std_error = single[["Std. Error"]],
    df = single$df, p_value = single[["Pr(>|t|)"]]),
  anova = list(time = as.list(setNames(unlist(anova(base, type = 3)["time", ]),
    c("ss", "ms", "numdf", "dendf", "f", "p")))),
  loglik = list(ml = as.numeric(logLik(ml)), ml_smaller = as.numeric(logLik(ml_smaller)),
    no_therapist = as.numeric(logLik(no_therapist)), no_slope = as.numeric(logLik(no_slope))),
  profile = list(slope_therapist = profile_of(ml), three_level = profile_of(three), flat = profile_of(flat),
    crossed = profile_of(refit(update(full, score_crossed ~ . + (1 | patient) + (1 | therapist_crossed)), FALSE))),
  r_squared = list(fixed = fixed_variance, random = random_variance, residual = sigma(base)^2))

write_json(list(r = R.version.string, lme4 = as.character(packageVersion("lme4")),
  lmerTest = as.character(packageVersion("lmerTest")), nlme = as.character(packageVersion("nlme")),
  models = models, occasions = occasions, follow_up = follow_up),
  "linear_mixed_model.json", digits = NA, auto_unbox = TRUE, matrix = "rowmajor", pretty = TRUE)
