# Golden numbers for naturalistic.stats.generalised_mixed_model and naturalistic.stats.marginal_models.
# Run in tests/golden: Rscript generalised_mixed_model.R
#
# Witness: glmmTMB (Laplace; standard errors from the joint Hessian), its optimiser run to the end
# of double precision. lme4 1.1-31 stops its Laplace fits 3e-4 or more short of the optimum, so it
# is asked only for what glmmTMB lacks: adaptive Gauss-Hermite quadrature, with a tight optimiser.
suppressPackageStartupMessages({
  library(glmmTMB); library(lme4); library(sandwich); library(jsonlite)
})

cluster_sizes <- function(n, k) sample(rep_len(seq_len(k), n))
save <- function(d, name) {
  utils::write.csv(d, file.path("data", paste0("generalised_", name, ".csv")), row.names = FALSE, quote = FALSE)
  invisible(d)
}

# ---- data -------------------------------------------------------------------------------------
RNGversion("4.0.0")
set.seed(474)
n <- 474
people <- function(n, therapists, sd) {
  d <- data.frame(therapist = cluster_sizes(n, therapists), age = round(rnorm(n, 41, 13), 1),
                  prior = rbinom(n, 1, 0.35), severity = round(rnorm(n), 3))
  d$eta <- 0.02 * (d$age - 40) - 0.4 * d$prior + 0.25 * d$severity + rnorm(therapists, 0, sd)[d$therapist]
  d
}
without_eta <- function(d) d[, setdiff(names(d), "eta")]

d <- people(n, 20, 0.5)
d$booked <- 1 + rpois(n, 12)
d$missed <- rbinom(n, d$booked, plogis(d$eta - 1.5))
absences <- save(without_eta(d), "absences")

# more variation than a binomial has, answered by an effect per patient
d <- people(n, 20, 0.4)
d$booked <- 1 + rpois(n, 12)
d$missed <- rbinom(n, d$booked, plogis(d$eta - 1.5 + rnorm(n, 0, 0.7)))
d$patient <- seq_len(n)
overdispersed <- save(without_eta(d), "overdispersed")

d <- people(n, 24, 0.3)
d$weeks <- round(runif(n, 4, 40), 1)
d$poisson <- rpois(n, d$weeks * exp(d$eta - 1))
d$nb2 <- rnbinom(n, mu = d$weeks * exp(d$eta - 1), size = 2.2)
sessions <- save(without_eta(d), "sessions")

# yes/no per appointment; patients within therapists, and one in four changing therapist
patients <- 150
appointments <- function(crossing) {
  p <- people(patients, 12, 0.5)
  rows <- 3 + rpois(patients, 7)
  d <- p[rep(seq_len(patients), rows), ]
  d$patient <- rep(seq_len(patients), rows)
  d$number <- sequence(rows)
  d$eta <- d$eta + rnorm(patients, 0, 0.9)[d$patient]
  if (crossing) {
    changes <- d$patient %% 4 == 0 & d$number > 4
    d$therapist[changes] <- (d$therapist[changes] + d$patient[changes] %% 5) %% 12 + 1
  }
  d$missed <- rbinom(nrow(d), 1, plogis(d$eta - 1 + 0.03 * d$number))
  rownames(d) <- NULL
  without_eta(d)
}
nested <- save(appointments(FALSE), "appointments_nested")
crossed <- save(appointments(TRUE), "appointments_crossed")

# therapists more alike than chance allows: the variance is zero
d <- people(n, 20, 0)
d$booked <- 10
d <- d[order(d$therapist), ]
d$missed <- rep_len(c(2, 3, 2, 3, 1, 4), n)
boundary <- save(without_eta(d), "boundary")

data(cbpp)
save(data.frame(herd = as.integer(cbpp$herd), period = as.integer(cbpp$period),
                incidence = cbpp$incidence, size = cbpp$size), "cbpp")

# ---- fits -------------------------------------------------------------------------------------
tight <- glmmTMBControl(optCtrl = list(iter.max = 1e4, eval.max = 1e4, rel.tol = 1e-15, x.tol = 1e-12))
describe <- function(formula, data, family) {
  m <- suppressWarnings(glmmTMB(formula, data = data, family = family, control = tight))
  # Newton steps on the exact gradient end what nlminb leaves
  par <- m$fit$par
  for (i in 1:3) {
    h <- optimHess(par, m$obj$fn, m$obj$gr)
    step <- tryCatch(solve(h, as.vector(m$obj$gr(par))), error = function(e) 0 * par)
    if (max(abs(step)) < 0.1 && m$obj$fn(par - step) <= m$obj$fn(par) + 1e-9) par <- par - step
  }
  value <- m$obj$fn(par)
  report <- TMB::sdreport(m$obj, par, getJointPrecision = FALSE)
  beta <- names(par) == "beta"
  # modes and their errors given the parameters (as condVar of lme4; sdreport would add the
  # uncertainty of the parameters), from the Hessian of the joint density in the random effects
  groups <- sub("1 | ", "", names(m$modelInfo$reStruc$condReStruc), fixed = TRUE)
  invisible(m$obj$fn(par))
  full <- m$obj$env$last.par
  inverse <- solve(as.matrix(m$obj$env$spHess(full, random = TRUE)))
  block <- rep(groups, sapply(m$modelInfo$reStruc$condReStruc, function(r) r$blockReps))
  random <- split(full[names(full) == "b"], block)
  errors <- split(sqrt(diag(inverse)), block)
  list(coefficients = unname(par[beta]), std_errors = unname(sqrt(diag(report$cov.fixed))[beta]),
       covariance = unname(report$cov.fixed[beta, beta]), log_likelihood = -value,
       sds = as.list(setNames(exp(par[names(par) == "theta"]), groups)),
       theta = if (family == "nbinom2") unname(exp(par[names(par) == "betad"])) else NULL,
       modes = lapply(random, unname), conditional_std_errors = lapply(errors, unname))
}

