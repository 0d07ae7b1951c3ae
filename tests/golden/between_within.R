# Between-within degrees of freedom: nlme counts them for the same designs (Pinheiro and Bates 2000, section 2.4.2).
# Rscript tests/golden/between_within.R   (in tests/golden)
suppressPackageStartupMessages({library(nlme); library(jsonlite)})

therapist <- rep(1:9, times = c(4, 6, 5, 7, 4, 8, 5, 6, 5))
n <- length(therapist)
row <- seq_len(n)
d <- data.frame(
  therapist = therapist,
  age = sin(1.7 * row),
  session = row %% 3,
  experience = cos(2.3 * therapist),
  trained = as.numeric(therapist %% 2 == 0)
)
d$score <- 10 + 2 * d$age + d$experience + 1.5 * cos(5.1 * therapist) + sin(3.9 * row) * 2

freedom <- function(formula) {
  fit <- lme(formula, random = ~ 1 | therapist, data = d)
  as.list(fit$fixDF$X)
}
out <- list(
  data = d,
  one = freedom(score ~ age + experience),
  two = freedom(score ~ age + session + experience + trained),
  version = paste("R", getRversion(), "nlme", packageVersion("nlme"))
)
write(toJSON(out, digits = 16, auto_unbox = TRUE, pretty = TRUE), "between_within.json")
