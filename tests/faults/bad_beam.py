#!/usr/bin/python3
"""Bad spectra and materials through the real client: refused with what, why and what to do, or warned of in the job's events."""

import copy
import json
import sys

from bad_input import BAD_INPUT, REFUSED, check
from programs import ROOT, Server, client, events, messages, scratch_folder, submit

SCAN = ROOT / "tests/data/htc2022_ta_fan.h5"
GRID = ["--size", "64,64,1", "--iterations", 2, "--preview-every", -1]
GOOD = {
    "source": {"tube": {"voltageKv": 120}, "filter": [{"composition": {"formula": "Al"}, "thicknessMm": 2}]},
    "detector": {"energyIntegrating": True,
                 "absorber": {"composition": {"formula": "CsI", "densityGPerCm3": 4.51}, "thicknessMm": 0.5}},
    "material": [{"name": "body", "composition": {"formula": "Al"}}, {"name": "pins", "composition": {"formula": "Fe"}}],
}
AL, FE = GOOD["material"]


def aluminium(name, density):
    return {"name": name, "composition": {"formula": "Al", "densityGPerCm3": density}}


def table(energies, values):
    return {"energyKev": energies, "value": values}


def spectrum(energies, values):
    return {"source": {"spectrum": table(energies, values)}, "detector": None}


def material(index, what):
    return {"material": [what if i == index else GOOD["material"][i] for i in range(2)]}


# What replaces parts of GOOD, and words that the message must hold: what, why, what to do.
BAD_BEAMS = [
    ("no spectrum and no tube", {"source": {}}, ["beam_model.source names neither a tube (voltage_kv", "spectrum"]),
    ("an empty spectrum", spectrum([], []), ["beam_model.source.spectrum", "empty", "needs at least one energy"]),
    ("a negative spectrum", spectrum([40, 60], [1, -2]), ["beam_model.source.spectrum", "value[1] = -2 (at 60 keV)", "set to 0"]),
    ("a spectrum of zeros", spectrum([40, 60], [0, 0]), ["nothing of the spectrum reaches the detector", "thinner filters"]),
    ("energies that do not ascend", spectrum([60, 40], [1, 1]), ["energy_kev[1] = 40 follows 60", "must ascend"]),
    ("fewer values than energies", spectrum([40, 60], [1]), ["2 energies but 1 values"]),
    ("energies in eV", spectrum([40000, 60000], [1, 1]), ["energy_kev[0] = 40000", "is it in eV or MeV?"]),
    ("a spectrum above xraylib", spectrum([60, 900], [1, 1]), ["'body'", "900 keV", "1 .. 800 keV", "attenuation as a table"]),
    ("a spectrum above a material's table", material(0, {"name": "body", "attenuationPerMm": table([10, 80], [1, 0.1])}),
     ["'body'", "covers 10 .. 80 keV", "extend it"]),
    ("a voltage in V", {"source": {"tube": {"voltageKv": 120000}}}, ["voltage_kv = 120000", "10 .. 500"]),
    ("a filter of 0 mm", {"source": {"tube": {"voltageKv": 120}, "filter": [{"composition": {"formula": "Al"}}]}},
     ["beam_model.source.filter[0]", "thickness_mm = 0", "leave out"]),
    ("a material that xraylib does not know", material(1, {"composition": {"formula": "unobtainium"}}),
     ["beam_model.material[1].composition", "xraylib knows no material 'unobtainium'", "Accepted are"]),
    ("a material in small letters", material(1, {"composition": {"formula": "fe"}}), ["'fe'", 'did you mean "Fe"']),
    ("a compound without density", material(1, {"composition": {"formula": "CaCO3"}}), ["'CaCO3' has no density", "set density"]),
    ("a density in kg/m3", material(1, aluminium("x", 2700)), ["density_g_per_cm3 = 2700", "kg/m3"]),
    ("no materials", {"material": []}, ["0 materials", "1 .. 7"]),
    ("eight materials", {"material": [aluminium(f"m{i}", 1 + i) for i in range(8)]}, ["8 materials", "1 .. 7"]),
    ("two materials of one name", {"material": [AL, dict(FE, name="body")]}, ["two materials are named 'body'"]),
    ("materials 1 % apart", material(1, aluminium("alloy", 2.72)), ["'body'", "'alloy'", "% apart", "leave one out, or set"]),
    ("air as a material", material(0, {"name": "void", "attenuationPerMm": table([1, 500], [0, 0])}),
     ["'void' attenuates nothing", "leave 'void' out"]),
    ("scatter in per cent", {"scatterFraction": 4}, ["scatter_fraction = 4", "0 .. 0.5", "is it in percent?"]),
    ("a reference energy in eV", {"referenceEnergyKev": 60000}, ["reference_energy_kev = 60000", "is it in eV?"]),
]

