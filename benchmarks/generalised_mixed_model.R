# One fit for generalised_mixed_model.py: Rscript generalised_mixed_model.R DATA.csv MODEL ENGINE OUT.json
# Prints nothing; writes seconds, peak memory above the loaded data, estimates.
arguments <- commandArgs(TRUE)
suppressPackageStartupMessages({ library(arguments[3], character.only = TRUE); library(jsonlite) })
d <- read.csv(arguments[1])
resident <- function(what) {
  line <- grep(what, readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) / 1024
}
model <- arguments[2]
right <- . ~ x1 + x2 + x3 + x4 + (1 | therapist)
formula <- switch(model,
  binomial = update(right, cbind(events, trials - events) ~ .),
  nb2 = update(right, events ~ .),
  appointments = update(right, events ~ . + (1 | patient)),
  overdispersed = update(right, cbind(events, trials - events) ~ . + (1 | patient)))
invisible(gc())
cat("5", file = "/proc/self/clear_refs")
before <- resident("VmRSS")
seconds <- system.time(
  if (arguments[3] == "glmmTMB") {
    m <- suppressWarnings(glmmTMB(formula, d, family = if (model == "nb2") "nbinom2" else "binomial"))
  } else if (model == "nb2") {
    m <- suppressWarnings(glmer.nb(formula, d))
  } else {
    m <- suppressWarnings(glmer(formula, d, family = binomial,
                                control = glmerControl(optimizer = "bobyqa", calc.derivs = FALSE)))
  })[["elapsed"]]
beta <- if (arguments[3] == "glmmTMB") fixef(m)$cond else fixef(m)
write_json(list(seconds = seconds, megabytes = resident("VmHWM") - before, coefficients = unname(beta),
                log_likelihood = as.numeric(logLik(m))), arguments[4], digits = NA, auto_unbox = TRUE)
