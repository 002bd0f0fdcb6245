"""Picture files in and out: the file edge; imports Pillow and numpy, never torch.

Whatever a camera, a scanner or a painting program writes comes in as 8-bit sRGB, the way round
that it is looked at; as grey and with 16 bits besides, where that is what the file has. Files are
strangers' work: only formats that Pillow decodes by itself are opened (no Ghostscript), and the
size is looked at before the first pixel is decoded.
"""

from __future__ import annotations

import io
import stat
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

from draggan.deep_pictures import read_deep, write_deep
from draggan.errors import BadInput, BadPicture, DragganError
from draggan.writing import replacing

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
MAX_PIXELS = 175_000_000  # Pillow's own limit is a little higher
MIN_SIDE = 16
DEEP = "The 16-bit picture is worked on, and written, with 8 bits per channel."

_READABLE = "Use a PNG, JPEG, WebP, TIFF or BMP file."


@dataclass(frozen=True)
class Picture:
    """One picture, ready to work on.

    array: uint8 (H, W, 3) sRGB, or (H, W, 4) with straight (not premultiplied) alpha
    notes: one sentence for each thing that was changed on the way in
    native: uint8 or uint16 (H, W, 1..4), where the file has grey or 16 bits; None: `array`
    """

    array: np.ndarray
    notes: tuple[str, ...] = ()
    native: np.ndarray | None = None

    @property
    def samples(self) -> np.ndarray:
        """What is worked on."""
        return self.array if self.native is None else self.native

    @property
    def size(self) -> tuple[int, int]:
        """(W, H) in pixels."""
        return self.array.shape[1], self.array.shape[0]


def open_picture(path: str | Path) -> Picture:
    """Reads a picture file of any kind and colour depth. Raises BadPicture."""
    path = Path(path)
    notes: list[str] = []
    image = _decode(path, notes)
    native = _native(path, image, notes)
    if min(image.size) < MIN_SIDE:
        raise BadPicture(
            f"{path} is only {image.width} x {image.height} pixels.",
            hint=f"Use a picture of at least {MIN_SIDE} x {MIN_SIDE} pixels.",
        )
    array = _srgb(image, notes)
    if array.shape[2] == 4 and not array[..., 3].any():
        raise BadPicture(
            f"{path} is fully transparent: there is nothing to see.",
            hint="Use a picture with something in it.",
        )
    if array.shape[2] == 4 and array[..., 3].min() == 255:
        array = array[..., :3]
    if native is not None:
        native = _without_opaque_alpha(native)
        array = as_shown(native)
    return Picture(np.ascontiguousarray(array), tuple(notes), native)


def as_shown(native: np.ndarray) -> np.ndarray:
    """Any picture (H, W, 1..4) of uint8 or uint16 as uint8 (H, W, 3 or 4), to be looked at."""
    samples = native
    if native.dtype == np.uint16:
        samples = ((native.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if samples.shape[2] >= 3:
        return samples
    return np.dstack([samples[..., :1]] * 3 + [samples[..., 1:]])


def open_mask(path: str | Path, size: tuple[int, int]) -> np.ndarray:
    """Reads a mask as uint8 (H, W): 255 may move, 0 stays.

    A transparent file counts by its alpha, any other by its brightness; a mask of zeros and ones
    counts as black and white. Raises BadPicture (no picture) and BadInput (wrong size, empty).
    """
    path = Path(path)
    array = _srgb(_decode(path, []), [])
    if array.shape[2] == 4 and array[..., 3].min() < 255:
        mask = array[..., 3]
    else:
        mask = np.asarray(Image.fromarray(array[..., :3]).convert("L"))
    height, width = mask.shape
    if (width, height) != tuple(size):
        raise BadInput(
            f"The mask is {width} x {height} pixels, the picture is {size[0]} x {size[1]}.",
            hint="Save the mask in the picture's size.",
        )
    if not mask.any():
        raise BadInput(
            f"The mask {path} is empty: nothing may move.",
            hint="Paint white what may move, or leave --mask out to let everything move.",
        )
    return mask * np.uint8(255) if mask.max() == 1 else np.ascontiguousarray(mask)


def save_picture(path: str | Path, native: np.ndarray) -> None:
    """Writes uint8 or uint16 (H, W, 1..4) as a PNG of just that. Raises CannotWrite."""
    if native.dtype == np.uint16:
        with replacing(path) as file:
            write_deep(file, native)
    else:
        save_png(path, native[..., 0] if native.shape[2] == 1 else native)


def save_png(path: str | Path, array: np.ndarray) -> None:
    """Writes uint8 (H, W) or (H, W, 2..4) atomically. Raises CannotWrite."""
    with replacing(path) as file:
        Image.fromarray(array).save(file, format="PNG")


# Decoding.


def _native(path: Path, image: Image.Image, notes: list[str]) -> np.ndarray | None:
    """The samples of a file of 16 bits or of grey, where its colours need no conversion."""
    if image.info.get("icc_profile") and not _is_srgb(image.info["icc_profile"]):
        return None
    native = None
    if DEEP in notes:
        with suppress(Exception):  # Pillow has read it once, so it is only no deep one for us
            native = read_deep(path, FORMATS)
        if native is not None:
            notes.remove(DEEP)
    elif image.mode in ("L", "LA") and "transparency" not in image.info:
        grey = np.asarray(image)
        native = grey.reshape(*grey.shape[:2], -1)
    return native


def _without_opaque_alpha(native: np.ndarray) -> np.ndarray:
    channels = native.shape[2]
    if channels in (2, 4) and native[..., -1].min() == np.iinfo(native.dtype).max:
        native = native[..., :-1]
    return np.ascontiguousarray(native)


def _is_srgb(profile: bytes) -> bool:
    try:
        return (
            "srgb"
            in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile))).lower()
        )
    except (ImageCms.PyCMSError, ImportError, OSError, TypeError, ValueError):
        return True  # damaged: it is ignored


