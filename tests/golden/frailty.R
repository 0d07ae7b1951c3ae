# Shared gamma frailty: R's frailty() at given variances, and the variance that maximises its
# corrected (marginal) likelihood, found here to more digits than R's own search.
# Run in tests/golden:  Rscript frailty.R   (writes frailty.json)
suppressPackageStartupMessages({library(survival); library(jsonlite)})
people <- read.csv("data/sim_474.csv"); people <- people[!is.na(people$age), ]
people$entry <- pmin(people$id %% 5, people$sessions - 1)
eight <- c("age", "female", "phq0", "unemp", "med", "prior", "cbt", "remote")
control <- coxph.control(eps = 1e-13, iter.max = 100, outer.max = 60, toler.chol = 1e-14)
fit_at <- function(theta, ties, left = "Surv(sessions, dropout)", sparse = FALSE) coxph(
  as.formula(paste(left, "~", paste(eight, collapse = "+"),
    "+ frailty(therapist, distribution = 'gamma', theta =", format(theta, digits = 17),
    ", sparse =", sparse, ")")), people, ties = ties, control = control)
corrected <- function(f) f$history[[1]]$c.loglik
out <- list(); p <- length(eight)
for (ties in c("efron", "breslow")) for (theta in c(0.05, 0.2, 1)) {
  f <- fit_at(theta, ties)
  out[[paste0(ties, "_", theta)]] <- list(
    theta = theta, coef = unname(coef(f)[1:p]), log_frailty = unname(coef(f)[-(1:p)]),
    var = unname(f$var[1:p, 1:p]), loglik = corrected(fit_at(theta, ties, sparse = TRUE))
  )
}
for (ties in c("efron", "breslow")) {
  f <- coxph(as.formula(paste("Surv(sessions, dropout) ~", paste(eight, collapse = "+"),
    "+ frailty(therapist, distribution = 'gamma')")), people, ties = ties)
  marginal <- function(log_theta) corrected(fit_at(exp(log_theta), ties, sparse = TRUE))
  slope <- function(x, h = 0.02) (45 * (marginal(x + h) - marginal(x - h)) -
    9 * (marginal(x + 2 * h) - marginal(x - 2 * h)) +
    (marginal(x + 3 * h) - marginal(x - 3 * h))) / (60 * h)
  start <- log(f$history[[1]]$theta)
  top <- uniroot(slope, start + c(-0.3, 0.3), tol = 1e-10)$root
  level <- marginal(top) - qchisq(0.95, 1) / 2
  high <- uniroot(function(x) marginal(x) - level, c(top + 0.1, top + 4), tol = 1e-10)$root
  plain <- coxph(reformulate(eight, str2lang("Surv(sessions, dropout)")), people, ties = ties,
    control = control)
  out[[paste0("best_", ties)]] <- list(
    theta = exp(top), theta_r = f$history[[1]]$theta, loglik = marginal(top),
    loglik_none = plain$loglik[2], theta_high = exp(high),
    coef = unname(coef(fit_at(exp(top), ties))[1:p]),
    var = unname(fit_at(exp(top), ties)$var[1:p, 1:p])
  )
}
f <- fit_at(0.2, "efron", "Surv(entry, sessions, dropout)")
out$late_entry <- list(theta = 0.2, coef = unname(coef(f)[1:p]),
  log_frailty = unname(coef(f)[-(1:p)]), var = unname(f$var[1:p, 1:p]))
out$meta <- list(r = R.version.string, survival = as.character(packageVersion("survival")))
writeLines(toJSON(out, digits = I(17), auto_unbox = TRUE, pretty = 0), "frailty.json")
