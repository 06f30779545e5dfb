"""What training makes small. Every loss takes torch tensors of rows (n, width) and gives one number; gradients flow through it."""

from typing import TYPE_CHECKING

from indexer.errors import LearningError

if TYPE_CHECKING:
    import torch


def contrastive(
    left: "torch.Tensor",
    right: "torch.Tensor",
    *,
    scale: "torch.Tensor | float",
    same: "torch.Tensor | None" = None,
    smoothing: float = 0.0,
) -> "torch.Tensor":
    """In-batch contrastive loss of pairs (left i, right i), both ways (InfoNCE, van den Oord et al. 2018; symmetric: Radford et al. 2021).

        s(i, j) = scale · cos(left i, right j)
        loss    = ½ mean_i [ -log softmax_j s(i, j) at i ] + ½ mean_j [ -log softmax_i s(i, j) at j ]

    scale is 1 / temperature, a number or a learned tensor. `same` (n, n), boolean, marks pairs that are no negatives of each other
    (the same product, the same class): they leave both sums, but for the diagonal (no false negatives: Chuang et al. 2020).
    smoothing gives that share of each target to all that may be chosen, evenly (Szegedy et al. 2016). Raises LearningError for rows
    of different shapes or a batch of one, which has no negative.
    """
    import torch
    from torch.nn import functional

    if left.shape != right.shape or left.ndim != 2:
        raise LearningError(f"Pairs need rows of one shape, not {tuple(left.shape)} and {tuple(right.shape)}.")
    count = left.shape[0]
    if count < 2:
        raise LearningError("A batch of one pair has no negatives to learn from.", cure="Take a larger batch.")
    scores = scale * functional.normalize(left, dim=1) @ functional.normalize(right, dim=1).T
    own = torch.eye(count, dtype=torch.bool, device=scores.device)
    if same is not None:
        scores = scores.masked_fill(same.to(scores.device) & ~own, -torch.inf)
    return 0.5 * (_chosen(scores, own, smoothing) + _chosen(scores.T, own, smoothing))


def _chosen(scores: "torch.Tensor", own: "torch.Tensor", smoothing: float) -> "torch.Tensor":
    logs = scores.log_softmax(dim=1)
    right = -logs[own].mean()
    if not smoothing:
        return right
    there = scores.isfinite()
    spread = -(logs.masked_fill(~there, 0.0).sum(dim=1) / there.sum(dim=1)).mean()
    return (1 - smoothing) * right + smoothing * spread


def cosines(left: "torch.Tensor", right: "torch.Tensor") -> "torch.Tensor":
    """(n, m): the cosine of each row of the one with each of the other."""
    from torch.nn import functional

    return functional.normalize(left, dim=1) @ functional.normalize(right, dim=1).T


def prototypes(
    scores: "torch.Tensor", labels: "torch.Tensor", *, masked: "torch.Tensor | None" = None, smoothing: float = 0.0
) -> "torch.Tensor":
    """Cross-entropy of rows over one row a class (normalised softmax, Zhai and Wu 2019; the classes' rows learn with the rest).

        loss = mean_i [ -log softmax_c (score(i, c)) at label i ],  score(i, c) = scale · cos(row i, class c)

    `scores` (n, c), see `cosines`; `labels` (n,) in 0..c-1; `masked` (n, c), boolean: classes that are no wrong answer for a row,
    and leave its sum; smoothing as in `contrastive`.
    """
    import torch
    from torch.nn import functional

    own = functional.one_hot(labels, scores.shape[1]).bool()
    if masked is not None:
        scores = scores.masked_fill(masked & ~own, -torch.inf)
    return _chosen(scores, own, smoothing)


def found(asking: "torch.Tensor", rows: "torch.Tensor", right: "torch.Tensor", *, scale: "torch.Tensor | float") -> "torch.Tensor":
    """Cross-entropy of queries over rows of which several are right (as in supervised contrastive learning, Khosla et al. 2020).

        loss = mean_i mean_{j right for i} [ -log softmax_j (scale · cos(asking i, row j)) ]

    `right` (queries, rows), boolean; queries without a right row do not count. Zero where none counts.
    """
    from torch.nn import functional

    logs = (scale * functional.normalize(asking, dim=1) @ functional.normalize(rows, dim=1).T).log_softmax(dim=1)
    counts = right.sum(dim=1)
    each = -(logs * right).sum(dim=1) / counts.clamp(min=1)
    return each.sum() / (counts > 0).sum().clamp(min=1)


def margin(anchor: "torch.Tensor", right: "torch.Tensor", wrong: "torch.Tensor", *, gap: float) -> "torch.Tensor":
    """Triplet loss on cosines (FaceNet, Schroff et al. 2015, with 1 - cos as the distance).

    loss = mean_i max(0, gap + cos(anchor i, wrong i) - cos(anchor i, right i))
    """
    from torch.nn import functional

    near = functional.cosine_similarity(anchor, right, dim=1)
    far = functional.cosine_similarity(anchor, wrong, dim=1)
    return (gap + far - near).clamp(min=0).mean()


def distilled(student: "torch.Tensor", teacher: "torch.Tensor") -> "torch.Tensor":
    """How far rows have turned away from those of a teacher: mean_i (1 - cos(student i, teacher i)); the teacher does not learn."""
    from torch.nn import functional

    return (1 - functional.cosine_similarity(student, teacher.detach(), dim=1)).mean()


def relations(student: "torch.Tensor", teacher: "torch.Tensor", *, scale: float) -> "torch.Tensor":
    """How far the likenesses among a batch's rows are from the teacher's (Passalis and Tefas 2018; temperature: Hinton et al. 2015).

        p(i, j) = softmax over j ≠ i of scale · cos(teacher i, teacher j), q likewise of the student
        loss    = mean_i KL(p(i) || q(i))

    The two may have different widths. Raises LearningError for a batch of fewer than three, which has no choice to compare.
    """
    import torch

    if student.shape[0] < 3:
        raise LearningError("Likenesses are compared among three rows at least.", cure="Take a larger batch.")
    own = torch.eye(student.shape[0], dtype=torch.bool, device=student.device)
    wanted = _likenesses(teacher.detach(), own, scale)
    found = _likenesses(student, own, scale)
    return (wanted.exp() * (wanted - found)).sum(dim=1).mean()


def _likenesses(rows: "torch.Tensor", own: "torch.Tensor", scale: float) -> "torch.Tensor":
    """Logarithms of the shares (n, n - 1): a row's likeness to itself is left out."""
    from torch.nn import functional

    unit = functional.normalize(rows, dim=1)
    scores = (scale * unit @ unit.T)[~own].reshape(len(rows), -1)
    return scores.log_softmax(dim=1)