out <- list(versions = list(R = as.character(getRversion()), glmmTMB = as.character(packageVersion("glmmTMB")),
                            lme4 = as.character(packageVersion("lme4")),
                            sandwich = as.character(packageVersion("sandwich"))))
out$cbpp <- describe(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, "binomial")
covariates <- ~ age + prior + severity
counts <- update(covariates, cbind(missed, booked - missed) ~ . + (1 | therapist))
out$absences <- describe(counts, absences, "binomial")
out$boundary_plain <- local({
  m <- glm(cbind(missed, booked - missed) ~ age + prior + severity, binomial, boundary,
           control = list(epsilon = 1e-14, maxit = 100))
  list(coefficients = unname(coef(m)), std_errors = unname(sqrt(diag(vcov(m)))), log_likelihood = as.numeric(logLik(m)))
})
out$boundary <- describe(counts, boundary, "binomial")[c("log_likelihood", "sds")]
out$overdispersed <- describe(update(counts, . ~ . + (1 | patient)), overdispersed, "binomial")
out$poisson <- describe(poisson ~ age + prior + severity + offset(log(weeks)) + (1 | therapist), sessions, "poisson")
out$nb2 <- describe(nb2 ~ age + prior + severity + offset(log(weeks)) + (1 | therapist), sessions, "nbinom2")
sessions$patient <- seq_len(nrow(sessions))
out$poisson_with_patient <- describe(nb2 ~ age + prior + severity + offset(log(weeks)) + (1 | therapist) + (1 | patient),
                                     sessions, "poisson")
appointment <- missed ~ age + prior + severity + number + (1 | patient) + (1 | therapist)
out$nested <- describe(appointment, nested, "binomial")
out$crossed <- describe(appointment, crossed, "binomial")
# plain models, and the likelihood-ratio test of the therapist effect
out$absences_plain <- local({
  m <- glm(cbind(missed, booked - missed) ~ age + prior + severity, binomial, absences, control = list(epsilon = 1e-14, maxit = 100))
  list(log_likelihood = as.numeric(logLik(m)))
})
out$nb2_plain <- local({
  m <- MASS::glm.nb(nb2 ~ age + prior + severity + offset(log(weeks)), sessions, control = glm.control(epsilon = 1e-14, maxit = 200))
  list(coefficients = unname(coef(m)), theta = m$theta, log_likelihood = as.numeric(logLik(m)))
})

# adaptive quadrature: lme4 drops constants of the log-likelihood, so only the estimates are kept
quadrature <- function(formula, data, family, points) {
  m <- suppressWarnings(glmer(formula, data, family = family, nAGQ = points, control = glmerControl(
    optimizer = "bobyqa", calc.derivs = FALSE, optCtrl = list(rhobeg = 0.05, rhoend = 1e-9, maxfun = 1e5)),
    start = NULL))
  list(coefficients = unname(fixef(m)), sd = unname(attr(VarCorr(m)[[1]], "stddev")))
}
out$cbpp_quadrature <- quadrature(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial, 9)
out$nested_quadrature <- quadrature(missed ~ age + prior + severity + number + (1 | patient), nested, binomial, 15)

# population-averaged twin: cluster-robust sandwich of a plain GLM
robust <- function(m, cluster) {
  list(coefficients = unname(coef(m)),
       cr0 = unname(sqrt(diag(vcovCL(m, cluster, type = "HC0", cadjust = FALSE)))),
       cr_adjusted = unname(sqrt(diag(vcovCL(m, cluster, type = "HC0", cadjust = TRUE)))),
       cr1 = unname(sqrt(diag(vcovCL(m, cluster, type = "HC1", cadjust = TRUE)))))
}
out$robust_binomial <- robust(glm(missed ~ age + prior + severity + number, binomial, nested,
                                  control = list(epsilon = 1e-14, maxit = 100)), nested$therapist)
out$robust_counts <- robust(glm(cbind(missed, booked - missed) ~ age + prior + severity, binomial, absences,
                                control = list(epsilon = 1e-14, maxit = 100)), absences$therapist)
out$robust_poisson <- robust(glm(poisson ~ age + prior + severity + offset(log(weeks)), poisson, sessions,
                                 control = list(epsilon = 1e-14, maxit = 100)), sessions$therapist)

write_json(out, "generalised_mixed_model.json", digits = NA, auto_unbox = TRUE, pretty = FALSE)
