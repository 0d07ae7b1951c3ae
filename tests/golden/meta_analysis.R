# Golden numbers for pooling. In tests/golden: Rscript meta_analysis.R (about a minute).
# metafor 3.8-1 on its own data sets and on simulated services; lme4 for counts by band; the exact likelihood of
# a random-intercept logistic model by stats::integrate as a witness of its own.
suppressPackageStartupMessages({ library(metafor); library(lme4); library(jsonlite) })
golden <- list()
add <- function(id, values) golden[[id]] <<- values
tight <- list(tol = 1e-13, threshold = 1e-13, maxiter = 10000)

# the tightest search that reports success, the highest likelihood among them
rma_mv <- function(...) {
  searches <- list(list(optimizer = "nlminb", rel.tol = 1e-12), list(optimizer = "nlminb"),
    list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-15, maxit = 5000),
    list(optimizer = "optim", optmethod = "Nelder-Mead", reltol = 1e-16, maxit = 20000))
  fits <- lapply(searches, function(s) tryCatch(do.call(rma.mv, c(list(...), list(control = s))), error = function(e) { message(conditionMessage(e)); NULL }))
  fits <- Filter(Negate(is.null), fits)
  fits[[which.max(sapply(fits, function(m) as.vector(logLik(m))))]]
}

numbers <- function(m) list(
  beta = as.vector(m$beta), se = m$se, low = m$ci.lb, high = m$ci.ub, statistic = as.vector(m$zval),
  p = m$pval, tau2 = m$tau2, i2 = m$I2 / 100, h2 = m$H2, q = m$QE, q_p = m$QEp)

