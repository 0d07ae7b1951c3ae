"""Publications behind the methods, as far as docstrings and docs/methods.md name them."""

from __future__ import annotations

from collections.abc import Iterable

# by the words in which a paragraph cites them
SOURCES = {
    "Aalen and Johansen 1978": "Aalen OO, Johansen S (1978). An empirical transition matrix for non-homogeneous Markov "
    "chains based on censored observations. Scandinavian Journal of Statistics 5: 141-150.",
    "Andersen 2013": "Andersen (2013). Statistics in Medicine 32: 5278.",
    "Austin 2009": "Austin PC (2009). Balance diagnostics for comparing the distribution of baseline covariates. "
    "Statistics in Medicine 28: 3083-3107.",
    "Barkham and others 2006": "Barkham and others (2006). Journal of Consulting and Clinical Psychology 74: 160-167.",
    "Barnard and Rubin 1999": "Barnard and Rubin (1999), equation 3: degrees of freedom after multiple imputation.",
    "Barnett and others 2005": "Barnett, van der Pols and Dobson (2005), equations 1 and 2: regression to the mean beyond "
    "a cut-off.",
    "Bates and others 2015": "Bates, Maechler, Bolker and Walker (2015). Journal of Statistical Software 67(1).",
    "Bland and Altman 1999": "Bland and Altman (1999), section 2.1: limits of agreement.",
    "Bonett 2008": "Bonett DG (2008). Confidence intervals for standardized linear contrasts of means. Psychological "
    "Methods 13: 99-109.",
    "Brookmeyer and Crowley 1982": "Brookmeyer and Crowley (1982). Biometrics 38: 29.",
    "Carpenter and Kenward 2013": "Carpenter and Kenward (2013), section 10.4: imputed values shifted by a given amount.",
    "Cochran 1977": "Cochran (1977). Sampling Techniques, 3rd edition, equation 6.13.",
    "Cox 1972": "Cox DR (1972). Regression models and life-tables. Journal of the Royal Statistical Society B 34: "
    "187-220.",
    "Fieller 1954": "Fieller (1954). Journal of the Royal Statistical Society B 16: 175.",
    "Fine and Gray 1999": "Fine and Gray (1999). Journal of the American Statistical Association 94: 496.",
    "Fischetti and Salazar 2001": "Fischetti and Salazar (2001), section 4: which counts give a withheld one away.",
    "Gardner and Heady 1973": "Gardner and Heady (1973): regression to the mean beyond a cut-off.",
    "Garwood 1936": "Garwood (1936): exact interval of a Poisson count.",
    "Grambsch and Therneau 1994": "Grambsch and Therneau (1994): test of a trend in a hazard ratio over time.",
    "Gray 1988": "Gray (1988). Annals of Statistics 16: 1141.",
    "Jacobson and Truax 1991": "Jacobson NS, Truax P (1991). Clinical significance: a statistical approach to defining "
    "meaningful change in psychotherapy research. Journal of Consulting and Clinical Psychology 59: 12-19.",
    "Kalbfleisch and Prentice 2002": "Kalbfleisch and Prentice (2002). The Statistical Analysis of Failure Time Data, "
    "section 8.2.",
    "Kaplan and Meier 1958": "Kaplan and Meier (1958). Journal of the American Statistical Association 53: 457.",
    "Katz and others 1978": "Katz, Baptista, Azen and Pike (1978). Biometrics 34: 469.",
    "Korn and Graubard 1998": "Korn and Graubard (1998): Wilson's interval on the effective number of people.",
    "Kuznetsova and others 2017": "Kuznetsova, Brockhoff and Christensen (2017). Journal of Statistical Software 82(13).",
    "Little 1993": "Little (1993). Journal of the American Statistical Association 88: 125-134.",
    "Lutz and others 2013": "Lutz and others (2013): critical values of sudden gains where scores are missing.",
    "Mackenbach and Kunst 1997": "Mackenbach and Kunst (1997). Social Science and Medicine 44: 757.",
    "MacKinnon and others 2023": "MacKinnon, Nielsen and Webb (2023): jackknife that leaves out a cluster at a time.",
    "McGraw and Wong 1996": "McGraw and Wong (1996), table 7: intraclass correlation of single measurements.",
    "Mee and Chua 1991": "Mee and Chua (1991): change free of regression for an assumed population mean.",
    "Moreno-Betancur and others 2015": "Moreno-Betancur and others (2015). Epidemiology 26: 518.",
    "Mundlak 1978": "Mundlak (1978): differences within and between people in one model.",
    "Nakagawa and others 2017": "Nakagawa S, Johnson PCD, Schielzeth H (2017). Journal of the Royal Society Interface 14: "
    "20170213.",
    "Newcombe 1998": "Newcombe (1998). Statistics in Medicine 17: 873, method 10.",
    "Newey and West 1987": "Newey and West (1987). Econometrica 55: 703.",
    "Ozenne and others 2020": "Ozenne and others (2020), equation 5: probabilities standardised over a cohort where endings "
    "compete.",
    "Przyborowski and Wilenski 1940": "Przyborowski and Wilenski (1940). Biometrika 31: 313.",
    "Rogan and Gladen 1978": "Rogan and Gladen (1978), equations 2 and 3: shares corrected for errors of recording.",
    "Royston and Parmar 2013": "Royston and Parmar (2013). BMC Medical Research Methodology 13: 152.",
    "Rubin 1987": "Rubin (1987), equations 3.1.2 to 3.1.10: pooling of imputed data sets.",
    "Seaman and White 2013": "Seaman and White (2013), section 3: weighting by the inverse of a chance.",
    "Spiegelhalter 2005": "Spiegelhalter (2005). Quality and Safety in Health Care 14: 347; Statistics in Medicine 24: "
    "1185.",
    "Tang and DeRubeis 1999": "Tang and DeRubeis (1999): sudden gains.",
    "Therneau and others 2003": "Therneau, Grambsch and Pankratz (2003): frailty by penalised likelihood.",
    "van Buuren 2018": "van Buuren (2018), algorithms 3.1, 3.3 and 4.3: imputation by chained equations.",
    "VanderWeele and Ding 2017": "VanderWeele and Ding (2017): E-value.",
    "Wagner and others 2002": "Wagner, Soumerai, Zhang and Ross-Degnan (2002). Journal of Clinical Pharmacy and "
    "Therapeutics 27: 299.",
    "Wald and Wolfowitz 1940": "Wald and Wolfowitz (1940). Annals of Mathematical Statistics 11: 147-162.",
    "Wheeler and Chambers 1992": "Wheeler and Chambers (1992). Understanding Statistical Process Control, chapter 3.",
    "Wilson 1927": "Wilson EB (1927). Probable inference, the law of succession, and statistical inference. Journal of "
    "the American Statistical Association 22: 209-212.",
    "Yang and Dalton 2012": "Yang D, Dalton JE (2012). A unified approach to measuring the effect size between two "
    "groups. SAS Global Forum, paper 335.",
}


def cited(paragraphs: Iterable[str]) -> tuple[str, ...]:
    """Sources that some paragraphs cite, in order of the alphabet."""
    text = " ".join(paragraphs).replace("(", "").replace(")", "")
    return tuple(source for words, source in SOURCES.items() if words in text)
