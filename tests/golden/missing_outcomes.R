# Golden numbers for missing outcomes. In tests/golden: Rscript missing_outcomes.R (about a minute).
# R's mice on sim_474 (one cohort of 474 people, PHQ-9 before and after, therapists), and Rubin's rules,
# a delta-adjusted table and inverse probability weights on fixed data.
suppressPackageStartupMessages({ library(mice); library(jsonlite); library(pan) })
golden <- list()
add <- function(id, values) golden[[id]] <<- values
sim <- read.csv("data/sim_474.csv")
columns <- c("phq_post", "phq0", "age", "female", "unemp", "etype", "sessions")

## ---- Rubin's rules on the 20 completed data sets of mi20.csv -----------------------------------
mi20 <- read.csv("data/mi20.csv")
each <- split(mi20, mi20$imp)
fits <- as.mira(lapply(each, function(d) {
  lm(phq_post ~ phq0 + age + female + unemp + I(etype == 1) + sessions, d)
}))
p <- pool(fits)$pooled
add("pool_regression", as.list(p[, c("estimate", "ubar", "b", "t", "dfcom", "df", "riv", "lambda", "fmi")]))
q <- c(1.1, 1.3, 0.9, 1.25, 1.05); u <- c(.04, .05, .045, .042, .048)
for (size in list(list("finite", 100), list("infinite", Inf))) {
  s <- pool.scalar(q, u, n = size[[2]], k = 2)
  add(paste0("pool_scalar_", size[[1]]), s[c("qbar", "ubar", "b", "t", "df", "r", "fmi")])
}

## ---- tipping point: those without a last score are worse by delta ------------------------------
away <- is.na(sim$phq_post)
kept <- !is.na(sim$age)  # mi20.csv holds those whose age is known
tip <- lapply(c(0, 1, 2, 4, 6, 8, 10), function(delta) {
  change <- lapply(each, function(d) d$phq0 - d$phq_post - ifelse(away[kept], delta, 0))
  s <- pool.scalar(sapply(change, mean), sapply(change, function(x) var(x) / length(x)),
                   n = sum(kept), k = 1)
  c(delta, s$qbar, sqrt(s$t), s$df)
})
add("tipping", do.call(rbind, tip))

## ---- inverse probability weights: plain and stacked standard error ------------------------------
sim$answered <- as.integer(!away)
design <- model.matrix(~ phq0 + female + unemp + factor(etype) + log(sessions), sim)
model <- glm(answered ~ design - 1, binomial, sim, control = list(epsilon = 1e-14))
chance <- fitted(model); w <- ifelse(away, 0, 1 / chance)
change <- ifelse(away, 0, sim$phq0 - sim$phq_post)
mu <- sum(w * change) / sum(w)
# stacked estimating equations: sandwich with a numerical derivative, nothing of ours in it
psi <- function(theta) {
  gamma <- theta[1:ncol(design)]; pi <- plogis(drop(design %*% gamma))
  cbind(design * (sim$answered - pi), sim$answered / pi * (change - theta[length(theta)]))
}
theta <- c(coef(model), mu)
bread <- sapply(seq_along(theta), function(j) {
  h <- 1e-5 * max(1, abs(theta[j])); up <- down <- theta; up[j] <- up[j] + h; down[j] <- down[j] - h
  (colSums(psi(up)) - colSums(psi(down))) / (2 * h)
})
stacked <- function(meat) sqrt(diag(solve(bread) %*% meat %*% t(solve(bread))))[length(theta)]
rows <- psi(theta); by_therapist <- rowsum(rows, sim$therapist); g <- nrow(by_therapist)
add("weights", list(coefficients = unname(coef(model)), mean = mu, therapists = g,
  std_error = stacked(crossprod(rows)),
  std_error_clustered = stacked(crossprod(by_therapist) * g / (g - 1))))

## ---- least squares, errors by therapist (sandwich) and by person --------------------------------
seen <- sim[!away, ]
linear <- lm(phq0 - phq_post ~ female + unemp + phq0, seen)
add("regression", list(coefficients = unname(coef(linear)),
  clustered = unname(sqrt(diag(sandwich::vcovCL(linear, cluster = seen$therapist, type = "HC1")))),
  robust = unname(sqrt(diag(sandwich::vcovHC(linear, type = "HC1"))))))

## ---- chained equations: pooled mean change and its error with many imputations -------------------
input <- sim[, c("phq_post", "phq0", "female", "unemp", "sessions")]
input$dropped <- as.integer(sim$etype == 1)
summarise <- function(mids) {
  d <- lapply(complete(mids, "all"), function(d) d$phq0 - d$phq_post)
  s <- pool.scalar(sapply(d, mean), sapply(d, function(x) var(x) / length(x)), n = nrow(sim), k = 1)
  list(mean = s$qbar, ubar = s$ubar, b = s$b, std_error = sqrt(s$t), df = s$df,
       simulation_error = sqrt(s$b / s$m), imputed_mean = mean(sapply(complete(mids, "all"),
       function(x) mean(x$phq_post[away]))), imputed_sd = mean(sapply(complete(mids, "all"),
       function(x) sd(x$phq_post[away]))), m = s$m)
}
for (method in c("norm", "pmm")) {
  add(paste0("mice_", method),
      summarise(mice(input, m = 400, maxit = 5, method = method, printFlag = FALSE, seed = 1)))
}
# the therapist as a random intercept with one residual variance (2l.pan)
input$therapist <- sim$therapist + 1; input$constant <- NULL
predictors <- make.predictorMatrix(input); predictors["phq_post", "therapist"] <- -2
method <- make.method(input); method["phq_post"] <- "2l.pan"
add("mice_2l_pan", summarise(mice(input, m = 200, maxit = 1, method = method,
    predictorMatrix = predictors, printFlag = FALSE, seed = 1)))
add("versions", list(R = R.version.string, mice = as.character(packageVersion("mice")),
    pan = as.character(packageVersion("pan"))))
write_json(golden, "missing_outcomes.json", digits = NA, auto_unbox = TRUE, pretty = FALSE)