## ---- random effects ----------------------------------------------------------------------------
bcg <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
smoke <- dat.hackshaw1998
stroke <- escalc("MD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.normand1999)
set.seed(7)
many_v <- runif(40, .005, .06)
sets <- list(
  bcg = list(y = as.vector(bcg$yi), v = as.vector(bcg$vi)),
  smoke = list(y = as.vector(smoke$yi), v = as.vector(smoke$vi)),
  stroke = list(y = as.vector(stroke$yi), v = as.vector(stroke$vi)),
  forty = list(y = rnorm(40, .8, sqrt(.03 + many_v)), v = many_v),
  four_alike = list(y = c(.30, .31, .29, .305), v = c(.02, .03, .025, .01)),
  three = list(y = c(.1, .5, .9), v = c(.02, .03, .025)),
  two = list(y = c(.2, .9), v = c(.02, .05)))
methods <- c(reml = "REML", paule_mandel = "PM", dersimonian_laird = "DL", common_effect = "FE")
tests <- c(hksj = "knha", hksj_not_below = "adhoc", normal = "z")
for (set in names(sets)) {
  d <- sets[[set]]
  tight$threshold <- max(1e-13, 1e-12 * var(d$y))  # Fisher scoring stops at an absolute change
  out <- list(y = d$y, se = sqrt(d$v))
  for (method in names(methods)) for (test in names(tests)) {
    if (method == "common_effect" && test != "normal") next
    m <- rma(d$y, d$v, method = methods[[method]], test = tests[[test]], control = tight)
    v <- numbers(m)
    if (method != "common_effect" && length(d$y) > 2) {
      riley <- predict(m, pi.type = "riley"); plain <- predict(m)
      v$prediction_k_minus_2 <- c(riley$pi.lb, riley$pi.ub)
      if (test != "normal") v$prediction_k_minus_1 <- c(plain$pi.lb, plain$pi.ub)
    }
    if (method == "reml" && test == "hksj") {
      ci <- confint(m, control = c(tight, tau2.max = 1e5))$random
      v$tau2_limits <- ci[1, 2:3]; v$i2_limits <- ci[3, 2:3] / 100
    }
    out[[paste(method, test, sep = "/")]] <- v
  }
  if (length(d$y) > 2) {
    m <- rma(d$y, d$v, test = "knha", control = tight)
    l <- leave1out(m)
    out$leave_one_out <- list(estimate = l$estimate, se = l$se, low = l$ci.lb, high = l$ci.ub, tau2 = l$tau2, i2 = l$I2 / 100)
    if (length(d$y) > 3) {
      i <- influence(m)
      out$influence <- c(as.list(as.data.frame(i$inf))[c("rstudent", "dffits", "cook.d", "cov.r", "tau2.del", "QE.del", "hat")],
                         list(dfbs = as.data.frame(i$dfbs)[[1]]))
    }
  }
  add(set, out)
}

## ---- moderators and subgroups ------------------------------------------------------------------
for (test in names(tests)) {
  m <- rma(yi, vi, mods = ~ ablat + year, data = bcg, test = tests[[test]], control = tight)
  add(paste0("moderators/", test), c(numbers(m), list(
    y = as.vector(bcg$yi), error = sqrt(as.vector(bcg$vi)), design = unname(cbind(1, bcg$ablat, bcg$year)),
    qm = as.vector(m$QM), qm_p = m$QMp)))
}
parts <- lapply(split(bcg, bcg$alloc), function(d) rma(yi, vi, data = d, test = "z", control = tight))
between <- rma(sapply(parts, function(m) as.vector(m$beta)), sei = sapply(parts, function(m) m$se), method = "FE")
add("subgroups", list(groups = bcg$alloc, estimate = lapply(parts, function(m) as.vector(m$beta)),
                      tau2 = lapply(parts, function(m) m$tau2), statistic = between$QE, p = between$QEp))

## ---- services in trusts ------------------------------------------------------------------------
school <- dat.konstantopoulos2011
nested <- function(id, y, v, outer, inner) {
  d <- data.frame(trust_of = outer, service_of = inner)
  m <- rma_mv(y, v, random = list(~ 1 | trust_of, ~ 1 | service_of), test = "t", dfs = "contain", data = d)
  single <- rma_mv(y, v, random = ~ 1 | service_of, data = d)
  add(id, list(y = as.vector(y), error = sqrt(as.vector(v)), outer = as.character(outer), sigma2 = m$sigma2,
    beta = as.vector(m$beta), se = m$se, low = m$ci.lb, high = m$ci.ub, df = m$ddf, log_likelihood = as.vector(logLik(m)),
    log_likelihood_single = as.vector(logLik(single))))
}
nested("nested/schools", school$yi, school$vi, factor(school$district), factor(seq_len(nrow(school))))
set.seed(11)
trust <- rep(1:8, times = c(3, 5, 2, 4, 6, 3, 2, 5))
tv <- runif(30, .01, .05)
ty <- .7 + rnorm(8, 0, .25)[trust] + rnorm(30, 0, .1) + rnorm(30, 0, sqrt(tv))
nested("nested/trusts", ty, tv, factor(trust), factor(1:30))
set.seed(12)
nested("nested/no_trust_effect", .7 + rnorm(30, 0, .3) + rnorm(30, 0, sqrt(tv)), tv, factor(trust), factor(1:30))

## ---- several coefficients at once --------------------------------------------------------------
several <- function(id, y, V, study, term, struct) {
  d <- data.frame(which = factor(term), service_of = study)
  m <- rma_mv(y, V, mods = ~ 0 + which, random = ~ which | service_of, struct = struct, data = d)
  add(id, list(y = y, V = unname(as.matrix(V)), study = as.character(study), term = as.character(term),
    beta = as.vector(m$beta), se = m$se, tau2 = m$tau2, rho = m$rho, vcov = unname(m$vb), log_likelihood = as.vector(logLik(m))))
}
b <- dat.berkey1998
V <- bldiag(lapply(split(b[, c("v1i", "v2i")], b$trial), as.matrix))
several("several/berkey_unstructured", b$yi, V, b$trial, b$outcome, "UN")
several("several/berkey_diagonal", b$yi, V, b$trial, b$outcome, "DIAG")
set.seed(13)
k <- 15; p <- 3
S <- lapply(1:k, function(i) { L <- matrix(rnorm(9, 0, .1), 3); L %*% t(L) + diag(.01, 3) })
G <- matrix(c(.09, .03, -.02, .03, .05, .01, -.02, .01, .04), 3)
yy <- unlist(lapply(1:k, function(i) c(1, -.5, .2) + as.vector(t(chol(G)) %*% rnorm(3)) + as.vector(t(chol(S[[i]])) %*% rnorm(3))))
study <- rep(1:k, each = p); term <- rep(c("a", "b", "c"), k)
gone <- c(3, 10, 11, 27)  # terms some services could not estimate
VV <- as.matrix(bldiag(S))[-gone, -gone]
several("several/simulated_unstructured", yy[-gone], VV, study[-gone], term[-gone], "UN")
several("several/simulated_diagonal", yy[-gone], VV, study[-gone], term[-gone], "DIAG")

## ---- proportions -------------------------------------------------------------------------------
of_counts <- function(x, n, eta) dbinom(x, n, plogis(eta), log = TRUE)
of_effective <- function(x, n, eta)  # the same of numbers that are not whole
  lgamma(n + 1) - lgamma(x + 1) - lgamma(n - x + 1) + x * plogis(eta, log.p = TRUE) + (n - x) * plogis(-eta, log.p = TRUE)
exact <- function(x, n, par, density = of_counts) {  # log-likelihood by adaptive integration, one service at a time
  mu <- par[1]; s <- exp(par[2])
  sum(mapply(function(x, n) {
    mode <- optimize(function(u) density(x, n, mu + s * u) + dnorm(u, log = TRUE), c(-12, 12), maximum = TRUE)
    f <- function(u) exp(density(x, n, mu + s * u) + dnorm(u, log = TRUE) - mode$objective)
    m <- mode$maximum
    log(integrate(f, m - 12, m, rel.tol = 1e-12, subdivisions = 2000)$value +
        integrate(f, m, m + 12, rel.tol = 1e-12, subdivisions = 2000)$value) + mode$objective
  }, x, n))
}
proportions <- function(id, x, n) {
  m <- rma.glmm(measure = "PLO", xi = x, ni = n, nAGQ = 100, test = "t")
  f <- function(par) -exact(x, n, par)
  o <- nlminb(c(as.vector(m$beta), log(sqrt(m$tau2))), f, control = list(rel.tol = 1e-14, x.tol = 1e-12))
  H <- numDeriv_hessian(f, o$par)
  add(id, list(x = x, n = n, rma_glmm = list(beta = as.vector(m$beta), se = m$se, tau2 = m$tau2, low = m$ci.lb, high = m$ci.ub,
        log_likelihood = as.vector(logLik(m))),
      exact = list(beta = o$par[1], tau2 = exp(2 * o$par[2]), se = sqrt(solve(H)[1, 1]), log_likelihood = -o$objective)))
}
numDeriv_hessian <- function(f, x, h = 1e-3) {  # fourth-order central differences
  p <- length(x); H <- matrix(0, p, p)
  e <- function(i, s) replace(numeric(p), i, s * h)
  d1 <- function(i, at) (8 * (f(at + e(i, 1)) - f(at - e(i, 1))) - (f(at + e(i, 2)) - f(at - e(i, 2)))) / (12 * h)
  for (i in 1:p) for (j in 1:p)
    H[i, j] <- (8 * (d1(i, x + e(j, 1)) - d1(i, x - e(j, 1))) - (d1(i, x + e(j, 2)) - d1(i, x - e(j, 2)))) / (12 * h)
  (H + t(H)) / 2
}
proportions("proportions/pritz", dat.pritz1997$xi, dat.pritz1997$ni)
set.seed(17)
n <- sample(seq(100, 600, 5), 20)
proportions("proportions/services", rbinom(20, n, plogis(-.4 + rnorm(20, 0, .35))), n)
proportions("proportions/rare", c(0, 1, 0, 12, 2, 0, 30, 1), c(60, 80, 45, 120, 90, 30, 200, 75))

## ---- rates of people who share therapists: counts over design effects (Rao and Scott 1992) --------
# design effects that leave whole numbers: metafor takes them; others: the likelihood above
x <- c(30, 48, 84, 40, 66, 150, 21, 90); n <- c(90, 132, 162, 140, 174, 300, 72, 210); d <- c(1, 2, 3, 2, 1, 3, 1.5, 2)
m <- rma.glmm(measure = "PLO", xi = x / d, ni = n / d, nAGQ = 100, test = "t")
add("effective/whole", list(x = x, n = n, d = d, beta = as.vector(m$beta), tau2 = m$tau2, low = m$ci.lb, high = m$ci.ub,
  log_likelihood = as.vector(logLik(m))))
d <- c(1, 1.37, 2.9, 1.83, 1, 4.1, 1.52, 2.25)
f <- function(par) -exact(x / d, n / d, par, of_effective)
o <- nlminb(c(-.6, log(.3)), f, control = list(rel.tol = 1e-14, x.tol = 1e-12))
add("effective/not_whole", list(x = x, n = n, d = d, beta = o$par[1], tau2 = exp(2 * o$par[2]),
  se = sqrt(solve(numDeriv_hessian(f, o$par))[1, 1]), log_likelihood = -o$objective))
# people behind Wilson's limits: prop.test without correction, and with another quantile (the t of few therapists)
w <- data.frame(x = c(30, 3, 59), n = c(100, 60, 60))
ci <- t(mapply(function(x, n) prop.test(x, n, correct = FALSE)$conf.int, w$x, w$n))
add("effective/people", list(share = w$x / w$n, low = ci[, 1], high = ci[, 2], quantile = qnorm(.975), people = w$n))

## ---- endings by band: complementary log-log curves with a random intercept by service -----------
set.seed(19)
k <- 9
effect <- rnorm(k, 0, .4)
bands <- do.call(rbind, lapply(1:k, function(s) {
  left <- 200 + 20 * s; out <- list()
  for (b in 1:4) {
    d <- rbinom(1, left, 1 - exp(-exp(c(-2.2, -2.6, -2.8, -3)[b] + effect[s])))
    out[[b]] <- data.frame(service = s, band = b, n = left, d = d); left <- left - d - rbinom(1, left - d, .08)
  }
  do.call(rbind, out)
}))
bands <- bands[!(bands$service == 4 & bands$band == 4), ]
curve <- do.call(rbind, lapply(split(bands, bands$service), function(e) {
  h <- e$d / e$n; L <- cumsum(-log(1 - h)); w <- cumsum(h / (e$n * (1 - h)))
  list(y = log(L), V = outer(seq_along(L), seq_along(L), function(i, j) w[pmin(i, j)]) / outer(L, L))
}))
m <- rma_mv(unlist(curve[, 1]), bldiag(curve[, 2]), mods = ~ 0 + factor(bands$band), random = ~ 1 | service, data = bands)
add("bands", list(service = bands$service, band = bands$band, n = bands$n, d = bands$d, beta = as.vector(m$beta), se = m$se, tau2 = m$sigma2))

## ---- funnel: Spiegelhalter 2005, additive over-dispersion of winsorised z scores -----------------
d <- sets$forty; s <- sqrt(d$v); target <- weighted.mean(d$y, 1 / d$v)
z <- (d$y - target) / s; q <- quantile(z, c(.1, .9), type = 7); zw <- pmin(pmax(z, q[1]), q[2])
phi <- mean(zw^2); w <- 1 / d$v
tau2 <- max(0, (length(z) * phi - (length(z) - 1)) / (sum(w) - sum(w^2) / sum(w)))
add("funnel", list(target = target, phi = phi, tau2 = tau2, z = (d$y - target) / sqrt(d$v + tau2)))

write_json(list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
  lme4 = as.character(packageVersion("lme4")), golden = golden), "meta_analysis.json", digits = NA, auto_unbox = TRUE, pretty = 1)
