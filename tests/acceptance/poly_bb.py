#!/usr/bin/python3
"""Tables C, C6 and C7: beam hardening, BB against poly-BB, through server, two ranks and client.

poly_bb.py [CASE ...]: by default all two-dimensional cases (fan beams as cone beams of one row); P6_alfe3d and P7_ti3d are 3-D.
"""

import sys

from figures import Figures
from poly_cases import Case, bb, poly_bb, poly_sirt, reconstruct
from programs import Server, scratch_folder

TWO_DIMENSIONAL = ["P2_al100", "P3_pmal120", "P4_ti150", "P5_alfe120"]

# BB's cupping (None: streaks, no figure), poly-BB's cupping, air, [half-widths of the means around 1],
# {iteration: relative residual}, iterations, views (None: the case's).
REQUIRED = {
    "P2_al100": ((8, 12), 0.5, 0.01, [0.005], {10: 0.032, 20: 0.010, 40: 0.0066}, 40, 180),
    "P3_pmal120": ((7, 10), 1.2, 0.01, [0.025, 0.025], {10: 0.038, 20: 0.018, 40: 0.0098}, 40, 180),
    "P4_ti150": ((15, 20), 0.7, 0.01, [0.006], {10: 0.027, 20: 0.013, 40: 0.0075}, 40, 180),
    "P5_alfe120": (None, 2, 0.02, [0.02, 0.10], {10: 0.14, 20: 0.056, 40: 0.018}, 40, 180),
    "P7_ti3d": ((11, 18), 1.5, 0.01, [0.015], {10: 0.027, 20: 0.016, 29: 0.013}, 30, None),
    "P6_alfe3d": ((7, 12), 1.0, 0.01, [0.02, 0.12], {10: 0.075, 20: 0.028, 29: 0.019}, 30, None),
}


# The tube of the case's spectrum file, by the product's own model.
DETECTOR = {"energyIntegrating": True, "absorber": {"composition": {"formula": "CsI", "densityGPerCm3": 4.51}, "thicknessMm": 0.5}}


def tube(voltage_kv):
    return {"tube": {"voltageKv": voltage_kv}, "filter": [{"composition": {"formula": "Al"}, "thicknessMm": 2}]}


def table_c(figures, server, folder, name):
    case = Case(name)
    bb_cupping, cupping, air, around, residuals, count, views = REQUIRED[name]
    scan = case.write_scan(folder / f"{name}.h5", views)
    plain = reconstruct(server, folder, scan, case.spec(bb(30)))
    poly = reconstruct(server, folder, scan, case.spec(poly_bb(count)))
    if bb_cupping:
        measured = case.cupping(plain.image)
        figures.at_least(f"C {name}: BB 30, cupping, %", measured, bb_cupping[0])
        figures.at_most(f"C {name}: BB 30, cupping, %", measured, bb_cupping[1])
    print(f"{name}: means of BB, of the nodes: {' '.join(f'{mean:.3f}' for mean in case.means(plain.image))}")
    figures.at_most(f"C {name}: poly-BB {count}, |cupping|, %", abs(case.cupping(poly.image)), cupping)
    means = case.means(poly.image)
    figures.at_most(f"C {name}: poly-BB, mean of air, of node 1", abs(means[0]), air)
    for m, half_width in enumerate(around, 1):
        figures.at_most(f"C {name}: poly-BB, mean of {case.json['materials'][m - 1]} = {means[m]:.4f}: off 1 by", abs(means[m] - 1), half_width)
    for iteration, limit in residuals.items():
        figures.at_most(f"C {name}: poly-BB, relative residual at {iteration}", poly.residual(iteration), limit)
    if case.json["dim"] == 2:
        sirt = reconstruct(server, folder, scan, case.spec(poly_sirt(100)))
        figures.at_most(f"C6 {name}: poly-BB's iterations to the residual of poly-SIRT 100", poly.iterations_to(sirt.residual(100)), 32)


def c7(figures, server, folder):
    """P2 with the spectrum of 90 or 110 kV instead of 100 kV."""
    case = Case("P2_al100")
    scan = case.write_scan(folder / "P2.h5", 180)
    for voltage in (90, 110):
        model = case.beam_model()
        model["source"] = tube(voltage)
        model["material"] = [{"name": "al", "composition": {"formula": "Al", "densityGPerCm3": 2.7}}]  # the table ends at 99 keV
        model["detector"] = DETECTOR
        poly = reconstruct(server, folder, scan, case.spec(poly_bb(40), model))
        figures.at_most(f"C7 P2 with {voltage} kV: poly-BB, |cupping|, %", abs(case.cupping(poly.image)), 1)
        figures.at_most(f"C7 P2 with {voltage} kV: poly-BB, mean of al: off 1 by", abs(case.means(poly.image)[1] - 1), 0.10)


def main(names):
    figures = Figures("C, C6, C7: BB against poly-BB, I0 = 1e5, seed 0, two ranks")
    with scratch_folder() as folder, Server(folder, ranks=2, threads=1) as server:
        for name in names or TWO_DIMENSIONAL:
            table_c(figures, server, folder, name)
        if not names:
            c7(figures, server, folder)
    figures.finish()


if __name__ == "__main__":
    main(sys.argv[1:])
