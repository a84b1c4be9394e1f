// The word that was probably meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace egress {

// The candidate with the smallest edit distance (transpositions count one) to `word`; empty when
// none is near enough to be a slip of the fingers.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// "a, b, c"
std::string joined(const std::vector<std::string>& words);

// `; did you mean "x"?` for the nearest candidate, or `; accepted: a, b, c`.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace egress
