"""From a picture to a latent: samples -> starts -> W -> W+, as a stream of steps; torch only.

The latent is w = mean + v R with R the square root of the mapping network's covariance ("P_N
space", Zhu et al. 2020, Improved StyleGAN Embedding, without its leaky ReLU): one learning rate
and one prior |v|^2 serve every checkpoint, and v cannot leave the directions in which w varies.
W+ is a shared v plus an offset for each row, kept small, so that a drag, which moves the leading
rows alone, still finds a latent that the generator knows. What then lacks is tuning's business.

Starts and W look at small pictures where the model has true ones (`thumbnail.py`): a step there
costs a third. With them the frame is aligned, in which the model sees the picture.
"""

from __future__ import annotations

import math
from collections.abc import Generator as Steps
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from .alignment import GUESSES, MORE_GUESSES, Alignment, Surroundings, bounded
from .encoder import encoder_for
from .errors import BadInput, BadPicture
from .frame import Frame
from .generator import Generator
from .losses import psnr, pyramid_loss
from .penalties import PictureFeatures
from .samples import COUNT, SampleBank, bank
from .sight import Sight, small_sight, whole_sight
from .starts import Looks

SEEN = 0.01  # the least share of a picture that must be visible
PAYS = 0.65  # an alignment is kept that brings the loss down to this share
PLACING = 0.3  # learning rate of the frame's four numbers, as a share of the latent's


@dataclass(frozen=True)
class InversionOptions:
    """How long to look, and how far from the prior."""

    samples: int = COUNT  # in the bank
    starts: int = 2  # candidates: the encoder's or the regression's, then the nearest samples
    placed: int = 2  # candidates besides, whose frames move, where the surroundings are known
    start_steps: int = 8
    w_steps: int = 32
    wplus_steps: int = 64
    lr: float = 0.2  # of Adam, in standard deviations of w
    prior: float = 0.01  # weight of mean |v|^2
    offsets: float = 0.05  # weight of the mean square of each row's own offset
    perceptual: float = 0.0  # weight of the distance of features of whole pictures, where given
    tolerance: float = math.inf  # error of a pixel that counts for half: white is 2 above black
    thorough: bool = False  # look through more frames, and with parts covered: the best start


QUALITIES = MappingProxyType(
    {
        "fast": InversionOptions(
            starts=1, placed=1, start_steps=5, w_steps=20, wplus_steps=30, lr=0.12
        ),
        "balanced": InversionOptions(),
        "best": InversionOptions(
            starts=3, start_steps=12, w_steps=60, wplus_steps=160, perceptual=0.02
        ),
    }
)

SECOND_LOOK = InversionOptions(  # where much of the picture may be hidden, or lie elsewhere
    starts=4, placed=3, start_steps=12, w_steps=30, wplus_steps=30, tolerance=0.4, thorough=True
)


@dataclass(frozen=True)
class InversionStep:
    """The latent so far. The stages are "samples", "starts", "w", "w+" and, last, "done"."""

    index: int  # from 1 to total
    total: int
    stage: str
    ws: Tensor  # (1, num_ws, w_dim)
    loss: float
    psnr: float  # dB, where the picture weighs; before "w+" of small pictures; 0 for "samples"
    generator: Generator
    frame: Frame | None = None  # the surroundings' frame, aligned; None without surroundings

    @property
    def whole(self) -> bool:
        """Whether `loss` and `psnr` are of whole pictures: small ones flatter."""
        return self.stage in ("w+", "done")


def invert(
    generator: Generator,
    image: Tensor,
    *,
    weight: Tensor | None = None,
    options: InversionOptions = QUALITIES["balanced"],
    samples: SampleBank | None = None,
    surroundings: Surroundings | None = None,
    features: PictureFeatures | None = None,
) -> Iterator[InversionStep]:
    """Find the latent of `image` (1, 3, height, width) in [-1, 1], of the generator's own size.

    `weight` (1, 1, height, width) in [0, 1] says where the picture is to be explained. `samples`
    is the generator's bank; read from the cache or made where it is not given. `surroundings`,
    whose frame shows `image`: the frame may be moved where that helps clearly; the steps say where
    to. `features`, of the model's discriminator or of `vgg16.VGG16`, are compared too where the
    options give them a weight. The last step holds the best latent; leaving the loop early keeps
    whatever the caller took from it.

    Raises BadInput for pictures of another size, BadPicture where nothing of it weighs.
    """
    image, weight = _checked(generator, image, weight)
    return _Inversion(generator, image, weight, options, surroundings, features).run(samples)


