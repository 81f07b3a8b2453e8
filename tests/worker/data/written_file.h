// Small HDF5 files for the tests of their readers.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/worker/data/scratch_folder.h"
#include "worker/data/hdf5_writing.h"
#include "worker/data/projection_reader.h"

namespace tomoslab {

inline std::vector<float> ReadFloats(ProjectionReader& reader, FrameKind kind, std::int64_t begin,
                                     std::int64_t end) {
  std::vector<float> lines((end - begin) * reader.description().scan.detector.columns);
  const absl::Status status = reader.ReadLines(
      kind, begin, end,
      absl::MakeSpan(reinterpret_cast<std::byte*>(lines.data()), lines.size() * 4));
  EXPECT_TRUE(status.ok()) << status;
  return lines;
}

inline const ImportedValue* Find(const ScanDescription& description, const std::string& what) {
  for (const ImportedValue& line : description.report) {
    if (line.what == what) return &line;
  }
  return nullptr;
}

class WrittenFile : public testing::Test {
 protected:
  static constexpr int kViews = 4, kRows = 2, kColumns = 3;

  // Starts a file whose data are 100·view + 10·row + column.
  void Write(hid_t type, const std::string& axes, bool flats) {
    auto file = Hdf5NewFile::Create(path_);
    ASSERT_TRUE(file.ok()) << file.status();
    file_ = std::make_unique<Hdf5NewFile>(*std::move(file));
    const bool sinograms = axes.starts_with("y:");
    std::vector<double> values;
    for (int a = 0; a < (sinograms ? kRows : kViews); ++a) {
      for (int b = 0; b < (sinograms ? kViews : kRows); ++b) {
        for (int c = 0; c < kColumns; ++c)
          values.push_back(sinograms ? 100 * b + 10 * a + c : 100 * a + 10 * b + c);
      }
    }
    const std::vector<std::int64_t> shape =
        sinograms ? std::vector<std::int64_t>{kRows, kViews, kColumns}
                  : std::vector<std::int64_t>{kViews, kRows, kColumns};
    Add("/exchange/data", type, shape, values);
    ASSERT_TRUE(file_->SetAttribute("/exchange/data", "axes", axes).ok());
    if (flats)
      Add("/exchange/data_white", type, {1, kRows, kColumns},
          std::vector<double>(kRows * kColumns, 100));
  }
  void Add(const std::string& key, hid_t type, const std::vector<std::int64_t>& shape,
           const std::vector<double>& values) {
    const auto dataset = file_->AddDataset(key, type, shape);
    ASSERT_TRUE(dataset.ok()) << dataset.status();
    ASSERT_TRUE(file_
                    ->Write(*dataset, H5T_NATIVE_DOUBLE, std::vector<std::int64_t>(shape.size(), 0),
                            shape, values.data())
                    .ok());
  }
  void AddAngles(const std::vector<double>& angles) {
    ASSERT_TRUE(
        file_->AddNumbers("/exchange/theta", angles, {static_cast<std::int64_t>(angles.size())})
            .ok());
  }
  absl::StatusOr<std::unique_ptr<ProjectionReader>> Open(const ScanHints& hints = {}) {
    if (file_) {
      EXPECT_TRUE(file_->Publish().ok());
      file_ = nullptr;
    }
    return OpenHdf5Scan(path_, hints);
  }
  void ExpectRefused(absl::StatusCode code, const std::vector<std::string>& words,
                     const ScanHints& hints = {}) {
    const auto reader = Open(hints);
    EXPECT_EQ(reader.status().code(), code) << reader.status();
    for (const std::string& word : words) {
      EXPECT_NE(std::string(reader.status().message()).find(word), std::string::npos)
          << word << " in " << reader.status();
    }
  }

  ScratchFolder folder_;
  std::string path_ = folder_.path() + "/scan.h5";
  std::unique_ptr<Hdf5NewFile> file_;
};

}  // namespace tomoslab
