#include "worker/data/phantom_case.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numbers>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "worker/core/status.h"
#include "worker/data/energy_csv.h"

namespace tomoslab {
namespace {

using Json = nlohmann::json;

constexpr double kRadPerDeg = std::numbers::pi / 180;

// Thrown only inside this file; ReadPhantomCase turns it into a Status.
struct CaseError {
  std::string text;
};

double Number(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  if (found == object.end()) throw CaseError{absl::StrCat("key '", key, "' is missing")};
  if (!found->is_number() || !std::isfinite(found->get<double>())) {
    throw CaseError{absl::StrCat("key '", key, "' = ", found->dump(), " is not a number")};
  }
  return found->get<double>();
}

double NumberOr(const Json& object, const std::string& key, double otherwise) {
  return object.contains(key) ? Number(object, key) : otherwise;
}

int Count(const Json& object, const std::string& key) {
  const double value = Number(object, key);
  if (value != std::floor(value) || value < 1 || value > 1e6) {
    throw CaseError{
        absl::StrFormat("key '%s' = %g is not a count from 1 to 1,000,000", key, value)};
  }
  return static_cast<int>(value);
}

int CountOr(const Json& object, const std::string& key, int otherwise) {
  return object.contains(key) ? Count(object, key) : otherwise;
}

std::vector<double> Numbers(const Json& value, const std::string& key, std::size_t count) {
  std::vector<double> numbers;
  if (!value.is_array()) throw CaseError{absl::StrCat("key '", key, "' is not a list of numbers")};
  for (const Json& entry : value) {
    if (!entry.is_number()) {
      throw CaseError{absl::StrCat("key '", key, "' holds ", entry.dump(), ", not a number")};
    }
    numbers.push_back(entry.get<double>());
  }
  if (count != 0 && numbers.size() != count) {
    throw CaseError{
        absl::StrFormat("key '%s' holds %d numbers, not %d", key, numbers.size(), count)};
  }
  return numbers;
}

int MaterialIndex(const Json& element, const char* key, const std::vector<std::string>& materials) {
  const auto found = element.find(key);
  if (found == element.end() || found->is_null()) return kAir;
  for (std::size_t m = 0; m < materials.size(); ++m) {
    if (*found == materials[m]) return static_cast<int>(m);
  }
  throw CaseError{absl::StrCat("phantom element has ", key, " = ", found->dump(),
                               ", which is none of the materials ",
                               absl::StrJoin(materials, ", "))};
}

Ellipsoid ReadEllipsoid(const Json& element, int dimensions,
                        const std::vector<std::string>& materials) {
  Ellipsoid e;
  if (dimensions == 2) {
    e.center_mm = {Number(element, "cx"), Number(element, "cy"), 0};
    e.radius_mm = {Number(element, "a"), Number(element, "b"),
                   std::numeric_limits<double>::infinity()};
    e.rotation_rad = NumberOr(element, "phi", 0) * kRadPerDeg;
  } else {
    const std::vector<double> c = Numbers(element.value("c", Json()), "c", 3);
    const std::vector<double> r = Numbers(element.value("r", Json()), "r", 3);
    e.center_mm = {c[0], c[1], c[2]};
    e.radius_mm = {r[0], r[1], r[2]};
    e.rotation_rad = NumberOr(element, "rot", 0) * kRadPerDeg;
  }
  if (!(e.radius_mm.x > 0 && e.radius_mm.y > 0 && e.radius_mm.z > 0)) {
    throw CaseError{
        absl::StrCat("phantom element ", element.dump(), " has a radius that is not above 0")};
  }
  e.material = MaterialIndex(element, "mat", materials);
  e.parent = MaterialIndex(element, "parent", materials);
  return e;
}

Phantom ReadPhantom(const Json& root, int dimensions) {
  Phantom phantom;
  for (const Json& name : root.at("materials"))
    phantom.materials.push_back(name.get<std::string>());
  for (const Json& element : root.at("phantom")) {
    phantom.ellipsoids.push_back(ReadEllipsoid(element, dimensions, phantom.materials));
  }
  return phantom;
}

Detector ReadDetector(const Json& geometry) {
  Detector detector;
  detector.columns = Count(geometry, geometry.contains("det_cells") ? "det_cells" : "det_cols");
  detector.rows = CountOr(geometry, "det_rows", 1);
  detector.pixel_width_mm = Number(geometry, "det_pitch_mm");
  detector.pixel_height_mm = NumberOr(geometry, "det_pitch_v_mm", detector.pixel_width_mm);
  return detector;
}

Beam ReadBeamShape(const Json& geometry) {
  const std::string beam = geometry.value("beam", geometry.value("type", std::string("cone")));
  if (beam.starts_with("parallel")) return Beam::kParallel;
  if (beam.starts_with("fan") || beam.starts_with("cone")) return Beam::kCone;
  throw CaseError{absl::StrCat("geometry has beam '", beam, "'; known are parallel, fan and cone")};
}

std::vector<double> ReadAngles(const Json& geometry, int views_wanted) {
  if (geometry.contains("angles_deg") && views_wanted == 0) {
    std::vector<double> angles = Numbers(geometry["angles_deg"], "angles_deg", 0);
    for (double& angle : angles) angle *= kRadPerDeg;
    return angles;
  }
  const int views = views_wanted > 0 ? views_wanted : Count(geometry, "views");
  const double start = NumberOr(geometry, "start_deg", 0),
               span = NumberOr(geometry, "span_deg", 360);
  std::vector<double> angles(views);
  for (int k = 0; k < views; ++k) angles[k] = (start + k * span / views) * kRadPerDeg;
  return angles;
}

absl::StatusOr<Scan> ReadScan(const Json& geometry, int views_wanted) {
  const Detector detector = ReadDetector(geometry);
  const Beam beam = ReadBeamShape(geometry);
  if (geometry.contains("vectors")) {
    std::vector<double> vectors;
    for (const Json& row : geometry["vectors"]) {
      const std::vector<double> values = Numbers(row, "vectors", 12);
      vectors.insert(vectors.end(), values.begin(), values.end());
    }
    return MakeVectorScan(detector, beam, vectors);
  }
  CircularOrbit orbit;
  orbit.beam = beam;
  if (beam == Beam::kCone) {
    orbit.source_object_distance_mm = Number(geometry, "SO_mm");
    orbit.source_detector_distance_mm = orbit.source_object_distance_mm + Number(geometry, "OD_mm");
  }
  orbit.detector_shift_u_mm = NumberOr(geometry, "shift_u_mm", 0);
  orbit.detector_shift_v_mm = NumberOr(geometry, "shift_v_mm", 0);
  orbit.rotation_axis_offset_mm = NumberOr(geometry, "axis_offset_mm", 0);
  orbit.detector_rotation_rad = NumberOr(geometry, "detector_rotation_deg", 0) * kRadPerDeg;
  orbit.angle_rad = ReadAngles(geometry, views_wanted);
  return MakeCircularScan(detector, orbit);
}

absl::StatusOr<Volume> ReadVolume(const Json& geometry) {
  const int n = CountOr(geometry, "N", 0);
  Volume volume;
  volume.columns = n > 0 ? CountOr(geometry, "Nx", n) : Count(geometry, "Nx");
  volume.rows = n > 0 ? CountOr(geometry, "Ny", n) : Count(geometry, "Ny");
  volume.slices = CountOr(geometry, "Nz", 1);
  volume.voxel_width_mm = Number(geometry, "voxel_mm");
  volume.voxel_height_mm = NumberOr(geometry, "voxel_height_mm", volume.voxel_width_mm);
  if (geometry.contains("center_mm")) {
    const std::vector<double> center = Numbers(geometry["center_mm"], "center_mm", 3);
    volume.center_mm = {center[0], center[1], center[2]};
  }
  return Volume::Create(volume);
}

/// From two files at the same energies: one column of weights, made to add up to 1, and one of
/// attenuation (1/mm) per material.
absl::StatusOr<FullSpectrum> JoinCsv(const EnergyCsv& weights, const EnergyCsv& attenuation,
                                     const std::vector<std::string>& materials) {
  if (weights.energy_kev != attenuation.energy_kev) {
    return absl::InvalidArgumentError(
        absl::StrCat(weights.path, " and ", attenuation.path, " are not at the same energies"));
  }
  FullSpectrum beam{{weights.energy_kev, weights.value[0]}, {}};
  std::vector<double>& share = beam.spectrum.share;
  const double sum = std::accumulate(share.begin(), share.end(), 0.0);
  if (!(sum > 0))
    return absl::InvalidArgumentError(absl::StrCat(weights.path, ": all weights are 0"));
  for (double& value : share) value /= sum;
  for (const std::string& material : materials) {
    const auto found = std::find(attenuation.column.begin(), attenuation.column.end(), material);
    if (found == attenuation.column.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat(attenuation.path, ": has no column for the material '", material, "'"));
    }
    beam.attenuation_per_mm.push_back(attenuation.value[found - attenuation.column.begin()]);
  }
  return beam;
}

absl::StatusOr<FullSpectrum> ReadBeam(const Json& root, const std::string& folder,
                                      const std::vector<std::string>& materials) {
  if (root.contains("mono_mu_per_mm")) {
    FullSpectrum beam{{{0}, {1}}, {}};  // one energy, which is not said
    for (const std::string& material : materials)
      beam.attenuation_per_mm.push_back({Number(root["mono_mu_per_mm"], material)});
    return beam;
  }
  if (!root.contains("spectrum_csv")) {
    throw CaseError{
        "the case has neither 'mono_mu_per_mm' nor 'spectrum_csv' and 'attenuation_csv'; name a "
        "tube (--tube-kv) instead"};
  }
  const auto read = [&](const char* key) {
    const std::string name = root.at(key).get<std::string>();
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos) {
      throw CaseError{
          absl::StrCat("key '", key, "' = '", name, "' is not the name of a file beside the case")};
    }
    return ReadEnergyCsv(absl::StrCat(folder, "/", name));
  };
  TOMOSLAB_ASSIGN_OR_RETURN(const EnergyCsv weights, read("spectrum_csv"));
  TOMOSLAB_ASSIGN_OR_RETURN(const EnergyCsv attenuation, read("attenuation_csv"));
  return JoinCsv(weights, attenuation, materials);
}

