# Times of R's survival on the data that cox.py wrote.
# Rscript cox.R FILE N TASK REPEATS (fewer once 20 s are used): prints "seconds <median>" (processor
# time) and "check <number>"
suppressPackageStartupMessages(library(survival))
arguments <- commandArgs(trailingOnly = TRUE)
n <- as.integer(arguments[2]); task <- arguments[3]; repeats <- as.integer(arguments[4])
covariates <- paste0("x", 1:8)
d <- as.data.frame(matrix(readBin(arguments[1], "double", n * 13), n))
names(d) <- c("sessions", "weeks", "cause", "therapist", "team", covariates)
d$dropout <- as.integer(d$cause == 1)
model <- function(left, extra = NULL) reformulate(c(covariates, extra), str2lang(left))
se1 <- function(f) sqrt(f$var[1, 1])
tasks <- list(
  efron = function() se1(coxph(model("Surv(sessions, dropout)"), d)),
  breslow = function() se1(coxph(model("Surv(sessions, dropout)"), d, ties = "breslow")),
  weeks = function() se1(coxph(model("Surv(weeks, dropout)"), d)),
  cluster = function() se1(coxph(model("Surv(sessions, dropout)"), d, cluster = therapist)),
  causes = function() sum(sapply(1:3, function(k) se1(
    coxph(model(paste0("Surv(sessions, cause == ", k, ")")), d, cluster = therapist)))),
  proportional = function() {
    z <- cox.zph(coxph(model("Surv(sessions, dropout)"), d)); z$table["GLOBAL", "chisq"]
  },
  discrete_time = function() {
    rows <- d[rep(seq_len(n), d$sessions), ]
    rows$session <- sequence(d$sessions)
    rows$event <- as.integer(rows$session == rows$sessions & rows$dropout == 1)
    f <- glm(model("event", "factor(pmin(session, 15))"), binomial("cloglog"), rows)
    unname(summary(f)$coefficients["x1", 2])
  },
  frailty = function() unname(coef(coxph(model("Surv(sessions, dropout)", "frailty(team)"), d))[1])
)
run <- tasks[[task]]
seconds <- numeric(repeats)
for (k in seq_len(repeats)) {
  begin <- sum(proc.time()[1:2])
  check <- run()
  seconds[k] <- sum(proc.time()[1:2]) - begin
  if (sum(seconds[seq_len(k)]) > 20) break
}
cat("seconds", format(median(seconds[seq_len(k)]), digits = 8), "\n")
cat("check", format(check, digits = 12), "\n")
