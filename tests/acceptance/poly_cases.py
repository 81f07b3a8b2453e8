"""The polychromatic cases P2-P7: their jobs, their data and what is measured on their images (acceptance.md, "Metrics")."""

import json
import pathlib

import gen_data
import numpy as np

from programs import client, events, iterations, job_name
from scans import read_volume, write_data_exchange

CASES = pathlib.Path(__file__).parent / "cases"


class Case:
    """One case file: geometry, truth and noisy transmission."""

    def __init__(self, name):
        self.name = name
        self.json, self.spectrum, self.attenuation = gen_data.load(CASES / f"{name}.json")
        self.nodes = np.array(self.json["nodes_per_mm"])
        self.labels, self.fractions = gen_data.truth(self.json, 8 if self.json["dim"] == 2 else 4)

    def write_scan(self, path, views=None, counts=1e5, seed=0):
        """Data Exchange with the case's geometry; photon noise as gen_data.py makes it."""
        transmission = gen_data.transmission(self.json, self.spectrum, self.attenuation, views)
        if counts:
            noisy = np.random.default_rng(seed).poisson(transmission * counts)
            transmission = np.maximum(noisy, 0.5) / counts
        views = transmission.shape[0]
        geometry = self.json["geometry"]
        write_data_exchange(path, transmission.astype(np.float32), np.arange(views) * 360.0 / views, kind="transmission",
                            geometry={"beam": "cone", "convention": "tomoslab", "source_object": geometry["SO_mm"],
                                      "source_detector": geometry["SO_mm"] + geometry["OD_mm"],
                                      "pixel_size": geometry["det_pitch_mm"], "length_unit": "mm"})
        return path

    def volume(self):
        geometry = self.json["geometry"]
        return {"columns": geometry["N"], "rows": geometry["N"], "slices": geometry.get("Nz", 1),
                "voxelWidthMm": geometry["voxel_mm"]}

    def beam_model(self, spectrum_csv=None):
        """BeamModel of the job: the detected spectrum and the materials as tables, compressed by the product."""
        spectrum = np.loadtxt(CASES / (spectrum_csv or self.json["spectrum_csv"]), delimiter=",", skiprows=2)
        table = np.loadtxt(CASES / self.json["attenuation_csv"], delimiter=",", skiprows=2)
        return {
            "source": {"spectrum": energy_table(spectrum[:, 0], spectrum[:, 1])},
            "material": [{"name": name, "attenuationPerMm": energy_table(table[:, 0], table[:, m + 1])}
                         for m, name in enumerate(self.json["materials"])],
            "referenceEnergyKev": self.json["E_ref_keV"],
        }

    def spec(self, algorithm, beam_model=None):
        """A JobSpec; polychromatic algorithms get the case's beam model unless another one is given."""
        spec = {"volume": self.volume(), "algorithm": algorithm, "preview": {"everyIterations": -1}}
        if any(kind.startswith("poly") for kind in algorithm):
            spec["beamModel"] = beam_model or self.beam_model()
        return spec

    def bodies(self):
        """Normalised radius of every voxel in the body (element 0), [z][y][x]."""
        geometry, element = self.json["geometry"], self.json["phantom"][0]
        n, nz, h = geometry["N"], geometry.get("Nz", 1), geometry["voxel_mm"]
        axis = (np.arange(n) - (n - 1) / 2) * h
        z, y, x = np.meshgrid((np.arange(nz) - (nz - 1) / 2) * h, axis, axis, indexing="ij")
        center, radius, rotation = gen_data.prim(element, self.json["dim"])
        c, s = np.cos(rotation), np.sin(rotation)
        px, py, pz = x - center[0], y - center[1], z - center[2]
        return np.sqrt(((c * px + s * py) / radius[0]) ** 2 + ((-s * px + c * py) / radius[1]) ** 2 + (pz / radius[2]) ** 2)

    def cupping(self, image):
        """100 (o - c) / o: material 1 near the rim and in the centre, 2 voxels away from edges."""
        inside, radius = self.eroded(self.labels == 1, 2), self.bodies()
        center = image[inside & (radius < 0.25)].mean()
        rim = image[inside & (radius >= 0.75) & (radius < 0.9)].mean()
        return 100 * (rim - center) / rim

    def means(self, image):
        """(air, material 1, ...), each over its region 1 voxel away from edges, in units of its node (air: of node 1)."""
        result = []
        for m in range(len(self.nodes)):
            region = self.eroded(self.labels == m, 1)
            if m == 0:
                region &= self.bodies() < 0.9
            result.append(image[region].mean() / self.nodes[max(m, 1)] if region.any() else 0.0)
        return result

    def eroded(self, mask, times):
        """Without voxels that have another one among their 8 (26) neighbours, `times` over; outside counts as another."""
        axes = (1, 2) if self.json["dim"] == 2 else (0, 1, 2)
        for _ in range(times):
            for axis in axes:
                width = [(1, 1) if a == axis else (0, 0) for a in range(3)]
                padded = np.pad(mask, width)
                mask = mask & np.roll(padded, 1, axis)[self.inner(axis)] & np.roll(padded, -1, axis)[self.inner(axis)]
        return mask

    @staticmethod
    def inner(axis):
        return tuple(slice(1, -1) if a == axis else slice(None) for a in range(3))


class Result:
    """One reconstruction: image [z][y][x] in 1/mm, and its relative residual after each update."""

    def __init__(self, image, residuals):
        self.image, self.residuals = image, residuals

    def residual(self, iteration):
        return self.residuals[iteration - 1]

    def iterations_to(self, residual):
        reached = np.flatnonzero(np.array(self.residuals) <= residual)
        return int(reached[0]) + 1 if reached.size else np.inf


def energy_table(energy_kev, value):
    return {"energyKev": [float(e) for e in energy_kev], "value": [float(v) for v in value]}


def bb(count):
    return {"bb": {"stopping": {"iterations": count}, "bounds": {"lowerPerMm": 0}}}


def poly_bb(count, **options):
    return {"polyBb": {"stopping": {"iterations": count}, **options}}


def poly_sirt(count):
    return {"polySirt": {"stopping": {"iterations": count}}}


def reconstruct(server, folder, scan, spec):
    """Submits the job file, waits, fetches."""
    job_file = folder / "job.json"
    job_file.write_text(json.dumps(spec))
    submitted = client("submit", scan, "--job", job_file, server=server)
    job = job_name(submitted.stdout + submitted.stderr)
    reports = iterations(events(server, job))
    output = folder / f"{job.replace('/', '-')}.h5"
    client("fetch", job, "-o", output, server=server)
    return Result(read_volume(output)[0], [report["relativeResidual"] for report in reports])