# The job runs; a person is warned in its events.
WARNED = [
    ("materials 10 % apart", material(1, aluminium("alloy", 2.97)), ["'body'", "'alloy'", "% apart", "less than 15 %"]),
    ("materials that harden alike", material(1, aluminium("dense", 5.4)), ["times that of 'body' at every energy", "cannot|only"]),
    ("more materials than energies", spectrum([60], [1]), ["2 materials but only 1 energies", "cannot tell"]),
    ("curves that cross", {"material": [{"name": "iodine", "composition": {"formula": "I"}},
                                        {"name": "tin", "composition": {"formula": "Sn", "densityGPerCm3": 5.5}}]},
     ["both lie in the spectrum", "another spectrum might"]),
    ("more scatter than the darkest rays leave", {"scatterFraction": 0.2}, ["scatter_fraction = 0.2", "1.61 or more", "too large"]),
    ("a reference energy outside the spectrum", {"referenceEnergyKev": 300}, ["reference_energy_kev = 300 lies outside"]),
]


def beam_file(folder, change):
    """GOOD with parts replaced (None: left out), as a file."""
    model = {**copy.deepcopy(GOOD), **change}
    path = folder / "beam.json"
    path.write_text(json.dumps({part: value for part, value in model.items() if value is not None}))
    return path


def holds(text, word):
    return any(part in text for part in word.split("|"))


def check_warned(server, scan, name, beam, words):
    log = events(server, submit(server, scan, "--algorithm", "poly-bb", "--beam-model", beam, *GRID))
    warnings = [text for severity, text in messages(log) if severity == "WARNING"]
    good = any(all(holds(text, word) for word in words) for text in warnings)
    print(f"{'ok  ' if good else 'BAD '} {name}: {warnings}")
    return good and log[-1]["stateChange"]["state"] == "SUCCEEDED"


def check_grey_values(server, scan):
    """The same of DART's grey values."""
    dart = ["--algorithm", "dart", *GRID]
    good = [check("grey values out of order", ["submit", scan, *dart, "--grey-values", "0.2,0.1"], REFUSED,
                  ["must ascend", "0.1 follows 0.2"], server)]
    log = events(server, submit(server, scan, *dart, "--grey-values", "0.04,0.044"))
    warnings = [text for severity, text in messages(log) if severity == "WARNING"]
    good.append(any("15 %" in text for text in warnings))
    print(f"{'ok  ' if good[-1] else 'BAD '} grey values 10 % apart: {warnings}")
    return good


def check_files(server, scan, folder):
    """Flags and files that do not fit together."""
    good = beam_file(folder, {})
    broken = folder / "broken.json"
    broken.write_text('{"source": {"tube": {"voltage": 120}}}')
    poly = ["submit", scan, "--algorithm", "poly-bb", *GRID]
    return [check("poly-bb without a beam model", poly, REFUSED, ["beam_model", "poly-bb", "bb, sirt or dart"], server),
            check("a beam model for sirt", ["submit", scan, "--algorithm", "sirt", *GRID, "--beam-model", good], REFUSED,
                  ["beam_model", "sirt"], server),
            check("a beam model with an unknown field", [*poly, "--beam-model", broken], BAD_INPUT, ["broken.json", "voltage"], server),
            check("a beam model that is not there", [*poly, "--beam-model", folder / "none.json"], BAD_INPUT, ["none.json"], server)]


def main():
    with scratch_folder() as folder, Server(folder, ranks=2) as server:
        scan = "scans/1"
        client("submit", SCAN, "--upload-only", "--every-views", 20, server=server)
        good = []
        for name, change, words in BAD_BEAMS:
            arguments = ["submit", scan, "--algorithm", "poly-bb", "--beam-model", beam_file(folder, change), *GRID]
            good.append(check(name, arguments, REFUSED, words, server))
        for name, change, words in WARNED:
            good.append(check_warned(server, scan, name, beam_file(folder, change), words))
        good += check_grey_values(server, scan)
        good += check_files(server, scan, folder)
    if not all(good):
        sys.exit(f"{good.count(False)} of {len(good)} inputs were not answered as they should be")


if __name__ == "__main__":
    main()
