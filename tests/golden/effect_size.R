# Golden numbers for the statistics of change. In tests/golden: Rscript effect_size.R (seconds).
# Named functions of metafor, effectsize, stats, sandwich and plain transcriptions of formulas
# where no installed package has them (metafor 3.8-1 has neither SMCRP nor SMCRPH, and its SMCRH
# uses another variance than metafor 4.6 and Bonett 2008).
suppressPackageStartupMessages({
  library(metafor); library(effectsize); library(sandwich); library(jsonlite)
})
golden <- list()
add <- function(id, values) golden[[id]] <<- values
J <- function(m) exp(lgamma(m / 2) - log(sqrt(m / 2)) - lgamma((m - 1) / 2))

## ---- effect sizes of three sets of pairs; positive = improvement, lower is better ------------
read <- function(name, pre, post) {
  d <- read.csv(file.path("data", paste0(name, ".csv")))
  d <- d[complete.cases(d[, c(pre, post)]), ]
  list(pre = d[[pre]], post = d[[post]], therapist = d$therapist)
}
sets <- list(
  beat_the_blues_2m = read("BtheB", "bdi.pre", "bdi.2m"),
  beat_the_blues_8m = read("BtheB", "bdi.pre", "bdi.8m"),
  service = read("sim_474", "phq0", "phq_post"),
  eight = list(pre = c(22, 18, 25, 30, 17, 21, 26, 19), post = c(15, 17, 20, 31, 9, 20, 18, 12))
)
invert <- function(t, df, p) {
  # R's pt is good for noncentralities below 37.6: so are these.
  suppressWarnings(uniroot(function(ncp) pt(t, df, ncp) - p, c(t - 12, t + 12), tol = 1e-13)$root)
}
for (name in names(sets)) {
  x <- sets[[name]]$pre; y <- sets[[name]]$post; n <- length(x); m <- n - 1
  s1 <- sd(x); s2 <- sd(y); r <- cor(x, y); D <- x - y; sD <- sd(D); M <- mean(D)
  given <- list(m1i = mean(x), m2i = mean(y), sd1i = s1, sd2i = s2, ni = n, ri = r)
  rma <- function(measure) {
    e <- do.call(escalc, c(list(measure = measure), given))
    list(estimate = e$yi[1], variance = e$vi[1])
  }
  pooled <- (s1^2 + s2^2) / 2
  g_pre <- J(m) * M / s1
  g_av <- J(2 * m / (1 + r^2)) * M / sqrt(pooled)
  d_rm <- M / sD * sqrt(2 * (1 - r)); g_rm <- J(m) * d_rm
  # d_rm: numerical gradient of log h(s1^2, s2^2, s12), h = sqrt(2(1-r))/sD, normal-theory V/(n-1)
  h <- function(v) {
    r <- v[3] / sqrt(v[1] * v[2]); log(sqrt(2 * (1 - r)) / sqrt(v[1] + v[2] - 2 * v[3]))
  }
  v <- c(s1^2, s2^2, r * s1 * s2)
  grad <- sapply(1:3, function(k) {
    step <- replace(numeric(3), k, v[k] * 1e-4)
    (8 * (h(v + step) - h(v - step)) - (h(v + 2 * step) - h(v - 2 * step))) / (12 * step[k])
  })
  V <- matrix(c(2 * v[1]^2, 2 * v[3]^2, 2 * v[1] * v[3],
                2 * v[3]^2, 2 * v[2]^2, 2 * v[2] * v[3],
                2 * v[1] * v[3], 2 * v[2] * v[3], v[1] * v[2] + v[3]^2), 3)
  t <- t.test(x, y, paired = TRUE)
  limits <- c(invert(t$statistic, m, .975), invert(t$statistic, m, .025)) / sqrt(n)
  w <- function(correct) suppressWarnings(
    wilcox.test(x, y, paired = TRUE, exact = FALSE, correct = correct))
  rb <- rank_biserial(x, y, paired = TRUE)
  # effectsize 0.8.3 counts sum(x != 0) where its formula wants sum(x - y != 0), so with unchanged
  # patients its limits depend on which score is named first; `low` and `high` are the formula's.
  nd <- sum(D != 0)
  rbs <- tanh(atanh(rb$r_rank_biserial) + c(-1, 1) * qnorm(.975) *
    sqrt((2 * nd^3 + 3 * nd^2 + nd) / 6) / ((nd^2 + nd) / 2))
  # rank-biserial correlation as a U statistic: mean sign of D_i + D_j, Sen's variance
  moved <- D[D != 0]; sums <- sign(outer(moved, moved, "+")); diag(sums) <- 0
  hs <- rowSums(sums) / (nd - 1)
  # Fieller: theta where the paired t of D - theta x is just significant
  far <- function(theta) {
    e <- D - theta * x; (mean(e) / (sd(e) / sqrt(n)))^2 - qt(.975, m)^2
  }
  ratio <- M / mean(x)
  fieller <- 100 * c(uniroot(far, c(ratio - 3, ratio), tol = 1e-14)$root,
                     uniroot(far, c(ratio, ratio + 3), tol = 1e-14)$root)
  add(name, list(
    n = n, pre = x, post = y, hedges_j = J(m),
    smcc = rma("SMCC"), smcr = rma("SMCR"),
    smcrh = list(estimate = g_pre, variance = sD^2 / (s1^2 * m) + g_pre^2 / (2 * m)),
    smcrp = list(estimate = g_av, variance = 2 * (1 - r) / n + g_av^2 * (1 + r^2) / (4 * n)),
    smcrph = list(estimate = g_av, variance = sD^2 / (pooled * m) +
      g_av^2 * (s1^4 + s2^4 + 2 * r^2 * s1^2 * s2^2) / (8 * pooled^2 * m)),
    d_rm = list(estimate = g_rm,
                variance = (2 * (1 - r) + g_rm^2 * drop(grad %*% V %*% grad)) / m),
    d_z = list(estimate = M / sD, low = limits[1], high = limits[2]),
    cohens_d = cohens_d(x, y, paired = TRUE)$Cohens_d,
    hedges_g = hedges_g(x, y, paired = TRUE)$Hedges_g,
    t = list(estimate = unname(t$estimate), low = t$conf.int[1], high = t$conf.int[2],
             statistic = unname(t$statistic), df = unname(t$parameter), p = t$p.value,
             std_error = t$stderr),
    percentage = list(estimate = 100 * ratio, low = fieller[1], high = fieller[2]),
    wilcoxon = list(V = unname(w(TRUE)$statistic), p_corrected = w(TRUE)$p.value,
                    p_plain = w(FALSE)$p.value),
    rank_biserial = list(estimate = rb$r_rank_biserial, low = rbs[1], high = rbs[2],
                         effectsize_low = rb$CI_low, unchanged = n - nd,
                         std_error = sqrt(4 * (nd - 1) * sum((hs - mean(hs))^2) / nd) / (nd - 2))
  ))
}
add("service_therapist", sets$service$therapist)

