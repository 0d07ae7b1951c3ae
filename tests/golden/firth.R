# Firth-penalised Cox regression, written out on top of R's coxph: the penalised log-likelihood is
# coxph's own log-likelihood at given coefficients plus half the log determinant of its information
# (Heinze and Schemper 2001), maximised and profiled by generic numerical methods.
# Run in tests/golden:  Rscript firth.R   (writes firth.json; takes some minutes)
suppressPackageStartupMessages({library(survival); library(jsonlite)})
people <- read.csv("data/sim_474.csv"); people <- people[!is.na(people$age), ]
people <- people[people$id < 200, ]
people$age10 <- people$age / 10
# A level that no one who was transferred has.
people$quiet <- as.integer(people$id %% 4 == 0 & people$etype != 3)
cases <- list(
  few = list(terms = c("age10", "female", "cbt"), ties = "efron"),
  separated = list(terms = c("female", "cbt", "quiet"), ties = "efron"),
  breslow = list(terms = c("female", "quiet"), ties = "breslow")
)
fit_case <- function(case) {
  formula <- reformulate(case$terms, str2lang("Surv(sessions, etype == 3)"))
  penalised <- function(b) {
    f <- suppressWarnings(coxph(formula, people, ties = case$ties, init = b,
      control = coxph.control(iter.max = 0)))
    f$loglik[1] - determinant(f$var)$modulus[1] / 2
  }
  p <- length(case$terms)
  slope <- function(f, b, h = 2e-3) sapply(seq_along(b), function(j) {
    e <- replace(numeric(length(b)), j, h)
    (45 * (f(b + e) - f(b - e)) - 9 * (f(b + 2 * e) - f(b - 2 * e)) +
       (f(b + 3 * e) - f(b - 3 * e))) / (60 * h)
  })
  top_of <- function(f, start) {
    b <- optim(start, function(b) -f(b), method = "BFGS", control = list(reltol = 1e-14))$par
    for (i in 1:4) {
      hessian <- sapply(seq_along(b), function(j) {
        e <- replace(numeric(length(b)), j, 1e-3); (slope(f, b + e) - slope(f, b - e)) / 2e-3
      })
      b <- b - solve((hessian + t(hessian)) / 2, slope(f, b))
    }
    b
  }
  b <- top_of(penalised, numeric(p)); top <- penalised(b)
  held <- function(j, value) {
    if (p == 1) return(penalised(value))
    g <- function(rest) penalised(append(rest, value, j - 1))
    g(top_of(g, b[-j]))
  }
  se <- sqrt(diag(coxph(formula, people, ties = case$ties, init = b,
    control = coxph.control(iter.max = 0))$var))
  limit <- function(j, sign) uniroot(
    function(v) 2 * (top - held(j, v)) - qchisq(0.95, 1), sort(b[j] + sign * c(0.5, 6) * se[j]),
    tol = 1e-10
  )$root
  list(
    terms = case$terms, ties = case$ties, coef = b, se = se,
    lower = sapply(seq_len(p), limit, -1), upper = sapply(seq_len(p), limit, 1),
    statistic = sapply(seq_len(p), function(j) 2 * (top - held(j, 0)))
  )
}
out <- lapply(cases, function(case) suppressWarnings(fit_case(case)))
out$meta <- list(r = R.version.string, survival = as.character(packageVersion("survival")),
  events = sum(people$etype == 3), n = nrow(people))
writeLines(toJSON(out, digits = I(17), auto_unbox = TRUE, pretty = 1), "firth.json")
