// The page's own files, which are part of the program: nothing need lie beside it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/web/web_server.h"

namespace tomoslab {

struct PageFile {
  std::string_view path;  // "/app.js"
  std::string_view type;
  std::string_view content;
  std::string_view tag;  // changes with the content
};

/// Made at build time from client/web (embed_page.cmake).
const std::vector<PageFile>& PageFiles();

/// A route for each file, index.html also at "/". Anybody may have them: they say nothing.
void AddPageFiles(WebServer& web);

}  // namespace tomoslab
