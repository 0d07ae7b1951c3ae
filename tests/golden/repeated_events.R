# Missed sessions in a row: expectations and variances by enumerating every order of a person's bookings, and linearised
# errors written out. Run in tests/golden:  Rscript repeated_events.R   (writes repeated_events.json)
suppressPackageStartupMessages(library(jsonlite))

# mean and variance of the pairs of events in a row, and mean of the pairs "none, then event", over all orders
enumerate <- function(total, events) {
  orders <- if (events == 0) list(integer(0)) else combn(total, events, simplify = FALSE)
  both <- sapply(orders, function(at) { x <- replace(integer(total), at, 1); sum(x[-1] == 1 & x[-total] == 1) })
  second <- sapply(orders, function(at) { x <- replace(integer(total), at, 1); sum(x[-1] == 1 & x[-total] == 0) })
  first <- sapply(orders, function(at) { x <- replace(integer(total), at, 1); sum(x[-total] == 1) })
  c(both = mean(both), variance = mean((both - mean(both))^2), second = mean(second), first = mean(first))
}

set.seed(20240901)
sizes <- c(2, 3, 5, 5, 6, 7, 8, 8, 9, 9, 10, 10, 4, 6, 7, 1)
series <- lapply(seq_along(sizes), function(i) rbinom(sizes[i], 1, 0.15 + 0.04 * (i %% 9)))
person <- rep(seq_along(sizes), sizes)

sums <- t(sapply(series[sizes > 1], function(x) {
  n <- length(x); expected <- enumerate(n, sum(x))
  c(both = sum(x[-1] == 1 & x[-n] == 1), first = sum(x[-n]), second = sum(x[-1] == 1 & x[-n] == 0),
    none = sum(x[-n] == 0), e_both = expected[["both"]], e_first = expected[["first"]],
    e_second = expected[["second"]], e_none = n - 1 - expected[["first"]], variance = expected[["variance"]])
}))
ratio <- function(top, bottom) {
  r <- sum(sums[, top]) / sum(sums[, bottom])
  list(value = r, pull = (sums[, top] - r * sums[, bottom]) / sum(sums[, bottom]))
}
error <- function(pull) { n <- length(pull); sqrt(n / (n - 1) * sum(pull^2)) }
a <- ratio("both", "first"); b <- ratio("second", "none")
c <- ratio("e_both", "e_first"); d <- ratio("e_second", "e_none")
z <- sum(sums[, "both"] - sums[, "e_both"]) / sqrt(sum(sums[, "variance"]))
write_json(list(
  event = unlist(series), person = person,
  after_event = c(a$value, error(a$pull)), after_none = c(b$value, error(b$pull)),
  expected_after_event = c(c$value, error(c$pull)), expected_after_none = c(d$value, error(d$pull)),
  total = c(a$value - b$value, error(a$pull - b$pull)),
  between = c(c$value - d$value, error(c$pull - d$pull)),
  within = c(a$value - b$value - c$value + d$value, error(a$pull - b$pull - c$pull + d$pull)),
  p_value = 2 * pnorm(-abs(z)), n_people = nrow(sums), n_pairs = sum(sizes - 1)
), "repeated_events.json", digits = 15, auto_unbox = TRUE)
