#include "worker/geometry/view_spacing.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <numeric>

namespace tomoslab {
namespace {

/// Views at one angle.
struct Stop {
  double angle_rad;
  std::vector<std::size_t> views;
};

double Wrap(double angle_rad, double period_rad) {
  const double wrapped = std::fmod(angle_rad, period_rad);
  return wrapped < 0 ? wrapped + period_rad : wrapped;
}

/// The distinct angles in [0, period), ascending.
std::vector<Stop> StopsOf(absl::Span<const double> angle_rad, double period_rad) {
  std::vector<std::size_t> order(angle_rad.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<double> wrapped;
  for (double angle : angle_rad) wrapped.push_back(Wrap(angle, period_rad));
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return wrapped[a] < wrapped[b]; });
  const double same = 1e-6 * period_rad / static_cast<double>(angle_rad.size());
  std::vector<Stop> stops;
  for (std::size_t view : order) {
    if (stops.empty() || wrapped[view] - stops.back().angle_rad > same) {
      stops.push_back({wrapped[view], {}});
    }
    stops.back().views.push_back(view);
  }
  if (stops.size() > 1 && stops.front().angle_rad + period_rad - stops.back().angle_rad <= same) {
    auto& first = stops.front().views;
    first.insert(first.end(), stops.back().views.begin(), stops.back().views.end());
    stops.pop_back();
  }
  return stops;
}

/// gap[i]: from stop i to the next one around the circle.
std::vector<double> GapsOf(const std::vector<Stop>& stops, double period_rad) {
  std::vector<double> gaps;
  for (std::size_t i = 0; i < stops.size(); ++i) {
    const bool last = i + 1 == stops.size();
    gaps.push_back((last ? stops[0].angle_rad + period_rad : stops[i + 1].angle_rad) -
                   stops[i].angle_rad);
  }
  return gaps;
}

bool StandsOut(double largest, std::vector<double> gaps) {
  std::nth_element(gaps.begin(), gaps.begin() + gaps.size() / 2, gaps.end());
  const double usual = gaps[gaps.size() / 2];
  return largest > 3 * std::numbers::pi / 180 && largest > 4 * usual;
}

}  // namespace

ViewSpacing SpaceViews(absl::Span<const double> angle_rad, double period_rad) {
  ViewSpacing result;
  result.spacing_rad.assign(angle_rad.size(), 0.0);
  result.position_rad.assign(angle_rad.size(), 0.0);
  if (angle_rad.empty()) return result;
  std::vector<Stop> stops = StopsOf(angle_rad, period_rad);
  if (stops.size() < 2) return result;
  std::vector<double> gaps = GapsOf(stops, period_rad);
  const auto largest = std::max_element(gaps.begin(), gaps.end());
  result.closed = !StandsOut(*largest, gaps);
  if (!result.closed) {  // begin after the gap, and do not count it
    const auto shift = largest - gaps.begin() + 1;
    std::rotate(gaps.begin(), gaps.begin() + shift, gaps.end());
    std::rotate(stops.begin(), stops.begin() + shift, stops.end());
    gaps.back() = gaps[gaps.size() - 2];
  }
  const double before_first = result.closed ? gaps.back() : gaps.front();
  double position = before_first / 2;
  for (std::size_t i = 0; i < stops.size(); ++i) {
    const double spacing = ((i == 0 ? before_first : gaps[i - 1]) + gaps[i]) / 2;
    for (std::size_t view : stops[i].views) {
      result.spacing_rad[view] = spacing / static_cast<double>(stops[i].views.size());
      result.position_rad[view] = position;
    }
    result.arc_rad += spacing;
    position += gaps[i];
  }
  return result;
}

}  // namespace tomoslab
