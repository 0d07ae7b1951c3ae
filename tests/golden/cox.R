# Cox regression: fits, tests, residuals, baseline and predictions of R's survival package.
# Run in tests/golden:  Rscript cox.R   (writes cox.json)
suppressPackageStartupMessages({library(survival); library(jsonlite)})
read <- function(name) read.csv(file.path("data", paste0(name, ".csv")))
# Tighter than the default, so that the numbers are R's estimator and not its stopping rule.
tight <- coxph.control(eps = 1e-13, iter.max = 60, toler.chol = 1e-14)

lung <- read("lung"); lung$event <- as.integer(lung$status == 2)
colon <- read("colon"); heart <- read("heart"); people <- read("sim_474")
sessions_rows <- read("sim_474_pp")
complete <- people[!is.na(people$age), ]
complete$w <- 1 + complete$id %% 3
complete$entry <- pmin(complete$id %% 5, complete$sessions - 1)
eight <- c("age", "female", "phq0", "unemp", "med", "prior", "cbt", "remote")
model <- function(left, extra = NULL) reformulate(c(eight, extra), str2lang(left))

entry <- function(f) {
  s <- summary(f)
  out <- list(
    terms = names(coef(f)), coef = unname(coef(f)), var = unname(f$var), loglik = f$loglik,
    lr = unname(s$logtest), wald = unname(s$waldtest), score = unname(s$sctest),
    n = f$n, n_event = f$nevent, conf = unname(log(s$conf.int[, 3:4, drop = FALSE]))
  )
  if (!is.null(f$naive.var)) out$naive_var <- unname(f$naive.var)
  out
}
out <- list()
for (ties in c("efron", "breslow")) {
  out[[paste0("lung_", ties)]] <-
    entry(coxph(Surv(time, event) ~ age + sex + ph.ecog, lung, ties = ties, control = tight))
  out[[paste0("sessions_", ties)]] <-
    entry(coxph(model("Surv(sessions, dropout)"), complete, ties = ties, control = tight))
}
out$weeks <- entry(coxph(model("Surv(weeks, dropout)"), complete, control = tight))
out$cluster <-
  entry(coxph(model("Surv(sessions, dropout)"), complete, cluster = therapist, control = tight))
out$breslow_cluster <- entry(coxph(model("Surv(sessions, dropout)"), complete,
  cluster = therapist, ties = "breslow", control = tight))
out$strata <-
  entry(coxph(model("Surv(sessions, dropout)", "strata(service)"), complete, control = tight))
out$strata_cluster <- entry(coxph(model("Surv(sessions, dropout)", "strata(service)"), complete,
  cluster = therapist, control = tight))
out$colon_cluster_id <- entry(coxph(
  Surv(time, status) ~ rx + age + sex + node4 + strata(etype), colon, cluster = id, control = tight
))
out$weights <- entry(coxph(model("Surv(sessions, dropout)"), complete,
  weights = w, robust = FALSE, control = tight))
out$weights_robust <- entry(coxph(model("Surv(sessions, dropout)"), complete,
  weights = w, robust = TRUE, control = tight))
out$weights_cluster <- entry(coxph(model("Surv(sessions, dropout)"), complete,
  weights = w, cluster = therapist, control = tight))
out$frequency <- entry(coxph(model("Surv(sessions, dropout)"),
  complete[rep(seq_len(nrow(complete)), complete$w), ], control = tight))
out$heart <- entry(
  coxph(Surv(start, stop, event) ~ age + year + surgery + transplant, heart, control = tight)
)
varying <- Surv(start, stop, event) ~ cum_abs + female + phq0 + unemp + cbt
out$varying <- entry(coxph(varying, sessions_rows, control = tight))
out$varying_cluster <- entry(coxph(varying, sessions_rows, cluster = therapist, control = tight))
out$late_entry <- entry(coxph(model("Surv(entry, sessions, dropout)"), complete, control = tight))
for (cause in 1:3) {
  out[[paste0("cause_", cause)]] <- entry(
    coxph(model(paste0("Surv(sessions, etype == ", cause, ")")), complete, control = tight)
  )
}
# A coefficient that changes with log time, by tt().
out$changing <- entry(coxph(Surv(sessions, dropout) ~ female + phq0 + tt(phq0), complete,
  tt = function(x, t, ...) x * log(t), control = tight))
# An effect by period, by survSplit().
pieces <- survSplit(Surv(sessions, dropout) ~ ., complete[c("sessions", "dropout", "female", "cbt",
  "therapist")], cut = c(4, 10), episode = "period")
out$by_period <- entry(coxph(Surv(tstart, sessions, dropout) ~ female + cbt:strata(period), pieces,
  cluster = therapist, control = tight))

times <- c(1, 3, 5, 8, 12, 20)
person <- data.frame(age = 40, female = 1, phq0 = 18, unemp = 0, med = 1, prior = 1, cbt = 1,
  remote = 0)
predicted <- function(f, data = person, ...) {
  s <- summary(survfit(f, newdata = data, ...), times = times, extend = TRUE)
  list(time = times, surv = s$surv, std_err = s$std.err, lower = s$lower, upper = s$upper)
}
for (ties in c("efron", "breslow")) {
  f <- coxph(model("Surv(sessions, dropout)"), complete, ties = ties, control = tight)
  base <- basehaz(f, centered = FALSE)
  out[[paste0("baseline_", ties)]] <- list(time = base$time, hazard = base$hazard)
  for (kind in c("log", "log-log", "plain")) {
    out[[paste0("predict_", ties, "_", kind)]] <- predicted(f, conf.type = kind)
  }
  out[[paste0("residuals_", ties)]] <- list(
    martingale = unname(residuals(f, "martingale")), dfbeta = unname(residuals(f, "dfbeta")),
    score = unname(residuals(f, "score")),
    schoenfeld_time = as.numeric(rownames(residuals(f, "schoenfeld"))),
    schoenfeld_by_time = unname(rowsum(
      residuals(f, "schoenfeld"), as.numeric(rownames(residuals(f, "schoenfeld")))
    )),
    schoenfeld_squares = unname(colSums(residuals(f, "schoenfeld")^2)),
    scaled_by_time = unname(rowsum(
      residuals(f, "scaledsch"), as.numeric(rownames(residuals(f, "schoenfeld")))
    ))
  )
}
f <- coxph(model("Surv(sessions, dropout)"), complete, cluster = therapist, control = tight)
out$predict_cluster <- predicted(f, conf.type = "log")
f <- coxph(model("Surv(sessions, dropout)", "strata(service)"), complete, control = tight)
out$predict_strata <- predicted(f, cbind(person, service = 3), conf.type = "log")
f <- coxph(model("Surv(entry, sessions, dropout)"), complete, control = tight)
out$predict_late_entry <- predicted(f, conf.type = "log")
out$residuals_late_entry <- list(
  martingale = unname(residuals(f, "martingale")), dfbeta = unname(residuals(f, "dfbeta"))
)
out$meta <- list(r = R.version.string, survival = as.character(packageVersion("survival")))
writeLines(toJSON(out, digits = I(17), auto_unbox = TRUE, na = "null", pretty = 0), "cox.json")