def refine(
    generator: Generator,
    image: Tensor,
    ws: Tensor,
    *,
    weight: Tensor | None = None,
    options: InversionOptions = QUALITIES["balanced"],
    features: PictureFeatures | None = None,
) -> Iterator[InversionStep]:
    """Go on from a latent `ws` (1, num_ws, w_dim) that is close: the stages "w+" and "done" alone.

    All else is as in `invert`.
    """
    image, weight = _checked(generator, image, weight)
    return _Inversion(generator, image, weight, options, None, features).go_on(ws)


class _Inversion:
    """The working state of one inversion."""

    def __init__(
        self,
        generator: Generator,
        image: Tensor,
        weight: Tensor,
        options: InversionOptions,
        surroundings: Surroundings | None,
        features: PictureFeatures | None,
    ) -> None:
        self.generator, self.options = generator, options
        self.features = features if options.perceptual else None
        self.image, self.weight, self.surroundings = image, weight, surroundings
        prior = generator.prior()
        self.encoder = encoder_for(generator)
        self.mean = prior.mean
        self.root, self.inverse = prior.roots()
        self.index = 0
        self.total = options.start_steps + options.w_steps + options.wplus_steps + 1

    def run(self, samples: SampleBank | None) -> Iterator[InversionStep]:
        if samples is None:
            samples = yield from self._samples()
        small = self._small(samples)
        v, numbers = self._starts(samples, small)
        v, numbers = yield from self._fit("starts", small, v, numbers, self.options.start_steps)
        v, numbers = self._best(small, v, numbers)
        v, numbers = yield from self._fit("w", small, v, numbers, self.options.w_steps)
        v, numbers = self._decided(small, v, numbers)
        large = self._large(numbers)
        yield from self._finish(large, v.repeat(1, self.generator.num_ws, 1))

    def go_on(self, ws: Tensor) -> Iterator[InversionStep]:
        self.total = self.options.wplus_steps + 1
        yield from self._finish(self._large(None), self._v(ws.to(self.mean))[:, 0])

    def _finish(self, large: Sight, v: Tensor) -> Iterator[InversionStep]:
        """A row for each layer, from v (1, num_ws, w_dim) on."""
        v, _ = yield from self._fit("w+", large, v, None, self.options.wplus_steps)
        with torch.no_grad():
            picture = self.generator.render(self._ws(v))
        loss = self._apart(picture, large.image, large.weight)
        yield self._step("done", large, v, None, picture, loss)

    def _samples(self) -> Steps[InversionStep, None, SampleBank]:
        making = bank(self.generator, count=self.options.samples)
        v = torch.zeros_like(self.mean)[None, None]
        while True:
            try:
                done, total = next(making)
            except StopIteration as end:
                return end.value
            yield InversionStep(done, total, "samples", self._ws(v), 0.0, 0.0, self.generator)

    # What is compared.

    def _small(self, samples: SampleBank) -> Sight:
        wide = self.surroundings if self.options.placed else None
        return small_sight(
            self.generator, self.image, self.weight, readouts=samples.readouts, surroundings=wide
        )

    def _large(self, numbers: Tensor | None) -> Sight:
        """The whole picture; as the moved frame shows it, if it was moved."""
        image, weight = self.image, self.weight
        if numbers is not None and self.surroundings is not None:
            frame = self.surroundings.placed(numbers[0])
            self.surroundings = Surroundings(frame, self.surroundings.look)
            seen = self.surroundings.look(frame)
            image, weight = seen.image.to(image), seen.weight.to(weight)
        return whole_sight(self.generator, image, weight, self.features)

    # Where it starts.

    def _starts(self, samples: SampleBank, small: Sight) -> tuple[Tensor, Tensor | None]:
        """Candidates (B, 1, w_dim), in standard deviations, and their frames (B, 4) or None."""
        looks = Looks(samples, self.encoder)
        v = self._first(looks, small)
        if small.alignment is None:
            return v, None
        placed, numbers = self._placed(looks, small.alignment, small)
        stay = numbers.new_zeros(len(v), 4)
        return torch.cat((v, placed)), torch.cat((stay, numbers))

    @torch.no_grad()
    def _first(self, looks: Looks, small: Sight) -> Tensor:
        """The best of the first looks, (B, 1, w_dim)."""
        count, thorough = self.options.starts, self.options.thorough
        v = self._v(looks.first(self.image, self.weight, nearest=count - 1, covered=thorough))
        if len(v) <= count:
            return v
        loss = self._loss(small, v, None, small.show(self._ws(v)))[1]
        return v[loss.topk(count, largest=False).indices]

    @torch.no_grad()
    def _placed(self, looks: Looks, alignment: Alignment, small: Sight) -> tuple[Tensor, Tensor]:
        """The frames (n, 4) through which a first look explains most, and what it says."""
        thorough = self.options.thorough
        numbers = self.image.new_tensor(MORE_GUESSES if thorough else GUESSES)
        images, weights = alignment.seen(numbers)
        pairs = list(zip(images.split(1), weights.split(1), strict=True))
        look = looks.one if thorough else looks.cheap
        v = self._v(torch.cat([look(*pair) for pair in pairs]))
        loss = self._apart(small.show(self._ws(v)), images, weights)
        loss = loss * alignment.fairness(images, weights) + alignment.cost(numbers, weights)
        best = loss.topk(min(self.options.placed, len(loss)), largest=False).indices
        if thorough:
            return v[best], numbers[best]
        return self._v(torch.cat([looks.one(*pairs[int(k)]) for k in best])), numbers[best]

    @torch.no_grad()
    def _best(
        self, small: Sight, v: Tensor, numbers: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """The best candidate; and, where frames may move, the best one that has moved, last."""
        loss = self._loss(small, v, numbers, small.show(self._ws(v)))[1]
        if numbers is None:
            return v[loss.argmin()][None], None
        stay = len(v) - self.options.placed
        best = [int(loss[:stay].argmin()), stay + int(loss[stay:].argmin())]
        return v[best], numbers[best]

    @torch.no_grad()
    def _decided(
        self, small: Sight, v: Tensor, numbers: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """One candidate: the one whose frame has moved only if it is clearly better."""
        if numbers is None:
            return v, None
        stay, moved = self._loss(small, v, numbers, small.show(self._ws(v)))[1]
        return (v[1:], numbers[1:]) if moved < PAYS * stay else (v[:1], None)

    # How it goes on.

    def _fit(
        self, stage: str, sight: Sight, v: Tensor, numbers: Tensor | None, steps: int
    ) -> Steps[InversionStep, None, tuple[Tensor, Tensor | None]]:
        """Adam with a short warm-up and a cosine, on v (B, 1 or num_ws, w_dim), and on the frames
        that have moved already."""
        variables = [v.clone().requires_grad_(True)]
        free = None
        if numbers is not None:
            free = (torch.arange(len(v), device=v.device) >= len(v) - self._free(stage))[:, None]
            variables.append(numbers.clone().requires_grad_(True))
        optimiser = torch.optim.Adam([{"params": [x]} for x in variables], betas=(0.9, 0.99))
        for i in range(steps):
            lr = self._lr(stage, i, steps)
            for group, share in zip(optimiser.param_groups, (1.0, PLACING), strict=False):
                group["lr"] = lr * share
            placed = variables[1] if numbers is not None else None
            with torch.enable_grad():
                picture = sight.show(self._ws(variables[0]))
                loss, total = self._loss(sight, variables[0], placed, picture)
                gradients = torch.autograd.grad(total.sum(), variables)
            yield self._step(stage, sight, variables[0], placed, picture, loss)
            for variable, gradient in zip(variables, gradients, strict=True):
                variable.grad = gradient
            if free is not None:
                variables[1].grad = gradients[1] * free
            optimiser.step()
            if numbers is not None:
                variables[1].data = bounded(variables[1].data)
        found = [x.detach() for x in variables]
        return found[0], found[1] if numbers is not None else None

    def _free(self, stage: str) -> int:
        """How many of the candidates, the last ones, may move their frames."""
        return self.options.placed if stage == "starts" else 1

    def _lr(self, stage: str, i: int, steps: int) -> float:
        full = self.options.lr * (0.5 if stage == "w+" else 1)
        if stage == "starts":
            return full
        cosine = 0.03 + 0.97 * (0.5 + 0.5 * math.cos(math.pi * i / steps))
        return full * cosine * min(1.0, (i + 1) / (0.1 * steps))

    def _loss(
        self, sight: Sight, v: Tensor, numbers: Tensor | None, picture: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The pictures' distances, (B,), and with all that is to be small."""
        image, weight = sight.target(numbers)
        loss = self._apart(picture, image, weight)
        total = loss + self._penalty(v)
        if numbers is not None and sight.alignment is not None:
            fair = sight.alignment.fairness(image, weight)
            total = loss * fair + self._penalty(v) + sight.alignment.cost(numbers, weight)
        apart = sight.features_apart(picture, image, weight)
        if apart is not None:
            total = total + self.options.perceptual * apart
        return loss, total

    def _apart(self, picture: Tensor, image: Tensor, weight: Tensor) -> Tensor:
        return pyramid_loss(picture, image, weight, tolerance=self.options.tolerance)

    def _penalty(self, v: Tensor) -> Tensor:
        shared = v.mean(1, keepdim=True)
        own = (v - shared).square().mean((1, 2))
        return self.options.prior * shared.square().mean((1, 2)) + self.options.offsets * own

    def _ws(self, v: Tensor) -> Tensor:
        """(B, 1 or num_ws, w_dim) standard deviations -> latents (B, num_ws, w_dim)."""
        return (self.mean + v @ self.root).expand(-1, self.generator.num_ws, -1)

    def _v(self, w: Tensor) -> Tensor:
        """Latents (B, w_dim) -> standard deviations (B, 1, w_dim)."""
        return ((w - self.mean) @ self.inverse)[:, None]

    @torch.no_grad()
    def _step(
        self,
        stage: str,
        sight: Sight,
        v: Tensor,
        numbers: Tensor | None,
        picture: Tensor,
        loss: Tensor,
    ) -> InversionStep:
        """What is known before the update; of several candidates, the best."""
        self.index += 1
        best = int(loss.argmin())
        one = slice(best, best + 1)
        here = None if numbers is None else numbers[one]
        quality = psnr(picture[one], *sight.target(here))
        frame = None if self.surroundings is None else self.surroundings.frame
        if self.surroundings is not None and here is not None and bool(here.any()):
            frame = self.surroundings.placed(here[0])
        return InversionStep(
            self.index,
            self.total,
            stage,
            self._ws(v[one]).clone(),
            float(loss[best]),
            float(quality),
            self.generator,
            frame,
        )


def check_visible(weight: Tensor) -> None:
    """Raises BadPicture where next to nothing weighs (1, 1, height, width)."""
    if float(weight.mean()) < SEEN:
        raise BadPicture(
            "There is next to nothing to see in the picture.",
            hint="Choose a part that is not transparent.",
        )


def _checked(generator: Generator, image: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor]:
    size = (generator.height, generator.width)
    if image.shape != (1, 3, *size):
        raise BadInput(
            f"The model makes pictures of {size[1]} x {size[0]} pixels, not {tuple(image.shape)}.",
            hint="Bring the picture to the model's size first (viewing.view does).",
        )
    if weight is None:
        weight = torch.ones(1, 1, *size)
    if weight.shape != (1, 1, *size):
        raise BadInput(f"A weight of shape {tuple(weight.shape)} does not fit the picture.")
    check_visible(weight)
    place, kind = generator.device, generator.dtype
    return image.to(place, kind), weight.to(place, kind)
