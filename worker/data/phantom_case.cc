#include "worker/data/phantom_case.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numbers>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "worker/core/status.h"
#include "worker/data/attenuation_table.h"

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

Beam ReadBeam(const Json& geometry) {
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
  const Beam beam = ReadBeam(geometry);
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

absl::StatusOr<Spectrum> ReadSpectrum(const Json& root, const std::string& folder,
                                      const std::vector<std::string>& materials) {
  Spectrum spectrum;
  if (root.contains("mono_mu_per_mm")) {
    spectrum.weight = {1.0};
    for (const std::string& material : materials) {
      spectrum.mu_per_mm.push_back({Number(root["mono_mu_per_mm"], material)});
    }
    return spectrum;
  }
  const std::string spectrum_path =
      absl::StrCat(folder, "/", root.at("spectrum_csv").get<std::string>());
  const std::string attenuation_path =
      absl::StrCat(folder, "/", root.at("attenuation_csv").get<std::string>());
  TOMOSLAB_ASSIGN_OR_RETURN(const EnergyTable weights, ReadEnergyTable(spectrum_path));
  TOMOSLAB_ASSIGN_OR_RETURN(const EnergyTable attenuation, ReadEnergyTable(attenuation_path));
  return MakeSpectrum(weights, attenuation, materials);
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
  TOMOSLAB_ASSIGN_OR_RETURN(result.spectrum, ReadSpectrum(root, folder, result.phantom.materials));
  result.node_per_mm = ReadNodes(root, result.phantom.materials);
  const Json& geometry = root.at("geometry");
  TOMOSLAB_ASSIGN_OR_RETURN(result.scan, ReadScan(geometry, options.views));
  TOMOSLAB_ASSIGN_OR_RETURN(result.volume, ReadVolume(geometry));
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
