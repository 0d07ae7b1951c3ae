# Golden numbers for the non-parametric survival and competing-risks core.
# In tests/golden: Rscript survival.R   (writes survival.json; seconds)
suppressPackageStartupMessages({
  library(survival); library(cmprsk); library(etm); library(jsonlite)
})
entries <- list()
add <- function(id, call, values) entries[[id]] <<- list(call = call, values = values)
read <- function(name) read.csv(file.path("data", paste0(name, ".csv")))

lung <- read("lung"); lung$event <- as.integer(lung$status == 2)
veteran <- read("veteran")
colon <- read("colon")
pbc <- read("pbc"); pbc$etype <- c(0, 2, 1)[pbc$status + 1]     # 1 death, 2 transplant
mgus2 <- read("mgus2")
mgus2$et <- with(mgus2, ifelse(pstat == 0, futime, ptime))
mgus2$ev <- with(mgus2, ifelse(pstat == 0, 2 * death, 1))       # 1 progression, 2 death
sim <- read("sim_474")
sim$entry <- pmin(sim$id %% 5, sim$sessions - 1)
sim$whole <- 1 + sim$id %% 3                                    # frequency weights
sim$share <- 0.5 + (sim$id %% 7) / 4                            # probability weights
simc <- sim[!is.na(sim$age), ]
covs <- c("age", "female", "phq0", "unemp", "med", "prior", "cbt", "remote")

## ---- Kaplan-Meier: whole curves -------------------------------------------------------------
curve <- function(fit) {
  s <- summary(fit, censored = TRUE)
  list(time = s$time, n.risk = s$n.risk, n.event = s$n.event, n.censor = s$n.censor,
       surv = s$surv, std.err = s$std.err, lower = s$lower, upper = s$upper)
}
for (ct in c("log", "log-log", "plain")) {
  for (g in 1:2) add(paste0("km_lung_sex", g, "_", ct),
    paste0("survfit(Surv(time, status == 2) ~ 1, subset = sex == ", g, ", conf.type = '", ct, "')"),
    curve(survfit(Surv(time, event) ~ 1, lung[lung$sex == g, ], conf.type = ct)))
  add(paste0("km_sim_", ct), paste0("survfit(Surv(sessions, dropout) ~ 1, conf.type = '", ct, "')"),
    curve(survfit(Surv(sessions, dropout) ~ 1, sim, conf.type = ct)))
}
add("km_veteran_90", "survfit(Surv(time, status) ~ 1, conf.int = 0.9, conf.type = 'log-log')",
  curve(survfit(Surv(time, status) ~ 1, veteran, conf.int = 0.9, conf.type = "log-log")))
add("km_sim_lefttrunc", "survfit(Surv(entry, sessions, dropout) ~ 1, conf.type = 'log-log')",
  curve(survfit(Surv(entry, sessions, dropout) ~ 1, sim, conf.type = "log-log")))
add("km_sim_frequency", "survfit(Surv(sessions, dropout) ~ 1, weights = whole, robust = FALSE)",
  curve(survfit(Surv(sessions, dropout) ~ 1, sim, weights = whole, robust = FALSE,
                conf.type = "log-log")))
add("km_sim_probability", "survfit(Surv(sessions, dropout) ~ 1, weights = share, robust = TRUE)",
  curve(survfit(Surv(sessions, dropout) ~ 1, sim, weights = share, robust = TRUE,
                conf.type = "log-log")))
add("km_sim_probability_cluster",
  "survfit(Surv(sessions, dropout) ~ 1, weights = share, cluster = therapist)",
  curve(survfit(Surv(sessions, dropout) ~ 1, sim, weights = share, cluster = therapist,
                conf.type = "log-log")))
add("km_sim_cluster", "survfit(Surv(sessions, dropout) ~ 1, cluster = therapist)",
  curve(survfit(Surv(sessions, dropout) ~ 1, sim, cluster = therapist, conf.type = "log-log")))
add("km_colon_cluster", "survfit(Surv(time, status) ~ 1, cluster = id, conf.type = 'log-log')",
  curve(survfit(Surv(time, status) ~ 1, colon, cluster = id, conf.type = "log-log")))
add("km_sim_lefttrunc_cluster",
  "survfit(Surv(entry, sessions, dropout) ~ 1, cluster = therapist)",
  curve(survfit(Surv(entry, sessions, dropout) ~ 1, sim, cluster = therapist,
                conf.type = "log-log")))
