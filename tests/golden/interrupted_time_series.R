# lm with sandwich::NeweyWest, and XmR limits by their formulas in base R.
# Run in tests/golden:  Rscript interrupted_time_series.R   (writes interrupted_time_series.json)
suppressPackageStartupMessages({library(sandwich); library(jsonlite)})
# monthly drivers killed or seriously injured (R's own data set Seatbelts); the belt law came in February 1983
series <- as.numeric(datasets::Seatbelts[, "drivers"])
law <- as.numeric(datasets::Seatbelts[, "law"])
fit <- function(y, after, time, lag) {
  since <- time - time[after == 1][1]
  m <- lm(y ~ since + after + I(since * after))
  v <- NeweyWest(m, lag = lag, prewhite = FALSE, adjust = TRUE)
  list(coefficients = unname(coef(m)), se = unname(sqrt(diag(v))),
    p = unname(2 * pt(-abs(coef(m) / sqrt(diag(v))), df.residual(m))),
    dw = sum(diff(resid(m))^2) / sum(resid(m)^2))
}
kept <- seq_along(series) != 170  # the month of the change left out
deaths <- as.numeric(datasets::ldeaths)
range <- abs(diff(deaths)); mean_range <- mean(range)
screened <- mean(range[range < 3.267 * mean_range])
out <- list(
  series = series, law = law,
  lag4 = fit(series, law, seq_along(series), 4),
  lag0 = fit(series, law, seq_along(series), 0),
  gap = fit(series[kept], law[kept], seq_along(series)[kept], 4),
  xmr = list(values = deaths, mean = mean(deaths),
    lower = mean(deaths) - 2.66 * screened, upper = mean(deaths) + 2.66 * screened),
  meta = list(r = R.version.string, sandwich = as.character(packageVersion("sandwich")))
)
writeLines(toJSON(out, digits = I(17), auto_unbox = TRUE, na = "null", pretty = 1),
  "interrupted_time_series.json")
