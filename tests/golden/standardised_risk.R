# Standardised absolute risks from cause-specific Cox models.
# Run in tests/golden:  Rscript standardised_risk.R   (writes standardised_risk.json)
# Estimates: (1) written out from coxph and basehaz (Efron); (2) survfit of R's multi-state coxph
# (Breslow). Standard errors: numerical derivative of the whole estimate in every person's weight.
suppressPackageStartupMessages({library(survival); library(jsonlite)})
tight <- coxph.control(eps = 1e-14, iter.max = 60, toler.chol = 1e-14)
people <- read.csv("data/sim_474.csv"); people <- people[!is.na(people$age), ]
eight <- c("age", "female", "phq0", "unemp", "med", "prior", "cbt", "remote")
times <- c(4, 10, 20); n <- nrow(people)

risks <- function(weight, ties = "efron") {
  grid <- sort(unique(people$sessions[people$etype > 0]))
  hazards <- lapply(1:3, function(cause) {
    f <- coxph(reformulate(eight, str2lang(paste0("Surv(sessions, etype == ", cause, ")"))), people,
      weights = weight, ties = ties, robust = FALSE, control = tight)
    base <- basehaz(f, centered = FALSE)
    step <- diff(c(0, base$hazard))[match(grid, base$time)]
    list(step = ifelse(is.na(step), 0, step), beta = coef(f))
  })
  sapply(c(1, 0), function(cbt) {
    x <- as.matrix(people[, eight]); x[, "cbt"] <- cbt
    h <- lapply(hazards, function(z) outer(exp(drop(x %*% z$beta)), z$step))
    total <- h[[1]] + h[[2]] + h[[3]]
    before <- exp(total - t(apply(total, 1, cumsum)))
    f <- t(apply(before * ifelse(total > 0, -expm1(-total) / total, 1) * h[[1]], 1, cumsum))
    colSums(f * weight)[match(times, grid)] / sum(weight)
  })
}
ones <- rep(1, n)
estimate <- risks(ones)
step <- 1e-3
influence <- array(0, c(n, 3, 2))
for (i in seq_len(n)) {
  e <- replace(numeric(n), i, step)
  influence[i, , ] <- (8 * (risks(ones + e) - risks(ones - e)) -
    (risks(ones + 2 * e) - risks(ones - 2 * e))) / (12 * step)
}
difference <- influence[, , 1] - influence[, , 2]
error <- function(u) sqrt(colSums(u^2))

people$state <- factor(people$etype, 0:3)
multi <- coxph(reformulate(eight, str2lang("Surv(sessions, state)")), people, id = id,
  ties = "breslow", control = tight)
by_survfit <- sapply(c(1, 0), function(cbt) {
  x <- people[, eight]; x$cbt <- cbt
  p <- summary(survfit(multi, newdata = x), times = times)$pstate
  apply(p[, , 2], 1, mean)
})
out <- list(
  times = times, risk = estimate, breslow = risks(ones, "breslow"), breslow_survfit = by_survfit,
  se_risk = cbind(error(influence[, , 1]), error(influence[, , 2])),
  se_difference = error(difference),
  se_difference_cluster = error(rowsum(difference, people$therapist)),
  meta = list(r = R.version.string, survival = as.character(packageVersion("survival")))
)
writeLines(toJSON(out, digits = I(17), auto_unbox = TRUE, pretty = 1), "standardised_risk.json")
