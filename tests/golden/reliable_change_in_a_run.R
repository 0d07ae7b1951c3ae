# Jacobson and Truax's criterion from a cohort's own spread, and who changed by it, from the extract of Beat the Blues:
# half a BDI point read as a clinical score of CORE-OM (reliability 0.94, cut-off 10), so that a criterion exists.
# Run in tests/golden: Rscript reliable_change_in_a_run.R   (needs jsonlite)
b <- read.csv("data/BtheB_extract.csv", check.names = FALSE)
first <- b$bdi.pre / 2
last <- b$bdi.2m / 2
both <- !is.na(first) & !is.na(last)
# the sample is everyone who started and has a first score, with a last one or not
criterion <- 1.96 * sqrt(2) * sd(first, na.rm = TRUE) * sqrt(1 - 0.94)
of_pairs_only <- 1.96 * sqrt(2) * sd(first[both]) * sqrt(1 - 0.94)
change <- (first - last)[both]
case <- first[both] >= 10
improved <- change >= criterion
worse <- -change >= criterion
recovered <- improved & case & last[both] < 10
wilson <- function(x, n) prop.test(x, n, correct = FALSE)$conf.int[1:2]
rate <- function(x, n) list(numerator = sum(x), denominator = n, conf = wilson(sum(x), n))
jsonlite::write_json(list(
  criterion = criterion, of_pairs_only = of_pairs_only,
  reliable_improvement = list(paired = rate(improved, sum(both)), started = rate(improved, nrow(b))),
  reliable_deterioration = list(paired = rate(worse, sum(both)), started = rate(worse, nrow(b))),
  recovery = list(paired = rate(recovered, sum(case)), started = rate(recovered, sum(first >= 10, na.rm = TRUE)))
), "reliable_change_in_a_run.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
