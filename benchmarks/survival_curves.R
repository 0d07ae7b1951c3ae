# Times of R's survival and cmprsk on the data that survival_curves.py wrote.
# Rscript survival_curves.R FILE N TASK REPEATS (fewer once 20 s are used): prints "seconds <median>" and "check <number>"
suppressPackageStartupMessages({
  library(survival); library(cmprsk)
})
arguments <- commandArgs(trailingOnly = TRUE)
n <- as.integer(arguments[2]); task <- arguments[3]; repeats <- as.integer(arguments[4])
values <- readBin(arguments[1], "double", n * 12)
d <- as.data.frame(matrix(values, n))
covariates <- paste0("x", 1:8)
names(d) <- c("sessions", "cause", "group", "therapist", covariates)
d$dropout <- as.integer(d$cause == 1)
d$state <- factor(d$cause, 0:3)
x <- as.matrix(d[, covariates])
model <- as.formula(paste("Surv(fgstart, fgstop, fgstatus) ~", paste(covariates, collapse = "+")))

tasks <- list(
  kaplan_meier = function() {
    f <- survfit(Surv(sessions, dropout) ~ 1, d); sum(f$surv)
  },
  kaplan_meier_clustered = function() {
    f <- survfit(Surv(sessions, dropout) ~ 1, d, cluster = therapist)
    sum(summary(f, censored = TRUE)$std.err, na.rm = TRUE)
  },
  aalen_johansen = function() {
    f <- cuminc(d$sessions, d$cause); sum(timepoints(f, 10)$est)
  },
  aalen_johansen_survfit = function() {
    f <- survfit(Surv(sessions, state) ~ 1, d); sum(f$pstate[, 2])
  },
  log_rank = function() survdiff(Surv(sessions, dropout) ~ group, d)$chisq,
  grays_test = function() sum(cuminc(d$sessions, d$cause, d$group)$Tests[, "stat"]),
  fine_gray = function() sqrt(crr(d$sessions, d$cause, x, failcode = 1)$var[1, 1]),
  fine_gray_clustered = function() {
    d$id <- seq_len(n)
    long <- finegray(Surv(sessions, state) ~ ., d[, c("sessions", "state", "id", "therapist", covariates)],
                     etype = "1", id = id)
    f <- coxph(model, long, weights = fgwt, ties = "breslow", cluster = therapist)
    sqrt(f$var[1, 1])
  })
processor_time <- function() sum(proc.time()[c("user.self", "sys.self")])
run <- tasks[[task]]
seconds <- numeric(repeats)
for (k in seq_len(repeats)) {
  begin <- processor_time()
  check <- run()
  seconds[k] <- processor_time() - begin
  if (sum(seconds[seq_len(k)]) > 20) break
}
cat("seconds", format(median(seconds[seq_len(k)]), digits = 8), "\n")
cat("check", format(check, digits = 12), "\n")