def _decode(path: Path, notes: list[str]) -> Image.Image:
    """The file's first frame in its own colour mode, turned the way its EXIF data says."""
    _refuse_what_is_no_file(path)
    try:
        with warnings.catch_warnings():
            # Pillow warns where its own limits are near; ours is checked in the next line.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as opened:
                _refuse_huge(path, opened.size)
                if opened.format != "MPO" and getattr(opened, "is_animated", False):
                    notes.append("The file holds several pictures: the first one is used.")
                _note_depth(opened, notes)
                opened.load()
                return _upright(opened)
    except DragganError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(path, "") from error
    except Image.UnidentifiedImageError as error:
        raise BadPicture(f"{path} is not a picture that can be read.", hint=_READABLE) from error
    except PermissionError as error:
        raise BadPicture(
            f"You may not read {path}.", hint="Change its permissions, or copy it elsewhere."
        ) from error
    # A damaged file may raise anything at all from within a decoder.
    except Exception as error:
        raise BadPicture(
            f"{path} is damaged: {error or type(error).__name__}.",
            hint="Open it in an image editor and save it again as PNG.",
        ) from error


def _refuse_what_is_no_file(path: Path) -> None:
    try:
        status = path.stat()
    except PermissionError as error:
        raise BadPicture(f"You may not read {path}.", hint="Copy it elsewhere.") from error
    except (OSError, ValueError) as error:
        raise BadPicture(f"There is no file {path}.", hint="Check the path.") from error
    if stat.S_ISDIR(status.st_mode):
        raise BadPicture(f"{path} is a folder.", hint="Name a picture file inside it.")
    if not stat.S_ISREG(status.st_mode):
        raise BadPicture(f"{path} is not a regular file.", hint="Save the picture to a file first.")
    if status.st_size == 0:
        raise BadPicture(f"{path} is empty (0 bytes).", hint="Save or copy the picture again.")


def _refuse_huge(path: Path, size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise _too_large(path, f" ({size[0]} x {size[1]} pixels)")


def _too_large(path: Path, size: str) -> BadPicture:
    return BadPicture(
        f"{path} is too large{size}.",
        hint=f"Crop it or scale it below {MAX_PIXELS // 1_000_000} megapixels.",
    )


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # broken EXIF data do not make a broken picture
        return image.copy()


# Colour.


def _note_depth(image: Image.Image, notes: list[str]) -> None:
    """Has to look at the file before its pixels are loaded: Pillow lowers 16-bit RGB on loading."""
    raw_modes = [str(tile[3]) for tile in getattr(image, "tile", ())]
    if image.mode.startswith("I") or any(";16" in raw for raw in raw_modes):
        notes.append(DEEP)
    elif image.mode == "F":
        notes.append("The floating-point picture is worked on, and written, with 8 bits.")


def _srgb(image: Image.Image, notes: list[str]) -> np.ndarray:
    """uint8 (H, W, 3 or 4) in sRGB from any of Pillow's modes."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I") or image.mode == "F":
        image = Image.fromarray(_eight_bits(np.asarray(image)))
    if image.mode in ("PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
    elif image.mode in ("1", "P"):
        image = image.convert("RGB")
    alpha = image.getchannel("A") if "A" in image.getbands() and image.mode != "LAB" else None
    if alpha is not None:
        image = image.convert("L" if image.mode == "LA" else "RGB")
    colours = np.asarray(_without_profile(image, profile, notes))
    if alpha is None:
        return colours
    return np.dstack([colours, np.asarray(alpha)])


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """uint8 (H, W) from deep grey: white is 65535 in integers, 1 or 255 in floats, or peak."""
    usual = (65535.0,) if np.issubdtype(values.dtype, np.integer) else (1.0, 255.0, 65535.0)
    if not np.isfinite(values).any():
        raise BadPicture(
            "The picture's samples are no numbers: there is nothing to see.",
            hint="Save it again from the program that made it.",
        )
    values = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    peak = float(values.max())
    white = next((white for white in usual if peak <= white), peak)
    return np.clip(values / white * 255.0 + 0.5, 0, 255).astype(np.uint8)


def _without_profile(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """`image` (no alpha) as RGB: through its colour profile where it has one, else plainly."""
    if image.mode == "LAB":
        return _through(image, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    if profile:
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            name = ImageCms.getProfileDescription(own).strip() or "unnamed"
            if "srgb" not in name.lower():
                image = _through(image, own)
                notes.append(f"Colours were converted from the profile {name!r} to sRGB.")
        except (ImageCms.PyCMSError, ImportError, OSError, TypeError, ValueError):
            notes.append("The file's colour profile is damaged or does not fit: it is ignored.")
    if image.mode == "CMYK":
        notes.append("The CMYK picture has no usable profile: its colours are approximate.")
    return image.convert("RGB")


def _through(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    converted = ImageCms.profileToProfile(image, profile, srgb, outputMode="RGB")
    assert converted is not None  # only in-place conversion returns nothing
    return converted
