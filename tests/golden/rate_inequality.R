# glm (poisson, log link, offset) on ridits of the population: relative and slope index of inequality of a rate.
# Run in tests/golden:  Rscript rate_inequality.R   (writes rate_inequality.json)
suppressPackageStartupMessages(library(jsonlite))
index <- function(x, n) {
  r <- (cumsum(n) - n / 2) / sum(n)
  m <- glm(x ~ r + offset(log(n)), family = poisson, control = list(epsilon = 1e-15, maxit = 100))
  df <- length(x) - 2
  phi <- max(1, sum(residuals(m, "pearson")^2) / df)
  v <- vcov(m) * phi; b <- coef(m)
  low <- exp(b[[1]]); high <- exp(b[[1]] + b[[2]])
  g <- c(high - low, high); t <- qt(.975, df)
  se <- sqrt(drop(g %*% v %*% g)) * 1e5
  list(events = x, population = n, dispersion = phi, rii = high / low, log_se = sqrt(v[2, 2]),
    rii_ci = exp(b[[2]] + c(-1, 1) * t * sqrt(v[2, 2])), sii = (high - low) * 1e5, se = se,
    sii_ci = (high - low) * 1e5 + c(-1, 1) * t * se)
}
out <- list(
  spread = index(c(180, 150, 161, 120, 96, 118, 80, 61, 70, 40), c(52, 50, 49, 51, 48, 50, 47, 52, 50, 51) * 1000),
  poisson = index(c(20, 24, 22, 27, 28, 30, 29, 33, 34, 36), c(30, 28, 26, 27, 25, 26, 24, 25, 24, 23) * 1000),
  meta = list(r = R.version.string))
writeLines(toJSON(out, digits = I(17), auto_unbox = TRUE, pretty = 1), "rate_inequality.json")
