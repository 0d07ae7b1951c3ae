"""New outcomes of a fitted linear mixed model, drawn as reduced statistics without rows.

New outcomes enter the likelihood only through ``Z'y`` of every patient, ``X'y`` and ``y'y``, whose
joint distribution under the fitted model is simulated exactly. With c the summed random effects of
a unit and e the residuals, ``Z'y = A c + f`` where ``f = Z'e ~ N(0, sigma^2 A)``; given the f,

    X'e = sum B_X' A^- f + g,          g ~ N(0, sigma^2 C),   C = X'X - sum B_X' A^- B_X
    e'e = sum f' A^- f + g' C^- g + sigma^2 chi2(n - rank Z - rank C)

which is the decomposition of e into its projections on the patients' columns, on what the design
adds to them, and the rest. The fixed effects are set to zero: they change no variance estimate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from naturalistic.stats.lmm.blocks import FloatArray, IntArray, unpack
from naturalistic.stats.lmm.collapse import replace_outcome
from naturalistic.stats.lmm.likelihood import LinearMixedLikelihood
from naturalistic.stats.lmm.result import FittedState

# Eigenvalues below this share of the largest are rounding.
_RANK_TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True)
class _Parts:
    """The pieces of rows that lie in one patient and one cell, nested units first.

    Attributes
    ----------
    gram : ndarray, shape (parts, columns, columns)
    products : ndarray, shape (columns, parts, p)
        ``Z'X``.
    cell, unit : ndarray, shape (parts,)
    root, inverse_root : ndarray, shape (parts, columns, columns)
        ``A = R R'`` and the pseudo-inverse of R.
    """

    gram: FloatArray
    products: FloatArray
    cell: IntArray
    unit: IntArray
    root: FloatArray
    inverse_root: FloatArray


def _parts(likelihood: LinearMixedLikelihood) -> _Parts:
    rows = likelihood.rows
    gram, products = unpack(rows.nested.gram), rows.nested.products[..., :-1]
    cell, unit = rows.nested.cell, np.arange(len(rows.nested.cell))
    if rows.crossing is not None:
        crossing = rows.crossing
        gram = np.concatenate([gram, unpack(crossing.segment_gram)])
        products = np.concatenate([products, crossing.segment_products[..., :-1]], axis=1)
        cell = np.concatenate([cell, crossing.segment_cell])
        unit = np.concatenate([unit, len(unit) + crossing.segment_unit])
    values, vectors = np.linalg.eigh(gram)
    kept = values > _RANK_TOLERANCE * values[:, -1:]
    root = np.sqrt(np.where(kept, values, 0.0))
    inverse = np.where(kept, 1.0 / np.where(kept, root, 1.0), 0.0)
    return _Parts(
        gram,
        products,
        cell,
        unit,
        vectors * root[:, None],
        np.swapaxes(vectors * inverse[:, None], 1, 2),
    )


@dataclass(frozen=True)
class Simulator:
    """Draws reduced statistics of new outcomes from a fitted model."""

    state: FittedState
    parts: _Parts
    whitened: FloatArray
    design_root: FloatArray
    leftover: int

    @classmethod
    def of(cls, state: FittedState) -> Simulator:
        """Prepare what all draws share."""
        likelihood = state.likelihood
        rows, parts = likelihood.rows, _parts(likelihood)
        # R^-1 Z'X: coordinates of the design on every part's own orthonormal columns
        whitened = np.einsum("uab,bup->aup", parts.inverse_root, parts.products)
        flat = whitened.reshape(-1, rows.terms)
        rest = rows.total.sum(axis=0)[:-1, :-1] - flat.T @ flat
        values, vectors = linalg.eigh(rest)
        kept = values > _RANK_TOLERANCE * rows.rows
        rank = int((np.abs(parts.inverse_root).sum(axis=2) > 0.0).sum())
        leftover = rows.rows - rank - int(kept.sum())
        return cls(state, parts, whitened, vectors[:, kept] * np.sqrt(values[kept]), leftover)

    def _effects(self, generator: np.random.Generator) -> FloatArray:
        """Summed random effects of every part, relative to sigma, shape (parts, columns)."""
        likelihood, theta = self.state.likelihood, self.state.evaluation.theta
        structure, parts = likelihood.structure, self.parts
        total = np.zeros(parts.gram.shape[:2])
        for level, codes, count in zip(
            structure.upper, likelihood.upper.codes, likelihood.upper.counts, strict=True
        ):
            factor = level.loading @ level.factor(theta)
            drawn = generator.standard_normal((count, level.effects)) @ factor.T
            total[:, : structure.passed] += drawn[codes[parts.cell]]
        own = structure.patient
        if own is not None and not own.occasions:
            factor = own.loading @ own.factor(theta)
            drawn = generator.standard_normal((likelihood.rows.units, own.effects)) @ factor.T
            total += drawn[parts.unit]
        return total

    def draw(self, generator: np.random.Generator) -> LinearMixedLikelihood:
        """The likelihood of one simulated outcome (relative to sigma, fixed effects zero).

        The cross-products by cell stay those of the data: only their sum enters a likelihood.
        """
        if self.state.likelihood.rows.columns.strata == 2:
            return self._draw_occasions(generator)
        parts = self.parts
        effects = self._effects(generator)
        white: FloatArray = generator.standard_normal(effects.shape)
        white *= np.abs(parts.inverse_root).sum(axis=2) > 0.0
        score = np.einsum("uab,ub->ua", parts.gram, effects)
        noise = np.einsum("uab,ub->ua", parts.root, white)
        ahead = np.asarray(generator.standard_normal(self.design_root.shape[1]))
        cross = np.einsum("aup,ua->p", parts.products, effects)
        cross += np.einsum("aup,ua->p", self.whitened, white) + self.design_root @ ahead
        square = float((effects * (score + 2.0 * noise)).sum() + (white**2).sum())
        square += float(ahead @ ahead)
        if self.leftover > 0:
            square += float(generator.chisquare(self.leftover))
        return self._with_outcome(score + noise, cross[None], np.array([square]))

    def _draw_occasions(self, generator: np.random.Generator) -> LinearMixedLikelihood:
        """Two occasions: every row is its own column, so the outcomes themselves are drawn."""
        likelihood, theta = self.state.likelihood, self.state.evaluation.theta
        level, parts = likelihood.structure.patient, self.parts
        if level is None:
            raise ValueError("two occasions need a patient level")
        own = level.covariance(theta) + np.diag(1.0 / likelihood.structure.weights(theta))
        factor = np.linalg.cholesky(own)
        normal: FloatArray = generator.standard_normal((likelihood.rows.units, 2))
        drawn = normal @ factor.T
        present = np.einsum("uaa->ua", parts.gram)
        outcome = (self._effects(generator) + drawn[parts.unit]) * present
        cross = np.einsum("aup,ua->ap", parts.products, outcome)
        return self._with_outcome(outcome, cross, (outcome**2).sum(axis=0))

    def _with_outcome(
        self, score: FloatArray, cross: FloatArray, square: FloatArray
    ) -> LinearMixedLikelihood:
        """Put ``Z'y`` (parts, columns), ``X'y`` (strata, p) and ``y'y`` (strata,) in place."""
        likelihood = self.state.likelihood
        rows = likelihood.rows
        split = len(rows.nested.cell)
        products = rows.nested.products.copy()
        products[..., -1] = score[:split].T
        crossing = rows.crossing
        if crossing is not None:
            segments = crossing.segment_products.copy()
            segments[..., -1] = score[split:].T
            crossing = replace(crossing, segment_products=segments)
        total = rows.total.copy()
        total[:, -1, :-1] = total[:, :-1, -1] = cross
        total[:, -1, -1] = square
        nested = replace(rows.nested, products=products)
        collapsed = rows.collapsed
        if collapsed is not None:
            collapsed = replace_outcome(collapsed, products)
        drawn = replace(rows, total=total, nested=nested, crossing=crossing, collapsed=collapsed)
        return replace(likelihood, rows=drawn)
