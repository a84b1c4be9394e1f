// Text for people: aligned tables, colours, and safe showing of text from outside.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "egressctl/command.hpp"

namespace egress::ctl {

enum class Colour { none, green, yellow, red, bold };

// `text` in a colour, or unchanged where the reader has none.
std::string coloured(std::string_view text, Colour colour, const Terminal& terminal);

// Text from outside, safe for a terminal: whatever is not printable ASCII as \xNN (an ellipsis,
// which quoted() makes, stays). Unlike quoted() it neither adds quotes nor cuts, so it suits whole
// messages.
std::string printable(std::string_view text);

struct Cell {
  std::string text;  // may be hostile: it is made printable when printed
  Colour colour = Colour::none;
  Cell(std::string cell_text, Colour cell_colour = Colour::none)
      : text(std::move(cell_text)), colour(cell_colour) {}
  Cell(const char* cell_text) : text(cell_text) {}
};

// Left-aligned columns two spaces apart, under a header. On a terminal that is too narrow the
// columns that may go are left out, one after the other, and then the widest are cut with "…";
// elsewhere nothing is left out or cut.
class Table {
 public:
  explicit Table(std::vector<std::string> header);
  void add(std::vector<Cell> row);  // as many cells as the header has
  void note(Cell text);             // a line of its own below the row before it, never cut
  // Columns that may go, by their titles, the first one first.
  void let_go(std::vector<std::string> titles) { dispensable_ = std::move(titles); }
  bool empty() const { return rows_.empty(); }
  void print(std::ostream& out, const Terminal& terminal) const;

 private:
  std::vector<std::size_t> widths() const;
  std::size_t column(const std::string& title) const;
  Table without_dispensable() const;

  std::vector<std::vector<Cell>> rows_;  // a note has one cell
  std::size_t columns_;
  std::vector<Cell> header_;
  std::vector<std::string> dispensable_;
};

}  // namespace egress::ctl