/// The entry of `compositions` ("Fe 0.7 Ni 0.3" or {"formula": .., "density_g_per_cm3": ..}), or
/// the name itself.
Composition ReadComposition(const Json& root, const std::string& material) {
  const Json compositions = root.value("compositions", Json::object());
  if (!compositions.contains(material)) return {material, 0};
  const Json& entry = compositions[material];
  if (entry.is_string()) return {entry.get<std::string>(), 0};
  return {entry.at("formula").get<std::string>(), NumberOr(entry, "density_g_per_cm3", 0)};
}

/// Sets the case's beam and nodes from tube, filters, detector and xraylib.
absl::Status SetBeam(const Json& root, const PhantomBeam& beam, PhantomCase& result) {
  BeamDescription description{beam.source, beam.detector, {}, beam.reference_energy_kev};
  if (description.reference_energy_kev == 0)
    description.reference_energy_kev = NumberOr(root, "E_ref_keV", 0);
  description.scatter_fraction = beam.scatter_fraction;
  for (const std::string& name : result.phantom.materials) {
    absl::StatusOr<Attenuation> attenuation = Attenuation::Of(ReadComposition(root, name));
    if (!attenuation.ok()) {
      throw CaseError{absl::StrFormat("material '%s': %s (key 'compositions' says what it is)",
                                      name, attenuation.status().message())};
    }
    description.materials.push_back({name, *std::move(attenuation)});
  }
  TOMOSLAB_ASSIGN_OR_RETURN(const MadeBeamModel made,
                            MakeFullBeamModel(description, result.volume.DiagonalMm()));
  result.beam.spectrum = {made.model.energy_kev, made.model.share};
  for (const std::string& name : result.phantom.materials) {  // the model's are sorted
    const auto& sorted = made.model.materials;
    const auto found = std::find_if(sorted.begin(), sorted.end(),
                                    [&](const BeamMaterial& m) { return m.name == name; });
    result.beam.attenuation_per_mm.push_back(found->attenuation_per_mm);
    result.node_per_mm.push_back(found->reference_per_mm);
  }
  return absl::OkStatus();
}

