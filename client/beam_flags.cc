#include "client/beam_flags.h"

#include <string>

namespace tomoslab {

void AddBeamFlags(CLI::App& command, BeamOptions& beam, BeamFlags which) {
  const std::string group = "X-rays";
  command.add_option("--tube-kv", beam.tube_kv, "Tube voltage, kV")->group(group);
  command.add_option("--target", beam.target, "The tube's target, an element (default W)")
      ->group(group);
  command
      .add_option("--takeoff-deg", beam.takeoff_angle_deg, "Between target and beam (default 12)")
      ->group(group);
  command.add_option("--spectrum", beam.spectrum_csv, "Photons by energy instead of a tube")
      ->group(group)
      ->type_name("FILE.csv");
  command
      .add_option("--filter", beam.filters, "In the beam: material and mm (\"Al 2\"); repeatable")
      ->allow_extra_args(false)
      ->group(group);
  command.add_option("--detector", beam.absorber, "What absorbs photons (\"CsI@4.51 0.5\")")
      ->group(group);
  command
      .add_flag("--energy-integrating", beam.energy_integrating,
                "Photons count by their energy (default: each as 1)")
      ->group(group);
  command
      .add_option("--reference-kev", beam.reference_energy_kev,
                  "Energy that attenuation values are given at (default: chosen)")
      ->group(group);
  command
      .add_option("--scatter", beam.scatter_fraction,
                  "Share of the open beam's reading that every pixel gets on top (0 .. 0.5)")
      ->group(group);
  if (which == BeamFlags::kBeamOnly) return;
  command
      .add_option("--material", beam.materials,
                  "[NAME=]FORMULA[@DENSITY], for example \"pmma=C5H8O2@1.19\"; repeatable")
      ->allow_extra_args(false)
      ->group(group);
  command
      .add_option(
          "--compression-tolerance", beam.compression_tolerance,
          "Of line integrals, by the few energies that replace the spectrum (default 0.001)")
      ->group(group);
}

}  // namespace tomoslab
