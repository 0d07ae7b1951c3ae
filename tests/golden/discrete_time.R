# Discrete-time hazard models as binomial regressions on person-sessions, with clustered errors.
# Run in tests/golden:  Rscript discrete_time.R   (writes discrete_time.json)
suppressPackageStartupMessages({library(sandwich); library(jsonlite)})
rows <- read.csv("data/sim_474_pp.csv"); people <- read.csv("data/sim_474.csv")
people <- people[!is.na(people$age), ]
expanded <- people[rep(seq_len(nrow(people)), people$sessions), ]
expanded$session <- sequence(people$sessions)
expanded$event <- as.integer(expanded$session == expanded$sessions & expanded$etype == 1)
exact <- glm.control(epsilon = 1e-15, maxit = 200)
out <- list()
keep <- function(f, clusters, ...) c(list(
  terms = names(coef(f)), coef = unname(coef(f)), var = unname(vcov(f)), deviance = deviance(f),
  var_cluster = unname(vcovCL(f, clusters, type = "HC0", cadjust = FALSE)),
  var_cluster_corrected = unname(vcovCL(f, clusters, type = "HC0", cadjust = TRUE))
), list(...))
for (link in c("cloglog", "logit")) {
  f <- glm(event ~ factor(pmin(stop, 15)) + cum_abs + female + phq0 + unemp + cbt,
    family = binomial(link), data = rows, control = exact)
  out[[paste0("varying_", link)]] <- keep(f, rows$therapist)

  # Restricted cubic spline of the session number (Harrell's basis, written out), knots 1 3 8 20.
  t <- c(1, 3, 8, 20); k <- 4; plus <- function(u) pmax(u, 0)^3
  spline <- function(x) cbind(x, sapply(1:(k - 2), function(j)
    (plus(x - t[j]) - plus(x - t[k - 1]) * (t[k] - t[j]) / (t[k] - t[k - 1]) +
       plus(x - t[k]) * (t[k - 1] - t[j]) / (t[k] - t[k - 1])) / (t[k] - t[1])^2))
  expanded[c("s1", "s2", "s3")] <- spline(expanded$session)
  g <- glm(event ~ s1 + s2 + s3 + age + female + phq0 + unemp + med + prior + cbt + remote,
    family = binomial(link), data = expanded, control = exact)
  person <- data.frame(age = 40, female = 1, phq0 = 18, unemp = 0, med = 1, prior = 1, cbt = 1,
    remote = 0)
  grid <- cbind(setNames(as.data.frame(spline(1:40)), c("s1", "s2", "s3")), person)
  p <- predict(g, grid, type = "response", se.fit = TRUE)
  # Probability of having left by session k: delta method by central differences.
  left <- function(b) {
    x <- cbind(1, as.matrix(grid[, names(coef(g))[-1]]))
    1 - cumprod(1 - binomial(link)$linkinv(drop(x %*% b)))
  }
  b <- coef(g)
  gradient <- sapply(seq_along(b), function(j) {
    h <- 1e-5 * max(abs(b[j]), 1e-2); e <- replace(numeric(length(b)), j, h)
    (8 * (left(b + e) - left(b - e)) - (left(b + 2 * e) - left(b - 2 * e))) / (12 * h)
  })
  out[[paste0("spline_", link)]] <- keep(g, expanded$therapist,
    hazard = unname(p$fit), hazard_se = unname(p$se.fit), left = left(b),
    left_se = sqrt(rowSums((gradient %*% vcov(g)) * gradient)))
}
out$meta <- list(r = R.version.string, sandwich = as.character(packageVersion("sandwich")))
writeLines(toJSON(out, digits = I(17), auto_unbox = TRUE, na = "null"), "discrete_time.json")