grid <- c(0.5, 3, 3.5, 10, 39.5, 40)
s <- summary(survfit(Surv(sessions, dropout) ~ 1, sim, conf.type = "log-log"), times = grid)
add("km_sim_grid", "summary(survfit(Surv(sessions, dropout) ~ 1), times = grid)",
  list(grid = grid, n.risk = s$n.risk, surv = s$surv, std.err = s$std.err,
       lower = s$lower, upper = s$upper))

## ---- Nelson-Aalen ---------------------------------------------------------------------------
hazard <- function(fit) list(time = fit$time, cumhaz = fit$cumhaz, std.chaz = fit$std.chaz)
add("na_sim", "survfit(Surv(sessions, dropout) ~ 1, stype = 2, ctype = 1)",
  hazard(survfit(Surv(sessions, dropout) ~ 1, sim, stype = 2, ctype = 1)))
add("na_sim_ties", "survfit(Surv(sessions, dropout) ~ 1, stype = 2, ctype = 2)",
  hazard(survfit(Surv(sessions, dropout) ~ 1, sim, stype = 2, ctype = 2)))
add("na_sim_cluster", "survfit(Surv(sessions, dropout) ~ 1, cluster = therapist)$std.chaz",
  hazard(survfit(Surv(sessions, dropout) ~ 1, sim, cluster = therapist)))
add("na_sim_lefttrunc", "survfit(Surv(entry, sessions, dropout) ~ 1)$cumhaz",
  hazard(survfit(Surv(entry, sessions, dropout) ~ 1, sim)))

## ---- quantiles ------------------------------------------------------------------------------
quants <- function(fit, p) {
  q <- quantile(fit, probs = p)
  list(p = p, q = unname(q$quantile), lower = unname(q$lower), upper = unname(q$upper))
}
for (g in 1:2) add(paste0("quantile_lung_sex", g), "quantile(survfit(..., conf.type = 'log'))",
  quants(survfit(Surv(time, event) ~ 1, lung[lung$sex == g, ], conf.type = "log"), c(.25, .5, .75)))
add("quantile_sim", "quantile(survfit(Surv(sessions, dropout) ~ 1, conf.type = 'log-log'))",
  quants(survfit(Surv(sessions, dropout) ~ 1, sim, conf.type = "log-log"), c(.1, .25, .5, .75, .9)))
flat <- data.frame(t = c(1, 2, 3, 4, 5, 6, 7, 8), e = c(1, 1, 0, 0, 1, 1, 0, 0))
add("quantile_flat", "t = 1..8, e = 1,1,0,0,1,1,0,0: the curve is flat at 0.75 and at its end",
  quants(survfit(Surv(t, e) ~ 1, flat, conf.type = "log-log"),
         c(.25, 0.5, 1 - min(survfit(Surv(t, e) ~ 1, flat)$surv))))

## ---- log-rank -------------------------------------------------------------------------------
rank_test <- function(s) {
  strata <- is.matrix(s$obs)
  list(chisq = s$chisq, df = length(s$n[if (strata) 1 else TRUE]), p = s$pvalue,
       obs = if (strata) rowSums(s$obs) else as.vector(s$obs),
       exp = if (strata) rowSums(s$exp) else as.vector(s$exp), var = unname(s$var))
}
add("logrank_lung_sex", "survdiff(Surv(time, status == 2) ~ sex)",
  rank_test(survdiff(Surv(time, event) ~ sex, lung)))
add("logrank_lung_sex_rho1", "survdiff(Surv(time, status == 2) ~ sex, rho = 1)",
  rank_test(survdiff(Surv(time, event) ~ sex, lung, rho = 1)))
add("logrank_lung_sex_strata_ecog", "survdiff(Surv(time, status == 2) ~ sex + strata(ph.ecog))",
  rank_test(survdiff(Surv(time, event) ~ sex + strata(ph.ecog), lung)))
add("logrank_veteran_celltype", "survdiff(Surv(time, status) ~ celltype)",
  rank_test(survdiff(Surv(time, status) ~ celltype, veteran)))
add("logrank_veteran_celltype_rho1", "survdiff(Surv(time, status) ~ celltype, rho = 1)",
  rank_test(survdiff(Surv(time, status) ~ celltype, veteran, rho = 1)))
add("logrank_colon_rx", "survdiff(Surv(time, status) ~ rx, subset = etype == 2)",
  rank_test(survdiff(Surv(time, status) ~ rx, colon, subset = etype == 2)))
add("logrank_sim_cbt", "survdiff(Surv(sessions, dropout) ~ cbt)",
  rank_test(survdiff(Surv(sessions, dropout) ~ cbt, sim)))
add("logrank_sim_service", "survdiff(Surv(sessions, dropout) ~ service)",
  rank_test(survdiff(Surv(sessions, dropout) ~ service, sim)))
