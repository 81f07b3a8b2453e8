// The tables of the server's database, in one place.
#pragma once

#include "absl/status/status.h"
#include "server/database.h"

namespace tomoslab {

/// Creates the tables in an empty database. FailedPrecondition: the database was written by a newer
/// tomoslabd.
absl::Status PrepareSchema(Database& database);

}  // namespace tomoslab
