"""Scan files and volumes for tests, written and read with h5py."""

import h5py
import numpy as np


def write_data_exchange(path, data, angles_deg, kind="line_integrals", geometry=None, flats=None, darks=None):
    """data: [view][row][column]; angles in degrees; geometry: attributes of /geometry, as in tests/data."""
    with h5py.File(path, "w") as file:
        file["implements"] = "exchange:geometry" if geometry else "exchange"
        dataset = file.create_dataset("exchange/data", data=data)
        dataset.attrs["axes"] = "theta:y:x"
        dataset.attrs["kind"] = kind
        theta = file.create_dataset("exchange/theta", data=np.asarray(angles_deg, float))
        theta.attrs["units"] = "degrees"
        if flats is not None:
            file["exchange/data_white"] = flats
        if darks is not None:
            file["exchange/data_dark"] = darks
        if geometry:
            file.create_group("geometry").attrs.update(geometry)


def read_volume(path):
    """(volume [slice][row][column] in 1/mm, attributes of /exchange/data)."""
    with h5py.File(path) as file:
        dataset = file["exchange/data"]
        return dataset[:], dict(dataset.attrs)


def rms(image):
    return float(np.sqrt(np.mean(np.square(image, dtype=np.float64))))


def correlation(a, b):
    return float(np.corrcoef(a.ravel().astype(np.float64), b.ravel().astype(np.float64))[0, 1])