add("logrank_sim_cbt_strata_service", "survdiff(Surv(sessions, dropout) ~ cbt + strata(service))",
  rank_test(survdiff(Surv(sessions, dropout) ~ cbt + strata(service), sim)))
s <- survdiff(Surv(time, event) ~ ph.ecog, lung)
trend <- function(scores) {
  x <- sum(scores * (s$obs - s$exp))^2 / drop(t(scores) %*% s$var %*% scores)
  list(chisq = x, p = pchisq(x, 1, lower.tail = FALSE))
}
add("logrank_lung_ecog_trend", "survdiff(~ ph.ecog): (s'(O-E))^2 / s'Vs, s = 0,1,2,3",
  trend(0:3))
add("logrank_lung_ecog_trend_scores", "the same with s = 0,1,4,9", trend(c(0, 1, 4, 9)))
# survdiff takes no entry times: the score test of coxph, which equals log-rank without ties
heart <- read("heart")
heart$stop <- heart$stop + seq_len(nrow(heart)) / 1e3
f <- coxph(Surv(start, stop, event) ~ surgery, heart)
add("logrank_heart_lefttrunc", "coxph(Surv(start, stop + row / 1e3, event) ~ surgery)$score",
  list(chisq = f$score, p = pchisq(f$score, 1, lower.tail = FALSE)))

## ---- restricted means -----------------------------------------------------------------------
rmean <- function(fit, tau) summary(fit, rmean = tau)$table
one <- function(d, time, event, tau) {
  t_ <- rmean(survfit(Surv(d[[time]], d[[event]]) ~ 1), tau)
  c(unname(t_["rmean"]), unname(t_["se(rmean)"]))
}
contrast <- function(d, time, event, arm, tau) {
  a <- one(d[d[[arm]] == 0, ], time, event, tau); b <- one(d[d[[arm]] == 1, ], time, event, tau)
  z <- qnorm(.975); diff <- b[1] - a[1]; se <- sqrt(a[2]^2 + b[2]^2)
  lr <- log(b[1] / a[1]); lse <- sqrt((a[2] / a[1])^2 + (b[2] / b[1])^2)
  list(rmst1 = b[1], se1 = b[2], rmst0 = a[1], se0 = a[2], diff = diff, diff_se = se,
       diff_lower = diff - z * se, diff_upper = diff + z * se, diff_p = 2 * pnorm(-abs(diff / se)),
       ratio = exp(lr), ratio_lower = exp(lr - z * lse), ratio_upper = exp(lr + z * lse),
       ratio_p = 2 * pnorm(-abs(lr / lse)))
}
lung$female <- lung$sex - 1
add("rmst_sim_cbt_tau20", "survfit rmean = 20 by cbt; survRM2::rmst2 contrasts",
  contrast(sim, "sessions", "dropout", "cbt", 20))
add("rmst_lung_sex_tau700", "survfit rmean = 700 by sex; survRM2::rmst2 contrasts",
  contrast(lung, "time", "event", "female", 700))
t_ <- rmean(survfit(Surv(entry, sessions, dropout) ~ 1, sim), 20)
add("rmst_sim_lefttrunc_tau20", "survfit(Surv(entry, sessions, dropout) ~ 1), rmean = 20",
  list(rmean = unname(t_["rmean"]), se = unname(t_["se(rmean)"])))
r <- resid(survfit(Surv(sessions, dropout) ~ 1, sim), times = 20, type = "rmst")
add("rmst_sim_cluster_tau20",
  "sqrt(sum(rowsum(resid(survfit(...), times = 20, type = 'rmst'), therapist)^2))",
  list(se = sqrt(sum(rowsum(as.vector(r), sim$therapist)^2))))

## ---- Aalen-Johansen -------------------------------------------------------------------------
states <- function(fit) {
  s <- summary(fit, censored = TRUE)
  list(time = s$time, n.risk = s$n.risk[, 1], pstate = unname(s$pstate), std.err = unname(s$std.err),
       lower = unname(s$lower), upper = unname(s$upper))
}
multi <- survfit(Surv(sessions, factor(etype, 0:3)) ~ 1, sim)
add("aj_sim", "survfit(Surv(sessions, factor(etype, 0:3)) ~ 1), conf.type = 'log'", states(multi))
add("aj_sim_weeks", "survfit(Surv(weeks, factor(etype, 0:3)) ~ 1)",
  states(survfit(Surv(weeks, factor(etype, 0:3)) ~ 1, sim)))
add("aj_pbc", "survfit(Surv(time, factor(etype, 0:2)) ~ 1), 1 death, 2 transplant",
  states(survfit(Surv(time, factor(etype, 0:2)) ~ 1, pbc)))
