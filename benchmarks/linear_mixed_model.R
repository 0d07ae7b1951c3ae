# lme4 on one data set of linear_mixed_model.py:  Rscript linear_mixed_model.R FOLDER
suppressMessages({library(lme4); library(jsonlite)})
folder <- commandArgs(trailingOnly = TRUE)[1]
meta <- fromJSON(file.path(folder, "meta.json"))
data <- as.data.frame(lapply(setNames(meta$columns, meta$columns), function(name)
  readBin(file.path(folder, paste0(name, ".bin")), "double", n = meta$rows)))
data$patient <- factor(data$patient); data$therapist <- factor(data$therapist)
formula <- if (meta$slope) {
  outcome ~ time + x1 + x2 + x3 + x4 + x5 + x6 + time:x1 + (1 + time | patient) + (1 | therapist)
} else {
  outcome ~ time + x1 + x2 + x3 + x4 + x5 + x6 + time:x1 + (1 | patient) + (1 | therapist)
}
memory <- function(kind) {
  line <- grep(kind, readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line))
}
invisible(gc())
writeLines("5", "/proc/self/clear_refs")
before <- memory("VmRSS")
seconds <- system.time(
  fit <- lmer(formula, data, control = lmerControl(calc.derivs = FALSE))
)[["elapsed"]]
cat(toJSON(list(seconds = seconds, megabytes = (memory("VmHWM") - before) / 1024,
  loglik = as.numeric(logLik(fit)), coefficients = unname(fixef(fit)),
  std_errors = unname(sqrt(diag(as.matrix(vcov(fit))))), converged = TRUE),
  auto_unbox = TRUE, digits = NA), "\n")
