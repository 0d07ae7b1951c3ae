# The same battery on lung, colon, pbc, veteran, UIS and a cohort that leaves at whole session numbers:
# survfit, coxph (Efron, Breslow, robust, strata, tt), cox.zph, the restricted mean of survfit, and on data with
# competing endings survfit's states, cuminc with variance, Gray's test and crr.
# In tests/golden: Rscript session_data.R   (writes session_data.json; seconds)
suppressPackageStartupMessages({ library(survival); library(cmprsk); library(jsonlite) })
read <- function(name, ...) read.csv(file.path("data", paste0(name, ".csv")), ...)
tight <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 60)

lung <- read("lung"); lung$event <- as.integer(lung$status == 2); lung$cause <- lung$event
colon <- subset(read("colon"), etype == 2); colon$event <- colon$status; colon$cause <- colon$event
pbc <- subset(read("pbc"), !is.na(trt)); pbc$event <- as.integer(pbc$status == 2)
pbc$cause <- c(0, 2, 1)[pbc$status + 1]; pbc$female <- as.integer(pbc$sex == "f")
veteran <- read("veteran"); veteran$event <- veteran$status; veteran$cause <- veteran$event
uis <- read("uis_extract"); uis$time <- uis$TIME; uis$event <- uis$CENSOR; uis$cause <- uis$event
sim <- read("sim_474"); sim$time <- sim$sessions; sim$event <- sim$dropout; sim$cause <- sim$etype
sets <- list(
  lung = list(lung, c("age", "sex", "ph.ecog"), "inst", "sex", 500),
  colon = list(colon, c("age", "sex", "node4", "obstruct"), "age", "node4", 2000),
  pbc = list(pbc, c("age", "bili", "albumin", "edema"), "stage", "female", 2500),
  veteran = list(veteran, c("trt", "karno", "age", "prior"), "karno", "trt", 300),
  uis = list(uis, c("AGE", "BECK", "NDT", "TREAT", "RACE"), "AGE", "TREAT", 180),
  sessions = list(sim, c("age", "female", "phq0", "unemp", "med", "cbt"), "therapist", "cbt", 20)
)
cox <- function(f) list(
  coef = unname(coef(f)), se = sqrt(unname(diag(f$var))), loglik = f$loglik,
  score = unname(f$score), wald = unname(f$wald.test)
)
battery <- function(d, terms, cluster, group, horizon) {
  d <- d[complete.cases(d[, c("time", "event", terms, cluster, group)]), ]
  d$g <- d[[group]]; d$k <- d[[cluster]]
  right <- paste(terms, collapse = " + ")
  fit <- function(extra = "", ...) coxph(
    as.formula(paste("Surv(time, event) ~", right, extra)), d, control = tight, ...)
  km <- summary(survfit(Surv(time, event) ~ 1, d, conf.type = "log-log"), times = horizon / c(4, 2, 1))
  efron <- fit()
  zph <- cox.zph(efron)$table
  others <- setdiff(terms, group)
  out <- list(
    terms = terms, cluster = cluster, group = group, horizon = horizon, n = nrow(d),
    km = list(surv = km$surv, se = km$std.err, lower = km$lower, upper = km$upper, risk = km$n.risk),
    rmst = as.list(unname(summary(survfit(Surv(time, event) ~ 1, d), rmean = horizon)$table[c("rmean", "se(rmean)")])),
    logrank = { s <- survdiff(Surv(time, event) ~ g, d); c(s$chisq, pchisq(s$chisq, length(s$n) - 1, lower.tail = FALSE)) },
    efron = cox(efron), breslow = cox(fit(ties = "breslow")),
    robust = cox(fit("+ cluster(k)")),
    strata = cox(coxph(as.formula(paste("Surv(time, event) ~", paste(others, collapse = " + "), "+ strata(g)")), d, control = tight)),
    changing = cox(coxph(as.formula(paste("Surv(time, event) ~", right, "+ tt(", terms[1], ")")), d, control = tight,
                         tt = function(x, t, ...) x * log(t))),
    zph = list(chisq = unname(zph[, "chisq"]), p = unname(zph[, "p"]))
  )
  if (max(d$cause) > 1) {
    states <- summary(survfit(Surv(time, factor(cause)) ~ 1, d), times = horizon / c(4, 2, 1))
    inc <- cuminc(d$time, d$cause, d$g)
    at <- timepoints(inc, horizon / c(2, 1))
    f <- crr(d$time, d$cause, as.matrix(d[, terms]), gtol = 1e-13, maxiter = 60)
    out$states <- list(p = states$pstate[, -1], se = states$std.err[, -1])
    out$cuminc <- list(names = rownames(at$est), est = unname(at$est), var = unname(at$var))
    out$gray <- list(stat = unname(inc$Tests[, "stat"]), p = unname(inc$Tests[, "pv"]))
    out$crr <- list(coef = unname(f$coef), se = sqrt(diag(f$var)), loglik = f$loglik)
  }
  out
}
out <- lapply(sets, function(s) do.call(battery, s))
f <- coxph(Surv(time, event) ~ age + female + phq0 + unemp + med + cbt, sim, control = tight)
out$dfbeta <- colSums(residuals(f, "dfbeta")^2)
out$meta <- list(R = R.version.string, survival = as.character(packageVersion("survival")), cmprsk = as.character(packageVersion("cmprsk")))
writeLines(toJSON(out, digits = I(17), auto_unbox = TRUE, pretty = 0, na = "null"), "session_data.json")
