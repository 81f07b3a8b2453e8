"""Slices side by side over a line profile, as an SVG: one grey window, a scale bar, voxels with a wrong label in red."""

import base64
import dataclasses
import pathlib
import tempfile

import numpy as np

from pictures import write_png

PANEL, GAP, TOP = 280, 20, 62  # pixels
PLOT_TOP, PLOT_HEIGHT, LEFT = TOP + PANEL + 62, 200, 60
TEXT = 'font-family="Helvetica, Arial, sans-serif" font-size="15" fill="#222"'


@dataclasses.dataclass
class Shown:
    """One slice [row][column] in 1/mm, what it is called, its colour in the profile, and which of its voxels are wrong."""

    name: str
    image: np.ndarray
    colour: str
    wrong: np.ndarray | None = None


@dataclasses.dataclass
class Comparison:
    """window: the attenuations that are black and white, 1/mm. row: of the profile."""

    title: str
    shown: list
    window: tuple
    voxel_mm: float
    row: int

    def svg(self):
        width = len(self.shown) * (PANEL + GAP) + GAP
        height = PLOT_TOP + PLOT_HEIGHT + 50
        parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
                 f'<rect width="{width}" height="{height}" fill="white"/>', text(GAP, 24, self.title, 'font-weight="bold"')]
        for index, one in enumerate(self.shown):
            parts += self._panel(GAP + index * (PANEL + GAP), one)
        return "\n".join([*parts, *self._scales(), *self._profile(width), "</svg>"]) + "\n"

    def _panel(self, left, one):
        pixel = PANEL / one.image.shape[1]
        line = TOP + (self.row + 0.5) * pixel
        name = one.name if one.wrong is None else f"{one.name}: {100 * one.wrong.mean():.2g} % wrong (red)"
        return [text(left, TOP - 8, name),
                f'<image x="{left}" y="{TOP}" width="{PANEL}" height="{PANEL}" style="image-rendering:pixelated" '
                f'href="{png_uri(one.image, self.window)}"/>',
                f'<g transform="translate({left} {TOP}) scale({pixel:.5g})">{wrong_voxels(one.wrong)}</g>',
                f'<path d="M{left} {line:.1f}h8M{left + PANEL} {line:.1f}h-8" stroke="{one.colour}" stroke-width="3"/>']

    def _scales(self):
        """A bar of 5 mm (2 mm where that is long) and the grey window, below the pictures."""
        extent = self.shown[0].image.shape[1] * self.voxel_mm
        length = 5 if extent > 20 else 2
        pixels, y = length / extent * PANEL, TOP + PANEL + 14
        ramp = np.tile(np.linspace(0, 1, 128), (2, 1))
        return [f'<rect x="{GAP}" y="{y}" width="{pixels:.1f}" height="4" fill="#222"/>', text(GAP + pixels + 8, y + 7, f"{length} mm"),
                text(GAP + PANEL + GAP, y + 8, f"{self.window[0]:g}"),
                f'<image x="{GAP + PANEL + GAP + 16}" y="{y - 3}" width="160" height="12" preserveAspectRatio="none" href="{png_uri(ramp, (0, 1))}"/>',
                f'<rect x="{GAP + PANEL + GAP + 16}" y="{y - 3}" width="160" height="12" fill="none" stroke="#888"/>',
                text(GAP + PANEL + GAP + 184, y + 8, f"{self.window[1]:.3g} 1/mm")]

    def _profile(self, width):
        """Attenuation over x along the row that the coloured ticks mark."""
        right, bottom = width - GAP, PLOT_TOP + PLOT_HEIGHT
        extent = self.shown[0].image.shape[1] * self.voxel_mm

        def place(x_mm, value):
            share = np.clip((value - self.window[0]) / (self.window[1] - self.window[0]), 0, 1)
            return LEFT + (x_mm / extent + 0.5) * (right - LEFT), bottom - share * PLOT_HEIGHT

        parts = [f'<rect x="{LEFT}" y="{PLOT_TOP}" width="{right - LEFT}" height="{PLOT_HEIGHT}" fill="none" stroke="#888"/>']
        for value in ticks(*self.window, 5):
            y = place(0, value)[1]
            parts += [f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#ddd"/>', text(LEFT - 8, y + 5, f"{value:.3g}", 'text-anchor="end"')]
        for x_mm in ticks(-extent / 2, extent / 2, 8):
            x = place(x_mm, 0)[0]
            parts += [f'<path d="M{x:.1f} {bottom}v5" stroke="#888"/>', text(x, bottom + 20, f"{x_mm:g}", 'text-anchor="middle"')]
        parts.append(text((LEFT + right) / 2, bottom + 40, "x in mm between the coloured ticks, mean of three rows; attenuation in 1/mm", 'text-anchor="middle"'))
        for index, one in enumerate([self.shown[-1], *self.shown[:-1]]):
            values = one.image[self.row - 1 : self.row + 2].mean(axis=0)  # of three rows: noise, not detail, goes
            points = [place((column - (len(values) - 1) / 2) * self.voxel_mm, value) for column, value in enumerate(values)]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{one.colour}" stroke-width="{1.5 if index == 0 else 2.2}"/>')
        for index, one in enumerate(self.shown):
            x = GAP + index * (PANEL + GAP)
            parts += [f'<path d="M{x} {PLOT_TOP - 16}h24" stroke="{one.colour}" stroke-width="3"/>', text(x + 32, PLOT_TOP - 11, one.name)]
        return parts


def ticks(low, high, most):
    """Round numbers within low .. high, about `most` of them."""
    raw = (high - low) / most
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)
    return [round(step * i, 10) for i in range(int(np.ceil(low / step)), int(np.floor(high / step + 1e-9)) + 1)]


def text(x, y, words, attributes=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" {TEXT} {attributes}>{words}</text>'


def png_uri(image, window):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "image.png"
        write_png(path, image, *window)
        return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def wrong_voxels(wrong):
    if wrong is None or not wrong.any():
        return ""
    squares = "".join(f"M{column} {row}h1v1h-1z" for row, column in np.argwhere(wrong))
    return f'<path d="{squares}" fill="#e01b24" fill-opacity="0.6"/>'