std::vector<double> ReadNodes(const Json& root, const std::vector<std::string>& materials) {
  std::vector<double> nodes;
  if (root.contains("nodes_per_mm")) {  // air first
    nodes = Numbers(root["nodes_per_mm"], "nodes_per_mm", materials.size() + 1);
    nodes.erase(nodes.begin());
    return nodes;
  }
  if (!root.contains("mono_mu_per_mm")) {
    throw CaseError{"key 'nodes_per_mm' (air first, then one attenuation per material) is missing"};
  }
  for (const std::string& material : materials)
    nodes.push_back(Number(root["mono_mu_per_mm"], material));
  return nodes;
}

std::vector<SpotValue> ReadSpots(const Json& root, int dimensions) {
  std::vector<SpotValue> spots;
  for (const Json& entry : root.value("spot_T", Json::array())) {
    const std::vector<double> n = Numbers(entry, "spot_T", dimensions == 3 ? 4 : 3);
    for (const double index : absl::MakeConstSpan(n).first(n.size() - 1)) {
      if (!(index >= 0 && index <= 1e6))
        throw CaseError{absl::StrFormat("key 'spot_T' holds %g, which is no index", index)};
    }
    spots.push_back({static_cast<int>(n[0]), dimensions == 3 ? static_cast<int>(n[1]) : 0,
                     static_cast<int>(n[n.size() - 2]), n.back()});
  }
  return spots;
}