## ---- rates -----------------------------------------------------------------------------------
counts <- list(c(81, 263), c(15, 148), c(0, 20), c(5, 5), c(317, 474))
add("wilson", lapply(counts, function(k) {
  ci <- suppressWarnings(prop.test(k[1], k[2], correct = FALSE))$conf.int
  list(numerator = k[1], denominator = k[2], low = ci[1], high = ci[2])
}))
better <- as.numeric(sets$service$pre - sets$service$post >= 6)
fit <- lm(better ~ 1)
left_out <- vapply(unique(sets$service$therapist),
                   function(g) mean(better[sets$service$therapist != g]), 0)
groups <- length(left_out)
add("clustered_rate", list(
  estimate = mean(better),
  std_error_jackknife = sqrt((groups - 1) / groups * sum((left_out - mean(left_out))^2)),
  std_error = sqrt(drop(vcovCL(fit, cluster = sets$service$therapist, type = "HC0",
                               cadjust = TRUE)))))

## ---- ordered ratings -------------------------------------------------------------------------
stuart_maxwell <- function(tab) {  # transcription, last level dropped
  k <- nrow(tab); d <- (rowSums(tab) - colSums(tab))[-k]
  S <- diag(rowSums(tab) + colSums(tab)) - tab - t(tab); S <- S[-k, -k]
  drop(t(d) %*% solve(S) %*% d)
}
vision <- matrix(c(1520, 234, 117, 36, 266, 1512, 362, 82, 124, 432, 1772, 179, 66, 78, 205, 492),
                 4)  # Stuart (1953): unaided distance vision of 7477 women
severity <- matrix(c(20, 12, 5, 2, 3, 30, 18, 9, 1, 6, 25, 14, 2, 1, 4, 10), 4)
for (name in c("vision", "severity")) {
  tab <- get(name); b <- mcnemar.test(tab); s <- stuart_maxwell(tab)
  add(name, list(table = tab, stuart_maxwell = s, stuart_maxwell_p = pchisq(s, 3, lower = FALSE),
                 bowker = unname(b$statistic), bowker_df = unname(b$parameter),
                 bowker_p = b$p.value))
}
two <- matrix(c(59, 6, 16, 80), 2)
add("mcnemar", list(table = two,
  corrected = unname(mcnemar.test(two)$statistic), p_corrected = mcnemar.test(two)$p.value,
  plain = unname(mcnemar.test(two, correct = FALSE)$statistic),
  p_plain = mcnemar.test(two, correct = FALSE)$p.value,
  p_exact = binom.test(6, 22)$p.value,
  p_mid = binom.test(6, 22)$p.value - dbinom(6, 22, .5)))

