# lm with sandwich::vcovHC (HC1) on ridits, t.test, and a funnel by its formulas in base R.
# Run in tests/golden:  Rscript inequality.R   (writes inequality.json)
suppressPackageStartupMessages({library(sandwich); library(jsonlite)})
set.seed(11)
n <- 400
group <- sample(1:10, n, TRUE, prob = c(4:8, 8:4))
x <- rnorm(n, 20 - 0.3 * group, 5)
y <- rbinom(n, 1, plogis(-1 + 0.15 * group - 0.03 * (x - 20)))
size <- as.numeric(table(group))
rank <- ((cumsum(size) - size / 2) / n)[group]
index <- function(covariate) {
  m <- if (covariate) lm(y ~ rank + I(x - mean(x))) else lm(y ~ rank)
  v <- vcovHC(m, "HC1"); b <- coef(m)
  low <- b[[1]]; high <- b[[1]] + b[[2]]
  g <- c(1 / high - 1 / low, 1 / high)
  list(sii = b[[2]], se = sqrt(v[2, 2]), rii = high / low, log_se = sqrt(drop(g %*% v[1:2, 1:2] %*% g)),
    half = qt(.975, df.residual(m)))
}
welch <- t.test(x[group > 5], x[group <= 5])
hits <- c(12, 30, 8, 55, 20, 41); people <- c(40, 60, 35, 90, 50, 120)
theta <- sum(hits) / sum(people)
s <- 1 / (2 * sqrt(people)); z <- (asin(sqrt(hits / people)) - asin(sqrt(theta))) / s
q <- quantile(z, c(.1, .9)); w <- pmin(pmax(z, q[[1]]), q[[2]]); phi <- mean(w^2); i <- length(z)
wt <- 1 / s^2
tau2 <- max(0, (i * phi - (i - 1)) / (sum(wt) - sum(wt^2) / sum(wt)))
code <- factor(ifelse(group <= 3, 0, ifelse(group <= 6, 1, 2)))
dm <- lm(y ~ code + x)
out <- list(group = group, x = x, y = y, crude = index(FALSE), adjusted = index(TRUE),
  welch = list(difference = unname(welch$estimate[1] - welch$estimate[2]), ci = as.numeric(welch$conf.int),
    df = unname(welch$parameter), p = welch$p.value),
  dummies = list(beta = unname(coef(dm)[2:3]), se = unname(sqrt(diag(vcovHC(dm, 'HC1')))[2:3])),
  funnel = list(hits = hits, people = people, target = theta, z = z, phi = phi, tau2 = tau2,
    zd = (asin(sqrt(hits / people)) - asin(sqrt(theta))) / sqrt(s^2 + tau2)),
  meta = list(r = R.version.string, sandwich = as.character(packageVersion("sandwich"))))
writeLines(toJSON(out, digits = I(17), auto_unbox = TRUE, pretty = 1), "inequality.json")