absl::StatusOr<PhantomCase> ParseCase(const Json& root, const std::string& folder,
                                      const PhantomCaseOptions& options) {
  PhantomCase result;
  result.name = root.value("name", std::string("phantom"));
  result.dimensions = Count(root, "dim");
  if (result.dimensions != 2 && result.dimensions != 3) throw CaseError{"key 'dim' must be 2 or 3"};
  result.phantom = ReadPhantom(root, result.dimensions);
  const Json& geometry = root.at("geometry");
  TOMOSLAB_ASSIGN_OR_RETURN(result.scan, ReadScan(geometry, options.views));
  TOMOSLAB_ASSIGN_OR_RETURN(result.volume, ReadVolume(geometry));
  if (options.beam) {
    TOMOSLAB_RETURN_IF_ERROR(SetBeam(root, *options.beam, result));
  } else {
    TOMOSLAB_ASSIGN_OR_RETURN(result.beam, ReadBeam(root, folder, result.phantom.materials));
    result.node_per_mm = ReadNodes(root, result.phantom.materials);
  }
  result.subrays_per_cell = CountOr(root, "subrays_per_cell", 1);
  if (root.contains("I0") && !root["I0"].is_null()) result.counts = Number(root, "I0");
  result.spots = ReadSpots(root, result.dimensions);
  return result;
}

}  // namespace

absl::StatusOr<PhantomCase> ReadPhantomCase(const std::string& path,
                                            const PhantomCaseOptions& options) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be opened"));
  const std::string folder = std::filesystem::path(path).parent_path().string();
  std::string what;
  try {
    absl::StatusOr<PhantomCase> result =
        ParseCase(Json::parse(file), folder.empty() ? "." : folder, options);
    if (result.ok()) return result;
    return absl::Status(result.status().code(),
                        absl::StrCat(path, ": ", std::string(result.status().message())));
  } catch (const CaseError& error) {
    what = error.text;
  } catch (const nlohmann::json::exception& error) {
    what = error.what();
  }
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
}

}  // namespace tomoslab