## ---- differences between groups --------------------------------------------------------------
a <- c(30, 50, 15, 5); b <- c(60, 80, 40, 30); ta <- a / sum(a); tb <- b / sum(b)
S <- (diag(ta) - ta %o% ta + diag(tb) - tb %o% tb) / 2
d <- sqrt(drop(t((ta - tb)[-1]) %*% solve(S[-1, -1]) %*% (ta - tb)[-1]))
add("categories", list(group = a, reference = b, estimate = d,
  std_error = sqrt(310 / (100 * 210) + d^2 / (2 * 310))))

## ---- regression to the mean: the truncated normal, integrated --------------------------------
rtm <- function(mu, sigma, rho, cut, m) {
  between <- rho * sigma^2; spread <- sqrt(between + (1 - rho) * sigma^2 / m)
  # E(baseline mean - true score | baseline mean > cut), true score regressed on the baseline mean
  f <- function(x) (x - mu) * (1 - between / spread^2) * dnorm(x, mu, spread)
  integrate(f, cut, mu + 40 * sigma, rel.tol = 1e-12, subdivisions = 4000)$value /
    pnorm(cut, mu, spread, lower = FALSE)
}
grid <- expand.grid(mu = c(18.3, 4.8), sigma = c(7.1, 4.3), rho = c(.6, .9), cut = c(10, 15),
                    m = c(1, 3))
grid$rtm <- mapply(rtm, grid$mu, grid$sigma, grid$rho, grid$cut, grid$m)
add("regression_beyond_cutoff", as.list(grid))
mu <- c(4.8, 10, 14.8, 18.3)
mee <- lapply(mu, function(u) {
  s <- coef(summary(lm(post ~ I(pre - u), sets$service)))
  c(s[1, 1] - u, s[1, 2], confint(lm(post ~ I(pre - u), sets$service))[1, ] - u,
    2 * pt(-abs((s[1, 1] - u) / s[1, 2]), length(sets$service$pre) - 2), s[2, 1])
})
add("mee_chua", list(mu = mu, change = sapply(mee, `[`, 1), std_error = sapply(mee, `[`, 2),
  low = sapply(mee, `[`, 3), high = sapply(mee, `[`, 4), p = sapply(mee, `[`, 5),
  slope = mee[[1]][6]))

## ---- reliable change -------------------------------------------------------------------------
x <- sets$service$pre; y <- sets$service$post; r <- .86
s <- sd(x); sem <- s * sqrt(1 - r); mx <- mean(x); my <- mean(y); sy <- sd(y)
r2 <- (sy^2 - sem^2) / sy^2; r1 <- (s^2 - sem^2) / s^2; c12 <- cor(x, y)
rdd <- (s^2 * r1 + sy^2 * r2 - 2 * s * sy * c12) / (s^2 + sy^2 - 2 * s * sy * c12)
index <- list(
  jacobson_truax = (y - x) / sqrt(2 * sem^2),
  gulliksen_lord_novick = ((y - mx) - r * (x - mx)) / (s * sqrt(1 - r^2)),
  hsu_linn_lord = ((y - my) - r * (x - mx)) / (s * sqrt(1 - r^2)),
  edwards_nunnally = (y - (r * (x - mx) + mx)) / sem,
  nunnally_kotsch = (y - (r * (x - mx) + mx)) / sqrt(r^2 * s^2 * (1 - r) + s^2 * (1 - .8)),
  hageman_arrindell = ((y - x) * rdd + (my - mx) * (1 - rdd)) / (sqrt(rdd) * sqrt(2 * sem^2)))
critical <- c(1.96, 1.96, 1.96, 1.96, 1.96, 1.65)
add("reliable_change", list(reliability = r, reliability_post = .8, value = 1.96 * sqrt(2) * sem,
  first = lapply(index, function(v) -v[1:20]),
  better = as.list(setNames(mapply(function(v, k) sum(v < -k), index, critical), names(index))),
  worse = as.list(setNames(mapply(function(v, k) sum(v > k), index, critical), names(index)))))

## ---- BCa limits of given draws ---------------------------------------------------------------
draws <- qgamma(ppoints(999), 4); jack <- c(3.1, 3.9, 4.4, 2.7, 5.9, 3.3, 4.1)
z0 <- qnorm(mean(draws < 3.8)); dev <- mean(jack) - jack
acc <- sum(dev^3) / (6 * sum(dev^2)^1.5); z <- z0 + qnorm(c(.025, .975))
add("bca", list(draws = draws, jackknife = jack, estimate = 3.8,
  limits = unname(quantile(draws, pnorm(z0 + z / (1 - acc * z)), type = 7))))

golden$made_with <- list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
  effectsize = as.character(packageVersion("effectsize")),
  sandwich = as.character(packageVersion("sandwich")))
write_json(golden, "effect_size.json", digits = I(17), auto_unbox = TRUE)
