# cox.zph of R's survival package.
# Run in tests/golden:  Rscript proportional_hazards.R   (writes proportional_hazards.json)
suppressPackageStartupMessages({library(survival); library(jsonlite)})
read <- function(name) read.csv(file.path("data", paste0(name, ".csv")))
tight <- coxph.control(eps = 1e-13, iter.max = 60, toler.chol = 1e-14)
lung <- read("lung"); lung$event <- as.integer(lung$status == 2)
veteran <- read("veteran"); people <- read("sim_474"); rows <- read("sim_474_pp")
complete <- people[!is.na(people$age), ]
complete$entry <- pmin(complete$id %% 5, complete$sessions - 1)
complete$w <- 1 + complete$id %% 3
eight <- c("age", "female", "phq0", "unemp", "med", "prior", "cbt", "remote")
model <- function(left, extra = NULL) reformulate(c(eight, extra), str2lang(left))
fits <- list(
  lung = coxph(Surv(time, event) ~ age + sex + ph.ecog, lung, control = tight),
  veteran = coxph(Surv(time, status) ~ trt + karno + diagtime + age + prior, veteran,
    control = tight),
  celltype = coxph(Surv(time, status) ~ trt + celltype + karno, veteran, control = tight),
  sessions = coxph(model("Surv(sessions, dropout)"), complete, control = tight),
  breslow = coxph(model("Surv(sessions, dropout)"), complete, ties = "breslow", control = tight),
  cluster = coxph(model("Surv(sessions, dropout)"), complete, cluster = therapist,
    control = tight),
  strata = coxph(model("Surv(sessions, dropout)", "strata(service)"), complete, control = tight),
  late_entry = coxph(model("Surv(entry, sessions, dropout)"), complete, control = tight),
  varying = coxph(Surv(start, stop, event) ~ cum_abs + female + phq0 + unemp + cbt, rows,
    control = tight)
)
out <- list()
for (name in names(fits)) for (transform in c("km", "rank", "identity", "log")) {
  z <- cox.zph(fits[[name]], transform = transform)
  out[[paste(name, transform, sep = "_")]] <- list(
    terms = rownames(z$table), chisq = unname(z$table[, "chisq"]), df = unname(z$table[, "df"]),
    p = unname(z$table[, "p"])
  )
}
out$meta <- list(r = R.version.string, survival = as.character(packageVersion("survival")))
writeLines(toJSON(out, digits = I(17), auto_unbox = TRUE, na = "null", pretty = 1),
  "proportional_hazards.json")