add("aj_mgus2", "survfit(Surv(et, factor(ev, 0:2)) ~ 1)",
  states(survfit(Surv(et, factor(ev, 0:2)) ~ 1, mgus2)))
add("aj_sim_probability", "survfit(Surv(sessions, factor(etype, 0:3)) ~ 1, weights = share)",
  states(survfit(Surv(sessions, factor(etype, 0:3)) ~ 1, sim, weights = share)))
# survfit(cluster =) silently ignores clusters of multi-state curves: sum its influence by hand
clustered <- function(fit, cluster) {
  influence <- fit$influence.pstate
  if (is.list(influence)) influence <- influence[[1]]
  at <- match(fit$time, c(if (dim(influence)[2] > length(fit$time)) 0, fit$time))
  sapply(seq_len(dim(influence)[3]), function(k)
    sqrt(colSums(rowsum(influence[, at, k], cluster)^2)))
}
fit <- survfit(Surv(sessions, factor(etype, 0:3)) ~ 1, sim, id = id, influence = TRUE)
add("aj_sim_cluster", "survfit(..., influence = TRUE)$influence.pstate summed by therapist",
  list(time = fit$time, std.err = clustered(fit, sim$therapist)))
fit <- survfit(Surv(entry, sessions, factor(etype, 0:3)) ~ 1, sim, id = id, influence = TRUE)
add("aj_sim_lefttrunc_cluster", "the same with Surv(entry, sessions, ...)",
  list(time = fit$time, pstate = unname(fit$pstate), std.err = clustered(fit, sim$therapist)))
etm_curves <- function(data) {
  fit <- etmCIF(survival::Surv(entry, sessions, etype != 0) ~ 1, data, etype = etype, failcode = 1)
  lapply(unname(summary(fit)[[1]]), function(x)
    list(time = x$time, P = x$P, var = x$var))
}
add("etm_sim", "etm::etmCIF(Surv(0, sessions, etype != 0) ~ 1)", etm_curves(transform(sim, entry = 0)))
add("etm_sim_lefttrunc", "etm::etmCIF(Surv(entry, sessions, etype != 0) ~ 1)", etm_curves(sim))
area <- resid(multi, times = 20, type = "auc")[, 2:4]
add("rmtl_sim_tau20", "summary(survfit(...), rmean = 20)$table; resid(..., times = 20, type = 'auc')",
  list(rmean = unname(summary(multi, rmean = 20)$table[2:4, "rmean"]),
       se = unname(sqrt(colSums(area^2))),
       se_cluster = unname(sqrt(colSums(rowsum(area, sim$therapist)^2)))))

## ---- cmprsk: cumulative incidence with its own variance, Gray's test --------------------------
incidence <- function(fit, times) {
  tp <- timepoints(fit, times)
  list(times = times, rows = rownames(tp$est), est = unname(tp$est), var = unname(tp$var),
       stat = if (is.null(fit$Tests)) NULL else unname(fit$Tests[, "stat"]),
       p = if (is.null(fit$Tests)) NULL else unname(fit$Tests[, "pv"]))
}
ti <- c(1, 3, 5, 8, 12, 16, 20, 30, 40)
sev <- cut(sim$phq0, c(-1, 9, 14, 19, 28), labels = FALSE)
add("cuminc_sim", "cuminc(sessions, etype)", incidence(cuminc(sim$sessions, sim$etype), ti))
add("cuminc_sim_cbt", "cuminc(sessions, etype, cbt)",
  incidence(cuminc(sim$sessions, sim$etype, sim$cbt), ti))
add("cuminc_sim_weeks_cbt", "cuminc(weeks, etype, cbt)",
  incidence(cuminc(sim$weeks, sim$etype, sim$cbt), c(5, 10, 20, 30)))
add("cuminc_mgus2_sex", "cuminc(et, ev, sex)",
  incidence(cuminc(mgus2$et, mgus2$ev, mgus2$sex), c(60, 120, 240)))
add("cuminc_pbc_stage", "cuminc(time, etype, stage), stage known",
  with(pbc[!is.na(pbc$stage), ], incidence(cuminc(time, etype, stage), c(1000, 2000, 3000))))
add("gray_sim_cbt_rho1", "cuminc(sessions, etype, cbt, rho = 1)",
  incidence(cuminc(sim$sessions, sim$etype, sim$cbt, rho = 1), ti))
add("gray_sim_cbt_rho-1", "cuminc(sessions, etype, cbt, rho = -1)",
  incidence(cuminc(sim$sessions, sim$etype, sim$cbt, rho = -1), ti))
