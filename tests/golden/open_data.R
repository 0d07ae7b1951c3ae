# Estimates of the open data sets by R, from the files that `naturalistic example` writes.
# Run in tests/golden: Rscript open_data.R   (needs lme4, nlme, survival, jsonlite)
suppressPackageStartupMessages({library(lme4); library(nlme); library(survival); library(jsonlite)})

# --- Beat the Blues: all forms, correlated patient intercept and slope; and first against last form ---------
b <- read.csv("data/BtheB_extract.csv", check.names = FALSE)
# HSAUR's 4m and 6m were three and five months after the start, as HSAUR3 has them
days <- c(bdi.pre = 0, bdi.2m = 61, bdi.4m = 91, bdi.6m = 152, bdi.8m = 244)
long <- do.call(rbind, lapply(names(days), function(v)
  data.frame(id = b$rownames, drug = b$drug, length = b$length, treatment = b$treatment,
             days = days[[v]], score = b[[v]])))
long <- long[!is.na(long$score), ]
long$time <- long$days / 30.4375
long$drug <- factor(long$drug, c("No", "Yes"))
long$treatment <- factor(long$treatment, c("TAU", "BtheB"))
long$length <- factor(long$length, c("<6m", ">6m"))

tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5))
growth <- lmer(score ~ time * (drug + treatment + length) + (1 + time | id), long, control = tight)
vc <- as.data.frame(VarCorr(growth))
pick <- function(v1, v2) vc$vcov[which(vc$var1 %in% v1 & (if (is.na(v2)) is.na(vc$var2) else vc$var2 %in% v2))]

two <- long[long$days %in% c(0, 61), ]
two$occasion <- as.integer(two$days > 0)
# unstructured covariance of the two occasions: what a patient intercept with residual variance by occasion means
prepost <- gls(score ~ occasion * (drug + treatment + length), two,
               correlation = corSymm(form = ~ 1 | id), weights = varIdent(form = ~ 1 | occasion),
               control = glsControl(tolerance = 1e-12, msTol = 1e-14, returnObject = FALSE))
s <- summary(prepost)
ratio <- coef(prepost$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE)
rho <- as.numeric(coef(prepost$modelStruct$corStruct, unconstrained = FALSE))
v <- (prepost$sigma * ratio)^2

# --- UIS: leaving before the planned length of stay -----------------------------------------------------------
u <- read.csv("data/uis_extract.csv", check.names = FALSE)
u$planned <- ifelse(u$TREAT == 1, 180, 90)
u$weeks <- u$LEN.T / 7
u$left <- as.integer(u$LEN.T < u$planned)
u$prior <- as.integer(u$NDT > 0)
km <- survfit(Surv(weeks, left) ~ 1, u, conf.type = "log-log")
grid <- c(2, 4, 8, 13, 17, 20, 26)
at <- summary(km, times = grid)
cox <- coxph(Surv(weeks, left) ~ I(AGE / 10) + RACE + prior + TREAT + SITE + I(BECK / 5), u)

write_json(list(
  growth = list(coef = as.list(unname(fixef(growth))), se = as.list(unname(sqrt(diag(as.matrix(vcov(growth)))))),
                variance = list(intercept = pick("(Intercept)", NA)[1], slope = pick("time", NA)[1],
                                covariance = pick("(Intercept)", "time")[1], residual = sigma(growth)^2)),
  pre_post = list(coef = as.list(unname(coef(prepost))), se = as.list(unname(s$tTable[, "Std.Error"])),
                  variance = list(first = unname(v[1]), last = unname(v[2]),
                                  covariance = unname(rho * sqrt(v[1] * v[2])))),
  kaplan_meier = list(time = grid, n_risk = at$n.risk, estimate = at$surv, std_error = at$std.err,
                      low = at$lower, high = at$upper),
  cox = list(coef = as.list(unname(coef(cox))), se = as.list(unname(sqrt(diag(vcov(cox))))))
), "open_data.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