add("gray_sim_sev4", "cuminc(sessions, etype, cut(phq0, c(-1, 9, 14, 19, 28)))",
  incidence(cuminc(sim$sessions, sim$etype, sev), ti))
add("gray_sim_cbt_strata_service", "cuminc(sessions, etype, cbt, strata = service)",
  incidence(cuminc(sim$sessions, sim$etype, sim$cbt, strata = sim$service), ti))
add("gray_sim_sev4_strata_cbt_rho1", "cuminc(sessions, etype, sev, strata = cbt, rho = 1)",
  incidence(cuminc(sim$sessions, sim$etype, sev, strata = sim$cbt, rho = 1), ti))

## ---- Fine-Gray ------------------------------------------------------------------------------
X <- as.matrix(simc[, covs])
model <- function(f) list(coef = unname(f$coef), se = unname(sqrt(diag(f$var))), var = unname(f$var),
                          loglik = f$loglik, loglik0 = f$loglik.null)
subdist <- function(...) crr(..., gtol = 1e-12, maxiter = 50)
for (k in 1:3) add(paste0("crr_sim_cause", k), "crr(sessions, etype, 8 covariates, failcode = k)",
  model(subdist(simc$sessions, simc$etype, X, failcode = k)))
add("crr_sim_weeks", "crr(weeks, etype, 8 covariates)",
  model(subdist(simc$weeks, simc$etype, X, failcode = 1)))
add("crr_sim_cengroup", "crr(sessions, etype, 8 covariates, cengroup = remote)",
  model(subdist(simc$sessions, simc$etype, X, failcode = 1, cengroup = simc$remote)))
mg <- mgus2[!is.na(mgus2$hgb) & !is.na(mgus2$mspike), ]
add("crr_mgus2", "crr(et, ev, cbind(age, sex == 'F', hgb, mspike))",
  model(subdist(mg$et, mg$ev, with(mg, cbind(age, as.integer(sex == "F"), hgb, mspike)))))
pb <- pbc[!is.na(pbc$trt), ]
add("crr_pbc", "crr(time, etype, cbind(trt, age, bili, albumin))",
  model(subdist(pb$time, pb$etype, as.matrix(pb[, c("trt", "age", "bili", "albumin")]))))
pr <- predict(subdist(simc$sessions, simc$etype, X, failcode = 1), c(40, 1, 18, 0, 1, 1, 1, 0))
add("crr_sim_predict", "predict(crr, c(40, 1, 18, 0, 1, 1, 1, 0))",
  list(time = pr[, 1], cif = pr[, 2]))
coxfit <- function(f) list(coef = unname(coef(f)), se = unname(sqrt(diag(f$var))),
                           se_naive = unname(sqrt(diag(f$naive.var))), loglik = f$loglik)
keep <- simc[, c("sessions", "etype", "id", "therapist", "service", "remote", covs[1:7])]
weighted <- function(rhs, data, ...) {
  f <- as.formula(paste("Surv(fgstart, fgstop, fgstatus) ~", rhs))
  coxfit(coxph(f, data, weights = data$fgwt, ties = "breslow", ...,
               control = coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 50)))
}
terms <- paste(covs, collapse = "+")
fg <- finegray(Surv(sessions, factor(etype, 0:3)) ~ ., keep, etype = "1", id = id)
add("finegray_sim", "finegray() + coxph(ties = 'breslow', cluster = id)",
  weighted(terms, fg, cluster = fg$id))
add("finegray_sim_cluster", "finegray() + coxph(ties = 'breslow', cluster = therapist)",
  weighted(terms, fg, cluster = fg$therapist))
fg2 <- finegray(Surv(sessions, factor(etype, 0:3)) ~ age + female + phq0 + cbt + therapist + id + remote
                + strata(remote), keep, etype = "1", id = id)
add("finegray_sim_strata", "finegray(~ strata(remote)) + coxph(age + female + phq0 + cbt + strata(remote))",
  weighted("age + female + phq0 + cbt + strata(remote)", fg2, cluster = fg2$id))
add("finegray_sim_censoring_group", "finegray(~ strata(remote)) + coxph(age + female + phq0 + cbt)",
  weighted("age + female + phq0 + cbt", fg2, cluster = fg2$id))

out <- list(
  made_with = list(R = R.version.string, survival = as.character(packageVersion("survival")),
                   cmprsk = as.character(packageVersion("cmprsk")),
                   etm = as.character(packageVersion("etm"))),
  entries = entries)
writeLines(toJSON(out, digits = I(17), auto_unbox = TRUE, na = "null", null = "null"), "survival.json")
cat(length(entries), "entries\n")
